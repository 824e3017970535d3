"""Eq. (2): the FLOP of a request are those of its loops."""

from sympy import Expr, Sum, Symbol, symbols

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import F_VAE, B, F_block, F_text, N, P_enc, S, g, m

from .matrices import product
from .steps import Derivation

OUTPUT, STEP, PASS, BLOCK = symbols("b i q n", integer=True, positive=True)


def derive() -> Derivation:
    """F_total = B (F_text + F_VAE) + B g S N F_block."""
    proof = Derivation(
        "FLOP of a request, Eq. (2)",
        "Each of $B$ outputs is encoded and decoded once, and passes $g$ times through $N$ equal blocks in each of "
        "$S$ steps.",
    )
    proof.say(
        "The text encoder sends $m$ tokens through weight matrices of $P_{\\mathrm{enc}}$ entries in all. Each entry "
        "is used once for each token, in one multiply-add, whatever the shapes; the cost is that of a product "
        "$(m \\times P_{\\mathrm{enc}})(P_{\\mathrm{enc}} \\times 1)$. (This counts an embedding table, which is only "
        "looked up, and leaves out the encoder's attention scores.)"
    )
    proof.conclude(product(m, P_enc, 1), flops.text_encoder)
    proof.say("The denoising loop, as nested sums:")
    loop = Sum(F_block, (BLOCK, 1, N))
    for index, last in ((PASS, g), (STEP, S), (OUTPUT, B)):
        loop = Sum(loop, (index, 1, last))
    proof.show(r"F_{\mathrm{denoiser}}", loop)
    proof.say("No term depends on an index (blocks are equal, and a step costs what the one before did), so")
    proof.conclude(loop.doit(), flops.denoiser)
    proof.say("Encoder and decoder stand outside of the loop over steps, but inside that over outputs:")
    once = Sum(F_text + F_VAE, (OUTPUT, 1, B))
    proof.show(r"F_{\text{one-shot}}", once)
    proof.conclude(once.doit() + loop.doit(), flops.total)
    _share(proof)
    return proof


def _share(proof: Derivation) -> None:
    """The one-shot stages' share of the total does not depend on the batch."""
    total: Expr = flops.total.rhs
    share = ((F_text + F_VAE) / (F_text + F_VAE + g * S * N * F_block)).cancel()
    proof.say("The share of the one-shot stages is the same for every batch, and falls with steps and passes:")
    proof.check(_one_shot_share(), share, B * (F_text + F_VAE) / total)


def _one_shot_share() -> Expr:
    return Symbol(r"F_{\text{one-shot}}") / Symbol(r"F_{\mathrm{total}}")
