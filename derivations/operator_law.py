"""What the operator law promises: floor and ceiling, energy while it waits, power within the limit, each term alone."""

from sympy import Expr, Integer, Poly, Symbol, expand, limit, oo, simplify, symbols

from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    F_VAE,
    JOULE_PER_KWH,
    TDP,
    B,
    E,
    F_attn,
    F_dense,
    F_text,
    P_idle,
    Q_elem,
    S,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    eps_byte,
    eps_flop,
    g,
    n_exp,
    n_launch,
    q_VAE,
    r_attn,
    t_exp,
    t_launch,
    tau,
)
from ditcarbon_sym.equations.operator_law import LIMITER, SHARPNESS, larger

from .steps import Derivation, equal

X, U, V = symbols("x u v", positive=True)
"""Of two times the smaller over the larger, and any two times."""
FLOOR, BUSY, JOULES, LIMITED, WAITING = symbols("L b J b_P w", positive=True)
"""Seconds of launches; of work at full clock; joules of work; seconds of work within rated power; of waiting."""
TEXT, TEXT_JOULES, DECODER = symbols("x_T J_T x_D", positive=True)
"""Seconds of the text encoder within rated power, its joules, and seconds of the decoder."""


def derive() -> Derivation:
    """Floor <= time <= floor + work; E >= idle power x waiting; E <= rated power x time; each term alone."""
    proof = Derivation(
        "What the operator law promises",
        r"The time of the passes is never below the launches' nor below the work's, and never above their sum. A "
        r"request takes at least idle power while it waits for kernels, and at most rated power on the mean. Each term "
        r"is the whole time where the others are small.",
    )
    _assembled(proof)
    _floor_and_ceiling(proof)
    _energy_while_waiting(proof)
    _power(proof)
    _limits(proof)
    return proof


def _assembled(proof: Derivation) -> None:
    """The law from its parts."""
    proof.say(
        "The passes of a request launch their kernels and do their work. The work is products, at a part of peak, with "
        "attention and exponentials as so many FLOP of products, and bytes of norms and elementwise passes, at a part "
        "of the bandwidth. Where its joules would need more than rated power, they set its time:"
    )
    floor = S * n_launch * t_launch
    work = B * g * S * (F_dense + F_attn / r_attn + n_exp * t_exp * Theta_peak)
    moved = B * g * S * Q_elem
    busy, joules = work / (e_dense * Theta_peak) + moved / (e_mem * bandwidth), eps_flop * work + eps_byte * moved
    within = (busy**LIMITER + (joules / TDP) ** LIMITER) ** (Integer(1) / LIMITER)
    passes = (floor**SHARPNESS + within**SHARPNESS) ** (Integer(1) / SHARPNESS)
    encoder = (
        B * F_text * ((1 / (e_dense * Theta_peak)) ** LIMITER + (eps_flop / TDP) ** LIMITER) ** (Integer(1) / LIMITER)
    )
    decoder = B * F_VAE * q_VAE / (e_VAE * Theta_peak)
    proof.conclude(passes + encoder + decoder, operator_law.limited)
    proof.say("Joules follow the work; while kernels are waited for, idle power is drawn, and decoding draws all:")
    spent = joules + P_idle * (passes - within) + eps_flop * B * F_text + TDP * decoder
    proof.conclude(spent / JOULE_PER_KWH, operator_law.energy)


def _floor_and_ceiling(proof: Derivation) -> None:
    """max(u, v) <= larger(u, v) <= u + v, for both sharpnesses."""
    proof.say(
        r"Two times meet as $(u^p + v^p)^{1/p}$. With $x \le 1$ the smaller over the larger, that is $(1 + x^p)^{1/p}$ "
        "of the larger: at least that, as"
    )
    for power in (SHARPNESS, LIMITER):
        meet = larger(U, V, power)
        proof.check(
            rf"\left((u^{{{power}}} + v^{{{power}}})^{{1/{power}}}\right)^{{{power}}}", U**power + V**power, meet**power
        )
        proof.check_positive(
            rf"(1 + x^{{{power}}}) - 1^{{{power}}}", expand((larger(Integer(1), X, power)) ** power - 1)
        )
    proof.say("and at most the sum of both, as every coefficient of what is left is positive:")
    for power in (SHARPNESS, LIMITER):
        left = expand((1 + X) ** power - larger(Integer(1), X, power) ** power)
        assert len(Poly(left, X).coeffs()) == power - 1
        proof.check_positive(rf"(1 + x)^{{{power}}} - (1 + x^{{{power}}})", left)


