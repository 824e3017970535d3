"""Least squares of an equation on measurements: lmfit searches, sympy gives the exact Jacobian.

There are three losses: ``absolute`` (residuals of the quantity itself, as in the paper), ``relative`` (divided by the
measured value) and ``log``. The error is told as MAPE with each of them: the mean of abs(predicted - measured) /
measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import lmfit
import numpy as np
from sympy import Symbol

from ..equations.equation import Equation
from ..equations.notation import B_0, NOTATION, ell_star, mu_sat
from ..errors import InputError
from ..numerics.blocks import FloatArray
from ..numerics.functions import Compiled
from .data import Data, value_and_slopes, whitening

LOSSES = ("absolute", "relative", "log")
NEAR_BOUND = 1e-4
"""A parameter is tested for standing on a bound if it is nearer to it than this part of its start."""


@dataclass(frozen=True)
class Free:
    """A parameter to fit: its start, its bounds, and whether it is a scale that may be zero (there is no such effect).

    ``spread`` says what is known beforehand: the standard deviation of the parameter's logarithm about ``start`` (by
    default nothing is known). It counts as one more row. Where the rows do not show the parameter, it stays at its
    start, and as uncertain as before.

    >>> Free(0.5, 0.0, 1.0).spread is None
    False
    """

    start: float
    low: float = 0.0
    high: float = np.inf
    scale: bool = False
    spread: float = np.inf

    def nearest_bound(self, value: float) -> float:
        """Return the bound that is nearer to a value."""
        return self.low if value - self.low < self.high - value else self.high


def _from_notation(symbol: Symbol, start: float, *, scale: bool = False) -> Free:
    """The parameter, with the bounds that hold for a calibration file, too."""
    return Free(start, 0.0 if scale else NOTATION[symbol].low, NOTATION[symbol].high, scale)


BGR: Mapping[Symbol, Free] = MappingProxyType({
    mu_sat: _from_notation(mu_sat, 0.4),
    B_0: _from_notation(B_0, 0.3, scale=True),
    ell_star: _from_notation(ell_star, 200.0, scale=True),
})  # fmt: skip
"""Start and bounds of Eq. (3): a fraction of peak, and two half-saturation scales that cannot be negative."""


@dataclass(frozen=True)
class Fit:
    """A fitted equation. ``covariance`` has the order of ``free``; ``at_bound`` names parameters on a bound."""

    equation: Equation
    free: tuple[Symbol, ...]
    values: Mapping[Symbol, float]
    covariance: FloatArray
    loss: str
    data: Data
    at_bound: tuple[Symbol, ...]
    result: Any = field(repr=False, compare=False)

    def predict(self, data: Data | None = None) -> FloatArray:
        """Predict the rows of ``data`` (by default those fitted)."""
        rows = self.data if data is None else data
        return np.broadcast_to(self.equation({**rows.inputs, **self.values}), rows.observed.shape)

    def mape(self, data: Data | None = None) -> float:
        """Mean absolute percentage error on the rows of ``data`` (by default those fitted), weighted as they are."""
        rows = self.data if data is None else data
        errors = np.abs(self.predict(rows) / rows.observed - 1)
        return float(100 * np.average(errors, weights=rows.weights))

    def slopes(self, inputs: Mapping[Symbol, FloatArray]) -> FloatArray:
        """Exact derivatives of the prediction by each free parameter, at the fitted values: (rows, parameters)."""
        _, function = value_and_slopes(self.equation, self.free)
        shape = np.broadcast_shapes(*(np.shape(column) for column in inputs.values()))
        return np.column_stack([np.broadcast_to(r, shape) for r in function({**inputs, **self.values})[1:]])

    def log_deviations(self, data: Data) -> FloatArray:
        """Standard deviation of each prediction's logarithm, from the covariance of the parameters."""
        relative = self.slopes(data.inputs) / self.predict(data)[:, None]
        return np.asarray(np.sqrt(np.einsum("ri,ij,rj->r", relative, self.covariance, relative)))

    @property
    def sum_of_squares(self) -> float:
        """Sum of the squared residuals that the loss defines."""
        return float(self.result.chisqr)

    @property
    def degrees_of_freedom(self) -> int:
        """Rows less free parameters, at least one."""
        return max(1, len(self.data) - len(self.free))

    @property
    def aic(self) -> float:
        """Akaike's criterion, n ln(SSR / n) + 2 k. Compare it between fits of the same rows by the same loss."""
        return float(self.result.aic)

    @property
    def bic(self) -> float:
        """The Bayesian criterion, n ln(SSR / n) + k ln n."""
        return float(self.result.bic)

    @property
    def standard_errors(self) -> dict[Symbol, float]:
        """Square roots of the covariance's diagonal; NaN for a parameter at its bound, where they have no meaning."""
        errors = dict(zip(self.free, np.sqrt(np.diag(self.covariance)), strict=True))
        return {x: np.nan if x in self.at_bound else float(error) for x, error in errors.items()}


