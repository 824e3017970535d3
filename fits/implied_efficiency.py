"""Which efficiency do the printed times, energies and grams of Table 7 imply? A linear programme answers.

By Eqs. (4)-(8) each cell is w / mu; w is known from the FLOP, the peak, the power and the grid. By Eq. (3), at one
batch size, 1 / mu = u (1 + ell* / (B ell)), which is linear in u and u ell*. Every cell must round to its printed
digits, which makes two half-planes. Of all (u, ell*) inside, we take the one whose worst cell lies deepest in its
rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from ditcarbon_sym.equations.efficiency import saturation
from ditcarbon_sym.equations.notation import B_0, B, ell, ell_star, mu_sat


@dataclass(frozen=True)
class Cell:
    """A printed value, half a unit of its last digit, and the value it would have at mu = 1."""

    batch: float
    tokens: float
    printed: float
    half_unit: float
    at_unit_efficiency: float


@dataclass(frozen=True)
class Implied:
    """mu = level ell / (ell + ell_star / B). ``depth`` says where the worst cell lies: 1 is the centre of its rounding,
    0 the edge, below 0 outside.
    """

    level: float
    ell_star: float
    depth: float

    def mu(self, batch: float, tokens: float) -> float:
        """Eq. (3) at one batch size, where the batch factor is part of the level."""
        return float(saturation({mu_sat: self.level, B_0: 0, ell_star: self.ell_star, B: batch, ell: tokens}))


def implied(cells: Sequence[Cell], length: float | None = None) -> Implied:
    """Solve for one batch size; with the length scale given, for the level alone."""
    rows, limits = [], []
    for cell in cells:
        inverse = cell.tokens * cell.batch
        # Unknowns: u, u ell*, depth. The depth pulls both edges of the rounding inwards.
        slope = cell.at_unit_efficiency * np.array([1.0, 1.0 / inverse])
        rows += [[*slope, cell.half_unit], [*(-slope), cell.half_unit]]
        limits += [cell.printed + cell.half_unit, -(cell.printed - cell.half_unit)]
    equal = None if length is None else [[length, -1.0, 0.0]]
    bounds = [(0, None), (0, None), (None, 1)]
    solution = linprog([0, 0, -1], rows, limits, equal, None if equal is None else [0.0], bounds, method="highs")
    u, u_ell_star, depth = solution.x
    return Implied(1 / u, u_ell_star / u, depth)
