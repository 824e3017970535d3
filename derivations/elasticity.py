"""How fast does work grow with tokens and with the side of an image? From degree 1 (or less) to 2, and to 4."""

from sympy import Expr, Poly, Symbol, expand, limit, oo, symbols, together

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    F_VAE,
    P_VAE,
    B,
    F_block,
    F_text,
    F_total,
    H,
    N,
    S,
    W,
    a,
    d,
    ell,
    ell_latent,
    f,
    g,
    k_VAE,
    m,
    n_frames,
    n_latent,
    p,
    s,
    v_s,
)

from . import block
from .crossover import ABBREVIATIONS, CROSS, TEXT
from .examples import configurations
from .matrices import product
from .steps import Derivation, binary, demand_equal

QUADRATIC, LINEAR, CONSTANT = symbols("A_2 A_1 A_0", positive=True)


def derive() -> Derivation:
    """The elasticity of FLOP in tokens rises to 2, in the side of the output to 4."""
    proof = Derivation(
        "Elasticity of FLOP in tokens and in side length",
        "FLOP are a quadratic in $\\ell$, of one block and of a whole request. Their elasticity in $\\ell$ rises with "
        "$\\ell$ all the way to 2; it starts at 1 if no term is constant in $\\ell$, at 0 if one is. In the side "
        "of the output it is twice that, and tends to 4.",
    )
    _lemma(proof)
    _block(proof)
    _request(proof)
    _side(proof)
    _table(proof)
    return proof


def elasticity_of_quadratic() -> Expr:
    """The elasticity of A_2 x^2 + A_1 x + A_0 in x = ell."""
    return (2 * QUADRATIC * ell**2 + LINEAR * ell) / (QUADRATIC * ell**2 + LINEAR * ell + CONSTANT)


def coefficients() -> dict[Symbol, Expr]:
    """The coefficients of one block, with abbreviations: scores of latent against latent tokens; dense work on latent
    tokens and their scores against text; the text's own work, and adaLN.
    """
    return {
        QUADRATIC: 4 * d,
        LINEAR: 4 * (2 + f) * d**2 + 4 * CROSS * d * (d + m) + 8 * TEXT * m * d,
        CONSTANT: 4 * TEXT * ((2 + f) * m * d**2 + m**2 * d) + 4 * CROSS * m * d**2 + 12 * a * (1 + s) * d**2,
    }


def _lemma(proof: Derivation) -> None:
    """Limits and monotonicity for any quadratic with positive coefficients."""
    quadratic = QUADRATIC * ell**2 + LINEAR * ell + CONSTANT
    epsilon = elasticity_of_quadratic()
    proof.say("For $F = A_2 \\ell^2 + A_1 \\ell + A_0$ with coefficients that are not negative, the elasticity is")
    proof.check(r"\epsilon = \frac{\ell}{F} \frac{dF}{d\ell}", epsilon, ell * quadratic.diff(ell) / quadratic)
    proof.check(r"\lim_{\ell \to \infty} \epsilon", limit(epsilon, ell, oo), 2)
    proof.check(r"\lim_{\ell \to 0} \epsilon \;(A_0 > 0)", limit(epsilon, ell, 0), 0)
    proof.check(r"\lim_{\ell \to 0} \epsilon \;(A_0 = 0)", limit(epsilon.subs(CONSTANT, 0), ell, 0), 1)
    proof.say("It rises all the way and stays below 2, since these have positive coefficients only:")
    proof.check_positive(r"F^2 \frac{d\epsilon}{d\ell}", expand(together(epsilon.diff(ell) * quadratic**2).cancel()))
    proof.check_positive(r"F (2 - \epsilon)", expand(((2 - epsilon) * quadratic).cancel()))


