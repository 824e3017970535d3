r"""Where the count ends: the chip, as in the paper, the board, the server, or all that the facility's meter reads.

The chip and the board differ in embodied carbon alone. With the server, its host draws power, a part at rest and a part
that follows the accelerator, and its embodied carbon is shared among its accelerators. The facility adds what
accelerator and host draw between requests, where the accelerator is in use for a part u of its lifetime. PUE is in
all of them. Network and storage outside the server are in none.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Symbol

from ..carbon import embodied, idle_carbon, operational, per_output, total
from ..equation import Equation
from ..notation import (
    JOULE_PER_KWH,
    PUE,
    C_chip,
    C_emb,
    C_host,
    C_idle,
    C_op,
    C_server,
    C_total,
    E,
    E_host,
    E_idle,
    I_grid,
    L,
    P_host,
    P_idle,
    h_host,
    tau,
    u,
)
from ..parallel.symbols import n_gpu

host_energy = Equation("host, energy", E_host, tau * P_host / JOULE_PER_KWH + h_host * E)
host_carbon = Equation("host, carbon", C_host, E_host * PUE * I_grid)
embodied_of_server = Equation("embodied, with the server", C_emb, tau / L * (C_chip + C_server))
total_of_server = Equation("total, with the server", C_total, C_op + C_host + C_emb)
idle_of_facility = Equation("idle, with the host", E_idle, tau * (1 / u - 1) * (P_idle + P_host) / JOULE_PER_KWH)
total_of_facility = Equation("total, of the facility", C_total, C_op + C_host + C_idle + C_emb)

ACCOUNTS: Mapping[str, tuple[Equation, ...]] = MappingProxyType({
    "chip": (operational, embodied, total, per_output),
    "board": (operational, embodied, total, per_output),
    "server": (operational, host_energy, host_carbon, embodied_of_server, total_of_server, per_output),
    "facility": (
        operational, host_energy, host_carbon, idle_of_facility, idle_carbon, embodied_of_server, total_of_facility,
        per_output,
    ),
})  # fmt: skip
"""From seconds and kWh to grams, by boundary."""

EACH: Mapping[Symbol, Expr] = MappingProxyType({x: n_gpu * x for x in (P_host, P_idle, C_chip, C_server)})


def of_several(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
    """The same equations for several accelerators to a request, each with its share of the host and of the server.

    >>> print(of_several((embodied_of_server,))[0].rhs)
    tau*(C_chip*n_gpu + C_server*n_gpu)/L
    """
    return tuple(Equation(x.number, x.lhs, x.rhs.xreplace(EACH)) for x in equations)


def drawn_by_host(accounts: tuple[Equation, ...]) -> Equation | None:
    """The equation of the host's energy, where an account has one."""
    return next((x for x in accounts if x.lhs == E_host), None)
