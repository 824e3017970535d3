"""When does batching save carbon, and how much at most? Carbon per output goes as (1 + B_0/B)(1 + ell*/(B ell))."""

from sympy import Expr, Integer, Symbol, factor, limit, oo, simplify

from ditcarbon_sym.catalog.loading import defaults, shipped_calibration
from ditcarbon_sym.equations import carbon, efficiency, flops
from ditcarbon_sym.equations.equation import Equation, exact
from ditcarbon_sym.equations.notation import (
    B_0,
    F_VAE,
    JOULE_PER_KWH,
    PUE,
    TDP,
    B,
    C_chip,
    F_block,
    F_text,
    I_grid,
    L,
    N,
    S,
    Theta_peak,
    ell,
    ell_star,
    g,
    mu_sat,
)

from .examples import percent
from .steps import Derivation

WASTE = (1 + B_0 / B) * (1 + ell_star / (B * ell))
"""Time per output over that of a saturated device."""


def derive() -> Derivation:
    """C(B)/B falls in B for every B_0, ell* > 0; from B = 1 it can fall by 1 - 1/((1 + B_0)(1 + ell*/ell))."""
    proof = Derivation(
        "What batching saves",
        r"Carbon per output is $(1 + B_0/B)(1 + \ell^{*}/(B\ell))$ times a constant. Batching saves, against one "
        r"output at a time, at most $1 - 1/((1 + B_0)(1 + \ell^{*}/\ell))$; where $\ell^{*} = 0$ that is "
        "$B_0/(1 + B_0)$, and a batch of $B$ takes $1 - 1/B$ of it, whatever $B_0$.",
    )
    proof.say(
        "A batch of $B$ equal outputs has $B$ times the FLOP of one, and the efficiency of Eq. (3) (see `efficiency`), "
        "so the time for each output is in proportion to"
    )
    proof.show(r"\frac{\tau}{B} \propto w(B)", WASTE)
    per_second = TDP * PUE * I_grid / JOULE_PER_KWH + C_chip / L
    one_output = F_text + F_VAE + g * S * N * F_block
    proof.say("Every second costs the same grams, operational and embodied,")
    proof.show(r"\frac{C_{\mathrm{total}}}{\tau}", per_second)
    proof.say("so carbon per output is that rate, times the saturated time of one output, times $w(B)$:")
    proof.conclude(one_output / (mu_sat * Theta_peak) * WASTE * per_second, _per_output())
    _savings(proof, WASTE)
    return proof


def _per_output() -> Equation:
    """The package's whole chain from FLOP to grams, over B."""
    links = (carbon.operational, carbon.embodied, carbon.energy, carbon.runtime, flops.total, efficiency.saturation)
    return Equation(
        "Eq. (8) over B, with Eqs. (2) to (7) put in",
        Symbol(r"C_{\mathrm{output}}"),
        carbon.total.inline(*links).rhs / B,
    )


def saving(batch: Expr, waste: Expr) -> Expr:
    """The share of carbon per output saved by a batch, against one output at a time."""
    return simplify(1 - waste.subs(B, batch) / waste.subs(B, 1))


def _savings(proof: Derivation, waste: Expr) -> None:
    proof.say("It falls with the batch if $B_0 > 0$ or $\\ell^{*} > 0$: here every coefficient is positive,")
    proof.check_positive(r"-B^3 \ell\, w'(B)", simplify(-(B**3) * ell * waste.diff(B)))
    proof.say("and if $B_0 = \\ell^{*} = 0$ batching saves nothing, since then $w = 1$. The most it can save is")
    most = 1 - 1 / ((1 + B_0) * (1 + ell_star / ell))
    proof.check(r"\sigma(\infty) = 1 - \frac{w(\infty)}{w(1)}", most, 1 - limit(waste, B, oo) / waste.subs(B, 1))
    proof.say("In the production fit $\\ell^{*} = 0$; the saving of a batch and the part of the most that it takes are")
    reduced = waste.subs(ell_star, Integer(0))
    at_batch, at_most = saving(B, reduced), most.subs(ell_star, 0)
    proof.check(r"\sigma(B)", factor(at_batch), B_0 * (B - 1) / (B * (1 + B_0)))
    proof.check(r"\frac{\sigma(B)}{\sigma(\infty)}", 1 - 1 / B, at_batch / at_most)
    proof.say("A batch of 2 takes half of what there is to save, a batch of 4 three quarters, of 8 seven eighths.")
    _table(proof, at_batch, at_most)


def _table(proof: Derivation, at_batch: Expr, at_most: Expr) -> None:
    gpu = defaults()["gpu"]
    calibration = shipped_calibration(gpu)
    if calibration is None:
        raise AssertionError(f"the package ships no calibration for {gpu}")
    fitted = exact(calibration.values[B_0])
    proof.say(f"With the shipped calibration of `{gpu}`, $B_0 = {float(fitted):.4f}$:")
    rows = [(batch, percent(at_batch.subs({B: batch, B_0: fitted}))) for batch in (2, 4, 8, 16)]
    proof.tabulate(("batch", "saving per output"), [*rows, (r"$\infty$", percent(at_most.subs(B_0, fitted)))])