def _block(proof: Derivation) -> None:
    """The coefficients of one block, from its matrices."""
    work = block.table_2(block.SELF_ATTENTION, block.CROSS_ATTENTION, block.MLP, block.ADALN)
    proof.say(
        "One block is such a quadratic. From its matrices (see `block_flops`), for all flags, with $u$ for $s$ or $j$ "
        "and $x$ for $c (1 - s)$:"
    )
    quadratic = coefficients()
    for degree, (name, coefficient) in zip((2, 1, 0), quadratic.items(), strict=True):
        derived = binary(expand(work)).coeff(ell, degree)
        proof.check(name, coefficient, derived, where=ABBREVIATIONS)
    form = QUADRATIC * ell**2 + LINEAR * ell + CONSTANT
    proof.conclude(form.subs(quadratic).subs(ABBREVIATIONS), flops.block)
    proof.say(
        "$A_0$ holds text tokens in the sequence, keys and values of the text, and adaLN: none depends on $\\ell$. A "
        "block without text and without adaLN has $A_0 = 0$ and starts at elasticity 1."
    )


def _request(proof: Derivation) -> None:
    """A request is a quadratic too: the decoder's latent pixels are in proportion to the tokens."""
    ratio = p**2 * n_frames / n_latent
    demand_equal("latent pixels per token", flops.latent_pixels.rhs / flops.latent_tokens.rhs, ratio)
    decoder = product(ratio * ell * k_VAE, P_VAE, 1)
    proof.say("A request adds the text encoder, which is constant, and the decoder, whose latent pixels are")
    proof.show(ell_latent, ratio * ell)
    proof.say("at given frames: one term more in $A_1$, one more in $A_0$. With a block's quadratic put in,")
    quadratic = QUADRATIC * ell**2 + LINEAR * ell + CONSTANT
    request = expand(B * (F_text + decoder) + B * g * S * N * quadratic)
    package = flops.total.inline(flops.vae_decoder).rhs.subs({ell_latent: ratio * ell, F_block: quadratic})
    proof.conclude(request, Equation("Eq. (2), with a block's quadratic", F_total, package))
    if Poly(request, ell).degree() != 2 or F_VAE in request.free_symbols:
        raise AssertionError("the FLOP of a request are not a quadratic in ell")


def _side(proof: Derivation) -> None:
    """Tokens are of degree 1 in height and in width; scaling both is of degree 2."""
    scale = Symbol("x", positive=True)
    larger = flops.latent_tokens.rhs.subs({H: scale * H, W: scale * W}, simultaneous=True)
    proof.say("Scaling both sides by $x$ makes $x^2$ as many tokens:")
    proof.check(r"\ell(x H, x W)", larger, scale**2 * (H / (v_s * p)) * (W / (v_s * p)) * n_latent)
    at_scale = elasticity_of_quadratic().subs(ell, scale**2 * ell)
    in_side = (scale * _quadratic_at(scale).diff(scale) / _quadratic_at(scale)).cancel()
    proof.say("so by the chain rule the elasticity in the side is twice that in tokens:")
    proof.check(r"\epsilon_{\mathrm{side}} = 2 \epsilon", in_side.subs(scale, 1), 2 * at_scale.subs(scale, 1))
    proof.check(r"\lim_{x \to \infty} \epsilon_{\mathrm{side}}", limit(in_side, scale, oo), 4)


def _quadratic_at(scale: Symbol) -> Expr:
    tokens = scale**2 * ell
    return QUADRATIC * tokens**2 + LINEAR * tokens + CONSTANT


def _table(proof: Derivation) -> None:
    proof.say("At the default requests of the catalogue, by the package's own derivative:")
    chain = (flops.block, flops.text_encoder, flops.vae_decoder)
    in_tokens = {ell_latent: p**2 * n_frames / n_latent * ell}
    whole = Equation("2", F_total, flops.total.inline(*chain).rhs.subs(in_tokens))
    rows = []
    for name, values in configurations().items():
        one, all_of_it = (float(x.elasticity(ell).xreplace(values)) for x in (flops.block, whole))
        rows.append((name, values[ell], f"{one:.3f}", f"{all_of_it:.3f}", f"{2 * all_of_it:.3f}"))
    header = ("model", r"$\ell$", "block, in tokens", "request, in tokens", "request, in side")
    proof.tabulate(header, rows)
