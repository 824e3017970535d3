"""A training that is compiled or in a narrow format: what `software` leaves of the work of a request, put into a step.

Products of the backward pass take the format of the forward pass. Compilation is assumed to leave the same part of the
optimiser's passes over its states as of other elementwise passes.
"""

from collections.abc import Collection

from sympy import Symbol

from ..equation import Equation
from ..notation import E, F_attn, F_dense, Q_elem, kappa_elem, n_exp, n_launch
from ..software import LEFT, NEUTRAL
from .symbols import Q_opt, Q_step_elem, W_step, tau_host, tau_opt

OF_A_STEP = {
    **{x: LEFT[x] for x in (F_dense, F_attn, n_exp, n_launch)}, Q_elem: kappa_elem * Q_elem, Q_opt: kappa_elem * Q_opt,
}  # fmt: skip
"""What stands in the law of a step for each kind of work."""
CHANGED = (W_step, Q_step_elem, tau_host, tau_opt, E)
"""What a mode acts on; joules follow the work that is left."""


def in_mode(equations: tuple[Equation, ...], symbols: Collection[Symbol]) -> tuple[Equation, ...]:
    """Put a mode into the equations of a step; ``symbols`` are those that the mode sets, others stand at `NEUTRAL`.

    >>> from .law import launching
    >>> from ..notation import lambda_launch
    >>> in_mode((launching,), (lambda_launch,))[0].rhs == lambda_launch * launching.rhs
    True
    """
    rest = {x: value for x, value in NEUTRAL.items() if x not in symbols}
    left = {x: value.xreplace(rest) for x, value in OF_A_STEP.items()}
    return tuple(Equation(x.number, x.lhs, x.rhs.xreplace(left)) if x.lhs in CHANGED else x for x in equations)
