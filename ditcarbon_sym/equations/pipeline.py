"""The chain from a request to grams of CO2eq: the equations in order, and their composition in closed form.

Formulas meet through symbols; this is the one place where they are put together. A *route* is the list of equations
that leads from FLOP to seconds and joules: ``bgr`` computes mu by Eq. (3), ``measured`` takes mu as an input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sympy import Symbol

from ..errors import InputError, nearest
from ..numerics.functions import compiled
from . import carbon, efficiency, flops, operator_law
from .equation import Equation, demand
from .notation import BY_NAME, C_emb, C_op, C_output, C_total, E, F_total, P, mu, tau
from .parameters import coefficient, parameters

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

EQUATIONS: tuple[Equation, ...] = (
    parameters, flops.total, efficiency.saturation,
    carbon.runtime, carbon.energy, carbon.operational, carbon.embodied, carbon.total,
)  # fmt: skip
"""The paper's numbered equations, (1) to (8)."""

WORK: tuple[Equation, ...] = (
    parameters, flops.latent_tokens, flops.latent_pixels, flops.block,
    flops.text_encoder, flops.vae_decoder, flops.denoiser, flops.total,
)  # fmt: skip
"""From architecture and request to parameters and FLOP; common to all routes."""

ACCOUNTING: tuple[Equation, ...] = (carbon.operational, carbon.embodied, carbon.total, carbon.per_output)
"""From seconds and kWh to grams; common to all routes."""

LABELLED: tuple[Equation, ...] = (coefficient, flops.latent_frames)
"""Equations beside the chain: it needs neither the coefficient of Table 1 nor frames that are not whole."""

ROUTES: Mapping[str, tuple[Equation, ...]] = MappingProxyType({
    "bgr": (efficiency.saturation, carbon.runtime, carbon.energy),
    "measured": (carbon.runtime, carbon.energy),
})  # fmt: skip
"""From FLOP to seconds and kWh, by name."""

NAMES: Mapping[str, Symbol] = MappingProxyType({
    "per_output_g": C_output, "total_g": C_total, "operational_g": C_op, "embodied_g": C_emb,
    "energy_kwh": E, "time_s": tau, "mu": mu, "flops": F_total, "parameters": P,
})  # fmt: skip
"""What users may ask about, by name."""

OUTPUTS: tuple[Symbol, ...] = (P, F_total, mu, tau, E, C_op, C_emb, C_total)
"""The eight results of the paper's chain."""


@dataclass(frozen=True)
class Route:
    """A route with work of its own: every equation from request to seconds and kWh, for one model, and its accounting
    where that is not the common one.

    >>> Route("measured", ROUTES["measured"]).name
    'measured'
    """

    name: str
    equations: tuple[Equation, ...]
    accounting: tuple[Equation, ...] = ACCOUNTING
    printed: bool = False
    """Whether it runs on the paper's leading-order work: only what comes after seconds and kWh is its own."""


AnyRoute = str | Route
"""One of `ROUTES` by name, on the paper's leading-order work, or a route that brings its own."""


def route_name(route: AnyRoute) -> str:
    """What a route is called."""
    return route if isinstance(route, str) else route.name


def own(route: AnyRoute) -> Route | None:
    """Return a route that brings its own work; None for one on the paper's leading-order work."""
    return None if isinstance(route, str) or route.printed else route


def accounting(route: AnyRoute) -> tuple[Equation, ...]:
    """Return the equations from seconds and kWh to grams."""
    return ACCOUNTING if isinstance(route, str) else route.accounting


def accounted(route: AnyRoute, equations: tuple[Equation, ...]) -> AnyRoute:
    """Return the route with these equations from seconds and kWh to grams (`around.boundaries.ACCOUNTS`)."""
    if equations == accounting(route):
        return route
    if isinstance(route, str):
        return Route(route, WORK + ROUTES[route], equations, printed=True)
    return replace(route, accounting=equations)


def chain(route: AnyRoute = "bgr") -> tuple[Equation, ...]:
    """Every equation from request to grams along ``route``, in order of computation.

    >>> [str(x.lhs) for x in chain("measured")][-4:]
    ['C_op', 'C_emb', 'C_total', 'C_output']
    """
    if isinstance(route, str):
        return WORK + ROUTES[route] + ACCOUNTING
    return route.equations + route.accounting


def find(name: str) -> Equation:
    """Return the equation with this number, left-hand side or label; raises `InputError` with the nearest names.

    A label is what the basis of an estimate names, such as "operator law, energy". A symbol that one law alone defines
    needs no law before it.

    >>> find("5").lhs, find("F_block").number
    (E, 'Table 2')
    >>> find("roofline.tau").number
    'operator law, time within rated power'
    >>> find("several.tau") == find("several accelerators, time")
    True
    >>> find("training.F_bwd").number
    'training, backward'
    >>> find("tau_floor") == find("roofline.tau_floor")
    True
    """
    from . import parallel, training
    from .around import boundaries

    known = {equation.lhs.name: equation for equation in (*LABELLED, *chain())}
    known |= {equation.number: equation for equation in EQUATIONS}
    known |= {f"{operator_law.LAW}.{equation.lhs}": equation for equation in operator_law.EQUATIONS}
    known |= {f"several.{equation.lhs}": equation for equation in parallel.EQUATIONS}
    known |= {f"training.{equation.lhs}": equation for equation in training.EQUATIONS}
    counted = (x for account in boundaries.ACCOUNTS.values() for x in account)
    others = (operator_law.runtime, *operator_law.EQUATIONS, *parallel.EQUATIONS, *training.EQUATIONS, *counted)
    labelled = {x.number: x for x in others} | {f"Eq. ({x.number})": x for x in EQUATIONS}
    known |= {f"transfer.{x}": Equation("operator law, transfer", x, law) for x, law in operator_law.TRANSFER.items()}
    if name not in known and name not in labelled:
        laws = [key for key in known if key.partition(".")[2] == name]
        if len(laws) == 1:
            return known[laws[0]]
        if laws:
            raise InputError(f"{name!r} is defined by several laws; say one of {', '.join(laws)}")
        names = (key for key in known if not key.isdigit())
        raise InputError(f"unknown equation {name!r}; expected a number 1 to 8 or a symbol{nearest(name, names)}")
    return known[name] if name in known else labelled[name]