def fit(
    equation: Equation,
    data: Data,
    parameters: Mapping[Symbol, Free] = BGR,
    loss: str = "absolute",
    begin: Mapping[Symbol, float] = MappingProxyType({}),
) -> Fit:
    """Fit the ``parameters`` of ``equation`` to ``data`` by least squares, with the exact Jacobian.

    The search begins at ``begin``, or else at each parameter's start. Raises `InputError` for an unknown loss, or if
    there are no more rows than parameters without prior knowledge.

    >>> from ..equations.efficiency import saturation
    >>> from ..equations.notation import B_0, B, ell, ell_star, mu_sat
    >>> at = {B: np.array([1.0, 2.0, 4.0, 8.0] * 2), ell: np.repeat([256.0, 4096.0], 4)}
    >>> seen = saturation({**at, mu_sat: 0.4, B_0: 0.2, ell_star: 100.0}) * (1 + 0.01 * np.cos(np.arange(8)))
    >>> rows = Data(at, seen, ("one", "other") * 4)
    >>> found: Fit = fit(saturation, rows)
    >>> round(found.values[mu_sat], 2)
    0.4
    """
    if loss not in LOSSES:
        raise InputError(f"loss = {loss!r} is unknown; expected one of {', '.join(LOSSES)}")
    free = tuple(x for x in parameters if x in equation.inputs)
    if not free:
        raise InputError("every parameter stands on a bound, nothing is left to fit; is mu a fraction of peak?")
    unknown = [x for x in free if np.isinf(parameters[x].spread)]
    if len(data) <= len(unknown):
        rows = f"{len(data)} row{'s' * (len(data) != 1)}"
        many = f"{len(unknown)} parameter{'s' * (len(unknown) != 1)}"
        raise InputError(f"{rows} cannot determine {many}; at least {len(unknown) + 1} are needed")
    start = lmfit.Parameters()
    for x in free:
        start.add(x.name, begin.get(x, parameters[x].start), min=parameters[x].low, max=parameters[x].high)
    residual, jacobian = _residuals(equation, data, {x: parameters[x] for x in free}, loss)
    minimizer = lmfit.Minimizer(residual, start, nan_policy="raise", scale_covar=data.scatter is None)
    result = minimizer.leastsq(Dfun=jacobian, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    values = {x: float(result.params[x.name].value) for x in free}
    covariance = np.full((len(free), len(free)), np.nan) if result.covar is None else np.asarray(result.covar)
    on_bound = tuple(x for x in free if _stands_on_bound(x, parameters[x], values, jacobian, residual, result.params))
    return Fit(equation, free, values, covariance, loss, data, on_bound, result)


def held_at(fitted: Fit, values: Mapping[Symbol, float], parameters: Mapping[Symbol, Free]) -> Fit:
    """Hold some parameters at ``values``, and fit the others again."""
    equation = Equation(f"{fitted.equation.number}, reduced", fitted.equation.lhs, fitted.equation.at(values).rhs)
    return fit(equation, fitted.data, {x: p for x, p in parameters.items() if x not in values}, fitted.loss)


def squares_with(fitted: Fit, x: Symbol, value: float, parameters: Mapping[Symbol, Free]) -> float:
    """The least sum of squares with x held at ``value``. The search for the others begins where they were fitted."""
    held = replace(fitted.data, inputs={**fitted.data.inputs, x: np.full(len(fitted.data), value)})
    others = {y: parameters[y] for y in fitted.free if y != x}
    if not others:
        residual, _ = _residuals(fitted.equation, held, {}, fitted.loss)
        return float(np.sum(residual(None) ** 2))
    # A search that begins on a bound stays there.
    begin = {y: fitted.values[y] for y in others if y not in fitted.at_bound}
    return fit(fitted.equation, held, others, fitted.loss, begin).sum_of_squares


@dataclass(frozen=True)
class Identified:
    """A fit of the whole law, and the fit that ships, in which parameters that the data do not identify are held.

    ``held`` gives the value of each held parameter, and ``reasons`` says why it is held. The rows show some parameters
    only together with held ones: ``tied`` names those. Where a parameter is held, only the covariance of the shipped
    fit has a meaning.
    """

    full: Fit
    shipped: Fit
    held: Mapping[Symbol, float]
    reasons: Mapping[Symbol, str]
    tied: Mapping[Symbol, tuple[Symbol, ...]]

    @property
    def values(self) -> dict[Symbol, float]:
        """Every parameter of the law: its fitted value, or the bound at which it is held."""
        return {x: self.held[x] if x in self.held else self.shipped.values[x] for x in self.full.free}


def fit_identified(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free] = BGR, loss: str = "absolute"
) -> Identified:
    """Fit the law. Hold each parameter on a bound, and each that the rows cannot show; fit the others again."""
    full = fit(equation, data, parameters, loss)
    shipped = full
    held: dict[Symbol, float] = {}
    reasons: dict[Symbol, str] = {}
    tied: dict[Symbol, tuple[Symbol, ...]] = {}
    while True:
        if shipped.at_bound:  # the fit of the others may end on a bound, too
            for x in shipped.at_bound:
                held[x] = parameters[x].nearest_bound(shipped.values[x])
                reasons[x] = f"it stands on its bound, {held[x]:g}"
        elif (direction := _unseen(shipped, parameters)) is not None:
            x, others = direction
            held[x] = parameters[x].low
            reasons[x] = f"the rows do not vary in a way that shows it; held at {held[x]:g}"
            tied = {y: (*tied.get(y, ()), x) for y in {*tied, *others} - {x}}
        else:
            break
        shipped = held_at(full, held, parameters)
    if not np.isfinite(shipped.covariance).all():
        names = " and ".join(NOTATION[x].field for x in shipped.free)
        raise InputError(f"the rows do not tell {names} apart; measure other sizes and batches")
    return Identified(full, shipped, held, reasons, tied)


