"""At which grid intensity does embodied equal operational carbon, and what does embodied carbon do to the ratio of two
data centres?
"""

from sympy import Expr, Symbol, solve, symbols

from ditcarbon_sym.catalog.loading import defaults, load
from ditcarbon_sym.equations import carbon
from ditcarbon_sym.equations.equation import Equation, exact
from ditcarbon_sym.equations.notation import JOULE_PER_KWH, PUE, SECONDS_PER_YEAR, TDP, C_chip, I_grid, L, tau

from .examples import percent
from .steps import Derivation, demand_equal

BREAK_EVEN = Symbol(r"I_{\mathrm{even}}", positive=True)
BASE_PUE, BASE_GRID, SHARE = symbols(r"\mathrm{PUE}_2 I_2 \sigma_2", positive=True)
"""A second data centre, and the embodied share of its total."""


def derive() -> Derivation:
    """I = C_chip J_kWh / (L TDP PUE), whatever the workload; embodied carbon pulls every ratio towards 1."""
    proof = Derivation(
        "Where embodied carbon equals operational carbon",
        r"Embodied equals operational carbon at $I = C_{\mathrm{chip}} \cdot 3.6 \cdot 10^6 / (L\,\mathrm{TDP}\,"
        r"\mathrm{PUE})$, for every model, request and efficiency. Between two data centres the ratio of totals is "
        "$R (1 - \\sigma_2) + \\sigma_2$, with $R$ that of operational carbon and $\\sigma_2$ the second one's "
        "embodied share.",
    )
    operational, embodied = _parts()
    proof.say("Both are grams per second times the runtime, which cancels, and with it the workload:")
    proof.show(r"\frac{C_{\mathrm{op}}}{C_{\mathrm{emb}}}", operational / embodied)
    even = break_even()
    proof.say("They are equal where")
    proof.show(BREAK_EVEN, even)
    proof.say("With it, the total is operational carbon at an intensity raised by the break-even one:")
    facility_kwh = tau * TDP * PUE / JOULE_PER_KWH
    proof.show(carbon.total.lhs, facility_kwh * (I_grid + BREAK_EVEN))
    proof.conclude(facility_kwh * (I_grid + even), _total())
    share = BREAK_EVEN / (I_grid + BREAK_EVEN)
    part = r"\sigma = \frac{C_{\mathrm{emb}}}{C_{\mathrm{total}}}"
    proof.check(part, share, embodied / _total().rhs, where={BREAK_EVEN: even})
    _ratio(proof, operational, embodied)
    _tables(proof, even)
    return proof


def _parts() -> tuple[Expr, Expr]:
    """Operational and embodied grams of a runtime, from the definitions (see `accounting`)."""
    return tau * TDP / JOULE_PER_KWH * PUE * I_grid, tau * C_chip / L


def break_even() -> Expr:
    """The grid intensity at which the two are equal."""
    operational, embodied = _parts()
    (intensity,) = solve(operational - embodied, I_grid)
    return intensity


def _total() -> Equation:
    """The package's total carbon, in the runtime."""
    links = (carbon.operational, carbon.embodied, carbon.energy)
    return Equation("Eq. (8), with Eqs. (5) to (7) put in", carbon.total.lhs, carbon.total.inline(*links).rhs)


def _ratio(proof: Derivation, operational: Expr, embodied: Expr) -> None:
    """Two data centres run the same request on the same accelerator: only PUE and grid differ."""
    base = {PUE: BASE_PUE, I_grid: BASE_GRID}
    ratio = _total().rhs / _total().rhs.subs(base)
    share = embodied / (operational + embodied).subs(base)
    swing = PUE * I_grid / (BASE_PUE * BASE_GRID)
    proof.say("The embodied part is the same in both centres, so it pulls the ratio of totals towards 1:")
    demand_equal("ratio of two data centres", swing * (1 - share) + share, ratio)
    proof.show(r"\frac{C_{\mathrm{total}}}{C_{\mathrm{total},2}}", Symbol("R") * (1 - SHARE) + SHARE)
    proof.show(Symbol("R"), swing)


def _tables(proof: Derivation, even: Expr) -> None:
    """The numbers of the shipped accelerator and data centres."""
    catalog = load()
    gpu = catalog.gpu(defaults()["gpu"])
    years = exact(defaults()["lifetime_years"])
    chip = {C_chip: exact(gpu.embodied["die"]), L: years * SECONDS_PER_YEAR, TDP: exact(gpu.values[TDP])}
    proof.say(f"For `{gpu.id}`, its logic die alone, over {years} years without idle time:")
    rows = []
    for name, centre in sorted(catalog.datacenters.items()):
        values = {symbol: exact(number) for symbol, number in centre.values.items()}
        level = even.subs(chip).subs(values)
        rows.append((name, values[I_grid], f"{float(level):.3f}", percent(level / (level + values[I_grid]))))
    proof.tabulate(("data centre", r"$I_{\mathrm{grid}}$", "break-even", "embodied share"), rows)
    proof.say(
        "An accelerator busy a part $u$ of its lifetime would charge $1/u$ times as much embodied carbon to each "
        "second, and the break-even intensity would be $1/u$ times as high; the package has no duty cycle."
    )