def _joules() -> Expr:
    """The energy of the law in its parts."""
    return JOULES + P_idle * WAITING + TEXT_JOULES + TDP * DECODER


def _energy_while_waiting(proof: Derivation) -> None:
    joules = _joules()
    proof.say(
        r"So the waiting $w = (L^4 + b_P^4)^{1/4} - b_P$ is at least zero. Beyond idle power for it, energy is a sum "
        "of positive parts:"
    )
    proof.check_positive(r"E - P_{idle} w", joules - P_idle * WAITING)
    _same(joules, operator_law.energy.rhs * JOULE_PER_KWH, operator_law.WAITING)


def _power(proof: Derivation) -> None:
    """Rated power times time, less the joules."""
    joules = _joules()
    proof.say(
        r"Rated power for the whole time, less the energy, is, with $\sqrt[4]{L^4 + b_P^4} = b_P + w$,"
    )  # fmt: skip
    spare = TDP * (LIMITED + WAITING + TEXT + DECODER) - joules
    told = (TDP * LIMITED - JOULES) + (TDP - P_idle) * WAITING + (TDP * TEXT - TEXT_JOULES)
    proof.check(r"P \tau - E", told, spare)
    proof.say(
        r"The last bracket is not negative as long as idle power is at most rated power. What stands before it is not "
        "negative either: within rated power, the passes and the encoder take at least their joules over rated power. "
        "So no request draws more than rated power on the mean."
    )
    within = larger(BUSY, JOULES / TDP, LIMITER)
    proof.check_positive(
        rf"(P b_P)^{{{LIMITER}}} - J^{{{LIMITER}}}", expand(simplify((TDP * within) ** LIMITER) - JOULES**LIMITER)
    )
    _same(within, operator_law.LIMITED, None)
    of_text = B * F_text / (e_dense * Theta_peak), operator_law.TEXT_JOULES / TDP
    assert equal(larger(*of_text, LIMITER), operator_law.LIMITED_TEXT), "the encoder is not limited as the passes are"


def _same(parts: Expr, whole: Expr, waiting: Expr | None) -> None:
    """Assert that parts, with the package's expressions in their places, are the package's expression."""
    places: dict[Symbol, Expr] = {
        FLOOR: operator_law.LAUNCHES, BUSY: operator_law.BUSY, JOULES: operator_law.JOULES,
        TEXT_JOULES: operator_law.TEXT_JOULES, DECODER: operator_law.DECODER,
    }  # fmt: skip
    if waiting is not None:
        places[WAITING] = waiting
    assert parts.subs(places) == whole or simplify(parts.subs(places) - whole) == 0, "parts are not the package's law"


def _limits(proof: Derivation) -> None:
    """Each term alone."""
    proof.say("Where one of two times is small, the other one is the whole:")
    for power in (SHARPNESS, LIMITER):
        meet = larger(U, V, power)
        proof.check(rf"\lim_{{v \to 0}} (u^{{{power}}} + v^{{{power}}})^{{1/{power}}}", U, limit(meet, V, 0))
        proof.check(
            rf"\lim_{{v \to \infty}} (u^{{{power}}} + v^{{{power}}})^{{1/{power}}} / v",
            Integer(1),
            limit(meet / V, V, oo),
        )
    proof.say(
        "So a pass that does nothing takes as long as its launches; one that has much to do takes its work; and where "
        "no joules reach the limit of power, time is that at full clock:"
    )
    unlimited = operator_law.limited.rhs.subs({eps_flop: 0, eps_byte: 0})
    proof.conclude(unlimited, operator_law.runtime)
    nothing = Equation("", tau, operator_law.limited.rhs).at(
        {F_dense: 0, F_attn: 0, n_exp: 0, Q_elem: 0, F_text: 0, F_VAE: 0}
    )
    proof.check(r"\tau", operator_law.LAUNCHES, nothing.rhs)
    idle = Equation("", E, operator_law.energy.rhs).at(
        {F_dense: 0, F_attn: 0, n_exp: 0, Q_elem: 0, F_text: 0, F_VAE: 0}
    )
    proof.say("and takes idle power for that long:")
    proof.check("E", P_idle * operator_law.LAUNCHES / JOULE_PER_KWH, idle.rhs)
