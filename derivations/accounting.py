"""Eqs. (4)-(8): runtime, energy and carbon from their definitions, with units."""

from sympy import Symbol, integrate, solve, symbols
from sympy.physics.units import convert_to, day, hour, joule, kilo, second, watt

from ditcarbon_sym.equations import carbon
from ditcarbon_sym.equations.notation import (
    JOULE_PER_KWH,
    PUE,
    SECONDS_PER_YEAR,
    TDP,
    B,
    C_chip,
    C_emb,
    C_op,
    C_total,
    E,
    F_total,
    I_grid,
    L,
    Theta_peak,
    mu,
    tau,
)

from .steps import Derivation

TIME = symbols("x", positive=True)
"""Time since the request began."""


def derive() -> Derivation:
    """tau, E, C_op, C_emb and C_total, each from the definition of one quantity."""
    proof = Derivation(
        "Runtime, energy and carbon, Eqs. (4) to (8)",
        "Each equation is one definition solved: of efficiency, of energy at constant power, of PUE and grid "
        "intensity, and of linear amortisation.",
    )
    _runtime(proof)
    _energy(proof)
    _carbon(proof)
    return proof


def _runtime(proof: Derivation) -> None:
    proof.say(
        "Efficiency is delivered over peak throughput, and delivered throughput is $F_{\\mathrm{total}}/\\tau$ (FLOP "
        "over seconds). Solved for the time, in seconds:"
    )
    delivered = F_total / tau
    proof.conclude(delivered / Theta_peak, carbon.efficiency_of_run)
    (time,) = solve(mu - delivered / Theta_peak, tau)
    proof.conclude(time, carbon.runtime)


def _energy(proof: Derivation) -> None:
    proof.say("Energy is power over time. The assumption is that the power is the rated one throughout:")
    joules = integrate(TDP, (TIME, 0, tau))
    proof.show(r"E_{\mathrm{J}} = \int_0^{\tau} \mathrm{TDP} \, dx", joules)
    proof.say("in watt seconds, which are joules. One kilowatt hour is")
    per_kwh = convert_to(kilo * watt * hour, joule) / joule
    proof.check(r"1\,\mathrm{kWh} / 1\,\mathrm{J}", per_kwh, JOULE_PER_KWH)
    proof.conclude(joules / per_kwh, carbon.energy)


def _carbon(proof: Derivation) -> None:
    proof.say(
        "PUE is facility energy over IT energy, so the facility draws $\\mathrm{PUE} \\cdot E$ kWh, and each kWh emits "
        "$I_{\\mathrm{grid}}$ grams:"
    )
    facility = PUE * E
    proof.show(r"E_{\mathrm{facility}}", facility)
    proof.conclude(facility * I_grid, carbon.operational)
    proof.say(
        "Linear amortisation spreads the $C_{\\mathrm{chip}}$ grams of making the accelerator evenly over its lifetime "
        "$L$, both times in seconds, and the request is charged for the time it takes:"
    )
    rate = C_chip / L
    proof.show(Symbol(r"r_{\mathrm{emb}}"), rate)
    proof.check(r"\int_0^{L} \frac{C_{\mathrm{chip}}}{L} \, dx", integrate(rate, (TIME, 0, L)), C_chip)
    proof.conclude(integrate(rate, (TIME, 0, tau)), carbon.embodied)
    proof.say("A lifetime given in years is turned into seconds with the Julian year of 365.25 days:")
    year = convert_to(365 * day + 6 * hour, second) / second
    proof.check(r"1\,\mathrm{a} / 1\,\mathrm{s}", year, SECONDS_PER_YEAR)
    proof.say("The two are grams of the same gas equivalent, of different life-cycle stages, and add up:")
    proof.conclude(C_op + C_emb, carbon.total)
    proof.say("The outputs of a batch share it alike:")
    proof.conclude(C_total / B, carbon.per_output)