def law_of(equation: Equation) -> tuple[Equation, ...]:
    """Return the equations that an equation of `find` stands among: those that define what is on its right-hand side.

    >>> [str(x.lhs) for x in law_of(find("training.F_bwd"))][:3]
    ['n_D', 'F_fwd', 'F_bwd']
    >>> law_of(find("tau")) == chain()
    True
    """
    from . import parallel, training
    from .around import boundaries

    if equation.number.startswith(operator_law.LABEL):
        return operator_law.EQUATIONS
    for equations in (chain(), training.EQUATIONS, (*operator_law.PARTS, *parallel.EQUATIONS)):
        if equation in equations:
            return equations
    accounts = (account for account in boundaries.ACCOUNTS.values() if equation in account)
    return next((WORK + ROUTES["bgr"] + account for account in accounts), chain())


def closed(equation: Equation) -> Equation:
    """Return an equation of `find` with every intermediate of its own law put in.

    >>> print(closed(find("roofline.tau_loop")).inputs[:4])
    (B, F_attn, F_dense, Q_elem)
    """
    return equation.inline(*(x for x in law_of(equation) if x.lhs != equation.lhs))


def closed_form(symbol: Symbol | str, route: AnyRoute = "bgr") -> Equation:
    """Return one quantity as a closed form in the inputs alone: architecture, request, hardware and data centre.

    ``symbol`` is one of `notation`, or its name; ``route`` is a name of `ROUTES`, "roofline" or a `Route`. Of
    "roofline" without a model, the work is an input (F_dense, n_exp, ...). Raises `InputError` for an unknown name.

    >>> closed_form(C_emb, "measured").inputs[:6]
    (B, C_chip, H, L, N, P_VAE)
    >>> closed_form("C_emb", "measured") == closed_form(C_emb, "measured")
    True
    >>> [x.name for x in closed_form(tau, "roofline").inputs][:6]
    ['B', 'F_VAE', 'F_attn', 'F_dense', 'F_text', 'Q_elem']
    """
    if isinstance(route, str) and route not in ROUTES:
        if route != operator_law.LAW:
            raise InputError(f"unknown route {route!r}{nearest(route, (*ROUTES, operator_law.LAW))}")
        route = Route(route, operator_law.EQUATIONS)
    if str(symbol) not in BY_NAME:
        raise InputError(f"unknown symbol {str(symbol)!r}{nearest(str(symbol), BY_NAME)}")
    symbol = BY_NAME[str(symbol)].symbol
    equations = {equation.lhs: equation for equation in chain(route)}
    beside = {equation.lhs: equation for equation in LABELLED}
    if symbol in beside:
        return beside[symbol]
    if symbol not in equations:
        return Equation("input", symbol, symbol)
    return equations[symbol].inline(*(e for e in equations.values() if e.lhs != symbol))


def evaluate(
    configuration: Mapping[Symbol, "ArrayLike"], outputs: Sequence[Symbol] = OUTPUTS, route: AnyRoute = "bgr"
) -> dict[Symbol, Any]:
    """Evaluate several quantities of the chain together, each intermediate once, on numbers or broadcastable arrays.

    Returns ``{symbol: float64 or array}`` in the units of `notation`. An unknown input may be given as NaN: all that
    depends on it is NaN, the rest is not.

    >>> from ditcarbon_sym import operating_point
    >>> found = evaluate(operating_point("pixart-alpha", efficiency="bgr").values)
    >>> print(f"{found[F_total]:.3g} FLOP, {found[C_total]:.3f} g")
    2.66e+14 FLOP, 0.226 g
    """
    definitions = tuple((equation.lhs, equation.rhs) for equation in chain(route))
    function = compiled(tuple(outputs), definitions)
    demand(function.arguments, configuration)
    return dict(zip(outputs, function(configuration), strict=True))


def code(equation: Equation, numbers: Mapping[Symbol, float] = MappingProxyType({})) -> str:
    """Return the text of the function that evaluates an equation, each intermediate of its chain on a line of its own.

    What ``numbers`` gives is put in exactly.

    >>> print(code(find("ell")))
    def ell(H, W, n_latent, p, v_s):
        ell = H*W*n_latent/(p**2*v_s**2)
        return (ell,)
    """
    steps = {x.lhs: x.rhs for x in law_of(equation)}
    function = compiled((equation.lhs,), tuple({**steps, equation.lhs: equation.rhs}.items()))
    function = function.at({x: v for x, v in numbers.items() if x in function.arguments})
    return function.source.replace("_lambdifygenerated", equation.lhs.name).rstrip()
