"""Eq. (3): what saturation means. A batch does the work of B_0 outputs more than it has, each output of ell*/B tokens
more; and the limits, thresholds and signs that follow.
"""

from sympy import Expr, Integer, Rational, Symbol, limit, oo, together

from ditcarbon_sym.equations import efficiency
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import B_0, B, ell, ell_star, mu, mu_sat

from .steps import Derivation, demand_equal, math

TOKEN_TIME = Symbol("t_1", positive=True)
"""Seconds that one token takes on a saturated device."""


def derive() -> Derivation:
    """Derive mu = mu_sat B/(B + B_0) ell/(ell + ell*/B), from a time that is affine in the batch and in the tokens."""
    proof = Derivation(
        "Hardware efficiency, Eq. (3)",
        "Eq. (3) is the efficiency of a device that takes, for $B$ outputs of $\\ell$ tokens, the time of $B + B_0$ "
        "outputs of $\\ell + \\ell^{*}/B$ tokens at its saturated rate.",
    )
    proof.say(
        "Eq. (3) is a model, fitted to measurements, not a theorem; what can be derived is what it assumes. Let a "
        "saturated device take $t_1$ per token at this length, let each batch have a fixed overhead worth $B_0$ "
        "outputs, and each output idle lanes worth $\\ell^{*}/B$ tokens, fewer the larger the batch:"
    )
    ideal = B * ell * TOKEN_TIME
    taken = (B + B_0) * (ell + ell_star / B) * TOKEN_TIME
    proof.show(r"\tau", taken)
    proof.say("The saturated device, which delivers $\\mu_{\\mathrm{sat}}$ of peak, would take $B \\ell t_1$. Hence")
    proof.conclude(mu_sat * ideal / taken, efficiency.saturation)
    _limits(proof, mu_sat * ideal / taken)
    _signs(proof, mu_sat * ideal / taken)
    return proof


def _limits(proof: Derivation, form: Expr) -> None:
    """Saturation, the reduced form, and where each factor is at one half."""
    proof.say("Both factors saturate: with many outputs, and in turn with many tokens,")
    proof.check(r"\lim_{B \to \infty} \mu", limit(form, B, oo), mu_sat)
    proof.check(r"\lim_{\ell \to \infty} \mu", limit(form, ell, oo), mu_sat * B / (B + B_0))
    proof.say("In the production fit $\\ell^{*}$ stands on its bound, zero, and the tokens drop out:")
    proof.conclude(form.subs(ell_star, Integer(0)), efficiency.batch_saturation)
    proof.say("Half of saturation: at $\\ell = \\ell^{*}/B$, the effective threshold, which a larger batch lowers,")
    factor = form / limit(form, ell, oo)
    proof.check(r"\frac{\ell}{\ell + \ell^{*}/B}", Rational(1, 2), factor.subs(ell, ell_star / B))
    proof.say("and at $B = B_0$ where $\\ell^{*} = 0$:")
    proof.check(r"\frac{B}{B + B_0}", Rational(1, 2), form.subs(ell_star, 0).subs(B, B_0) / mu_sat)


def _signs(proof: Derivation, form: Expr) -> None:
    """Show that mu rises in B and in ell, by the signs of the numerators of its derivatives."""
    proof.say(
        "It never falls: the derivatives have a square as denominator, and numerators in which every coefficient is "
        "positive (the symbols are)."
    )
    denominator = ((B + B_0) * (B * ell + ell_star)) ** 2
    package: Equation = efficiency.saturation
    for symbol in (B, ell):
        numerator = together(form.diff(symbol) * denominator).cancel()
        demand_equal(f"derivative in {symbol}", package.rhs.diff(symbol) * denominator, numerator)
        name = rf"({math(denominator)}) \, \partial {math(mu)} / \partial {math(symbol)}"
        proof.check_positive(name, numerator)