def _unseen(fitted: Fit, parameters: Mapping[Symbol, Free]) -> tuple[Symbol, tuple[Symbol, ...]] | None:
    """Find a direction along which the predictions do not change: its foremost scale, and what moves with that."""
    typical = np.array([max(fitted.values[x], parameters[x].start) for x in fitted.free])
    slopes = fitted.slopes(fitted.data.inputs) * typical
    _, singular, directions = np.linalg.svd(slopes, full_matrices=False)
    if singular[-1] > 1e-7 * singular[0]:
        return None
    parts = dict(zip(fitted.free, np.abs(directions[-1]), strict=True))
    scales = {x: part for x, part in parts.items() if parameters[x].scale}
    if not scales:
        return None
    foremost = max(scales, key=lambda x: scales[x])
    return foremost, tuple(x for x, part in parts.items() if x != foremost and part > 1e-3)


Residual = Callable[[Any], FloatArray]


def _residuals(equation: Equation, data: Data, free: Mapping[Symbol, Free], loss: str) -> tuple[Residual, Residual]:
    """The residual and its Jacobian, given lmfit's parameters: first the rows, then what is known beforehand."""
    value, slopes = value_and_slopes(equation, tuple(free))
    root = np.ones(len(data)) if data.weights is None else np.sqrt(data.weights)
    whiten = whitening(data)
    known = [x for x in free if np.isfinite(free[x].spread)]

    def evaluate(function: Compiled, parameters: Any) -> list[FloatArray]:
        values = {x: parameters[x.name].value for x in free}
        return [np.broadcast_to(r, data.observed.shape) for r in function({**data.inputs, **values})]

    def residual(parameters: Any) -> FloatArray:
        (predicted,) = evaluate(value, parameters)
        difference = np.log(predicted / data.observed) if loss == "log" else predicted - data.observed
        scale = data.observed if loss == "relative" else 1.0
        off = [np.log(parameters[x.name].value / free[x].start) / free[x].spread for x in known]
        return np.concatenate([whiten(root * difference / scale), off])

    def jacobian(parameters: Any) -> FloatArray:
        predicted, *columns = evaluate(slopes, parameters)
        found = np.column_stack(columns)
        scale = {"absolute": np.ones_like(predicted), "relative": data.observed, "log": predicted}[loss]
        off = [[(x == y) / (parameters[x.name].value * free[x].spread) for y in free] for x in known]
        return np.concatenate([whiten(found * (root / scale)[:, None]), np.reshape(off, (-1, len(free)))])

    return residual, jacobian


def _stands_on_bound(
    x: Symbol, bounds: Free, values: Mapping[Symbol, float], jacobian: Residual, residual: Residual, parameters: Any
) -> bool:
    """Whether x lies at a bound beyond which the sum of squares would still fall, or not rise (no information)."""
    near_low = values[x] - bounds.low <= NEAR_BOUND * bounds.start
    near_high = np.isfinite(bounds.high) and bounds.high - values[x] <= NEAR_BOUND * bounds.start
    if not (near_low or near_high):
        return False
    column = list(values).index(x)
    slope = float(jacobian(parameters)[:, column] @ residual(parameters))
    return slope >= 0 if near_low else slope <= 0
