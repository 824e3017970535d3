"""Why does a backward pass cost twice a forward pass, and attention two and a half times? From matrix calculus."""

from sympy import Expr, Matrix, Rational, diff, symbols

from ditcarbon_sym.equations import training
from ditcarbon_sym.equations.notation import F_dense, P
from ditcarbon_sym.equations.training.symbols import F_fwd, b_grad, n_D, n_T

from .matrices import product
from .steps import Derivation

n, p, q, k = symbols("n p q k", positive=True)
"""Rows of a layer, its inputs and outputs; width of a head."""


def derive() -> Derivation:
    """F_bwd = 2 F_dense + 5/2 (F_fwd - F_dense), and gradients go twice around but for one part in n_D."""
    proof = Derivation(
        "What a backward pass costs",
        r"For a product $Y = X W$ the gradients are $G W^T$ and $X^T G$: two products, each with its FLOP. "
        r"Fused attention has two products forward and, with the scores computed again, five backward.",
    )
    proof.say("A loss whose gradient by $Y$ is $G$ changes as $\\mathrm{tr}(G^T Y)$ does. With every entry a symbol,")
    x, w, g = (_matrix(name, *shape) for name, shape in (("x", (2, 3)), ("w", (3, 2)), ("g", (2, 2))))
    loss = (g.T * (x * w)).trace()
    proof.check(r"\partial / \partial X - G W^T", _difference(loss, x, g * w.T), Rational(0))
    proof.check(r"\partial / \partial W - X^T G", _difference(loss, w, x.T * g), Rational(0))
    proof.say("Both are products. For $n$ rows, $p$ inputs and $q$ outputs their FLOP are")
    one = product(n, p, q)
    by_input, by_weight = product(n, q, p), product(p, n, q)
    proof.check(r"F(G W^T) + F(X^T G)", by_input + by_weight, training.OF_PRODUCT * one)
    proof.say(
        "Attention is $Y = A V$ with $A$ the softmax of $S = Q K^T$, row by row; the softmax itself is no product. "
        "Backward there are $A^T G$ for the values and $G V^T$ for $A$; then, from the gradient $D$ of the scores, "
        "$D K$ for the queries and $D^T Q$ for the keys. Fused attention has not stored $S$ and computes it once more:"
    )
    a, v = _matrix("a", 2, 2), _matrix("v", 2, 2)
    values = (g.T * (a * v)).trace()
    proof.check(r"\partial / \partial V - A^T G", _difference(values, v, a.T * g), Rational(0))
    proof.check(r"\partial / \partial A - G V^T", _difference(values, a, g * v.T), Rational(0))
    queries, keys, d = _matrix("q", 2, 2), _matrix("k", 2, 2), _matrix("d", 2, 2)
    scores = (d.T * (queries * keys.T)).trace()
    proof.check(r"\partial / \partial Q - D K", _difference(scores, queries, d * keys), Rational(0))
    proof.check(r"\partial / \partial K - D^T Q", _difference(scores, keys, d.T * queries), Rational(0))
    forward = product(n, k, n) + product(n, n, k)
    backward = product(n, k, n) + product(n, n, k) + product(n, k, n) + 2 * product(n, n, k)
    proof.check(r"F_\mathrm{bwd} \text{ of attention}", backward, training.OF_ATTENTION * forward)
    proof.say("A network is made of both. What of the forward pass is no dense product is attention, so that")
    proof.conclude(2 * F_dense + Rational(5, 2) * (F_fwd - F_dense), training.backward)
    proof.say(
        "Accelerators that share the samples add their gradients. In a ring of $n_D$, the bytes are cut into $n_D$ "
        "parts; $n_D - 1$ parts go on while they are added, and as many while the sums are handed round:"
    )
    part = b_grad * P / n_T / n_D
    proof.conclude((n_D - 1) * part + (n_D - 1) * part, training.gradients)
    return proof


def _matrix(name: str, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, lambda i, j: symbols(f"{name}_{i}{j}"))


def _difference(loss: Expr, by: Matrix, claimed: Matrix) -> Expr:
    """The sum of squares of what the gradient by a matrix has that the claim has not, entry by entry."""
    found = by.applyfunc(lambda entry: diff(loss, entry))
    return sum(((found - claimed)[i] ** 2 for i in range(len(found))), start=Rational(0)).expand()
