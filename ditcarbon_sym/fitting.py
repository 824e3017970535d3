"""Fitting an equation to measurements with lmfit, its Jacobian exact from sympy; and what the data say of each
parameter.

Three losses: ``absolute`` (residuals of the quantity itself; the paper's), ``relative`` (divided by the measured
value) and ``log``. Whatever the loss, the error is told as MAPE: the mean of abs(predicted - measured) / measured.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import lmfit
import numpy as np
from sympy import Symbol

from . import pipeline
from .catalog import Catalog, Gpu, load
from .equation import Equation
from .evaluate import FloatArray, compiled
from .measurements import Row
from .notation import B_0, NOTATION, B, F_total, InputError, Theta_peak, ell, ell_star, mu_sat
from .request import resolve_request

LOSSES = ("absolute", "relative", "log")
NEAR_BOUND = 1e-4
"""A parameter within this part of its starting scale from a bound is tested for standing on it."""


@dataclass(frozen=True)
class Free:
    """A parameter to fit: where to start and between which bounds."""

    start: float
    low: float = 0.0
    high: float = np.inf


BGR: Mapping[Symbol, Free] = MappingProxyType({mu_sat: Free(0.4, 0.0, 1.0), B_0: Free(0.3), ell_star: Free(200.0)})
"""Start and bounds of Eq. (3): a fraction of peak, and two half-saturation scales that cannot be negative."""


@dataclass(frozen=True)
class Data:
    """Columns of measurements: the inputs by symbol, the measured values, and the group (architecture) of each row."""

    inputs: Mapping[Symbol, FloatArray]
    observed: FloatArray
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.observed)

    def where(self, keep: Iterable[bool]) -> "Data":
        """Return the rows for which ``keep`` is true."""
        mask = np.fromiter(keep, dtype=bool, count=len(self))
        inputs = {x: column[mask] for x, column in self.inputs.items()}
        return Data(inputs, self.observed[mask], tuple(g for g, kept in zip(self.groups, mask, strict=True) if kept))


@dataclass(frozen=True)
class Fit:
    """A fitted equation. ``covariance`` is over ``free``, in that order; ``at_bound`` names parameters that are not
    identified.
    """

    equation: Equation
    free: tuple[Symbol, ...]
    values: Mapping[Symbol, float]
    covariance: FloatArray
    loss: str
    data: Data
    at_bound: tuple[Symbol, ...]
    result: Any = field(repr=False, compare=False)
    minimizer: Any = field(repr=False, compare=False)

    def predict(self, data: Data | None = None) -> FloatArray:
        """Predict the rows of ``data`` (by default those fitted)."""
        rows = self.data if data is None else data
        return np.broadcast_to(self.equation({**rows.inputs, **self.values}), rows.observed.shape)

    def mape(self, data: Data | None = None) -> float:
        """Mean absolute percentage error on the rows of ``data`` (by default those fitted), in per cent."""
        rows = self.data if data is None else data
        return mape(self.predict(rows), rows.observed)

    def slopes(self, inputs: Mapping[Symbol, FloatArray]) -> FloatArray:
        """Exact derivatives of the prediction by each free parameter, at the fitted values: (rows, parameters)."""
        function = compiled(tuple(self.equation.gradient(*self.free).values()))
        shape = np.broadcast_shapes(*(np.shape(column) for column in inputs.values()))
        return np.column_stack([np.broadcast_to(r, shape) for r in function({**inputs, **self.values})])

    @property
    def sum_of_squares(self) -> float:
        """Of the residuals that the loss defines."""
        return float(self.result.chisqr)

    @property
    def degrees_of_freedom(self) -> int:
        """Rows less free parameters, at least one."""
        return max(1, len(self.data) - len(self.free))

    @property
    def aic(self) -> float:
        """Akaike's criterion, n ln(SSR / n) + 2 k; comparable between fits of the same rows by the same loss."""
        return len(self.data) * float(np.log(self.sum_of_squares / len(self.data))) + 2 * len(self.free)

    @property
    def bic(self) -> float:
        """The Bayesian criterion, n ln(SSR / n) + k ln n."""
        return self.aic + (float(np.log(len(self.data))) - 2) * len(self.free)

    @property
    def standard_errors(self) -> dict[Symbol, float]:
        """Square roots of the covariance's diagonal; meaningless, and so NaN, for a parameter at its bound."""
        errors = dict(zip(self.free, np.sqrt(np.diag(self.covariance)), strict=True))
        return {x: np.nan if x in self.at_bound else float(error) for x, error in errors.items()}


def sweep_data(rows: Sequence[Row], gpu: Gpu | None = None, catalog: Catalog | None = None) -> Data:
    """Turn rows of measurements into batch, latent tokens and mu, grouped by model.

    Where a row gives seconds, mu is the leading-order FLOP of the whole request over seconds and the peak of ``gpu``.
    """
    entries = catalog or load()
    columns: list[tuple[float, float, float]] = []
    for row in rows:
        model = entries.model(row.model)
        numbers, _ = resolve_request(model, row.request)
        results = pipeline.evaluate({**model.values, **numbers}, (ell, F_total))
        if "mu" in row.measured:
            efficiency = row.measured["mu"]
        elif gpu is None:
            raise InputError("time_s can become mu only on a known accelerator; name its gpu")
        else:
            efficiency = results[F_total] / (row.measured["time_s"] * gpu.values[Theta_peak])
        columns.append((numbers[B], results[ell], efficiency))
    batch, tokens, observed = np.array(columns).T
    return Data({B: batch, ell: tokens}, observed, tuple(row.model for row in rows))


def mape(predicted: FloatArray, observed: FloatArray) -> float:
    """Mean absolute percentage error, in per cent of the observed values.

    >>> round(mape(np.array([1.1, 1.8]), np.array([1.0, 2.0])), 9)
    10.0
    """
    return float(100 * np.mean(np.abs(predicted - observed) / observed))


def fit(equation: Equation, data: Data, parameters: Mapping[Symbol, Free] = BGR, loss: str = "absolute") -> Fit:
    """Least squares of ``equation`` on ``data`` over ``parameters``, with the exact Jacobian.

    Raises `InputError` for an unknown loss or fewer rows than parameters.
    """
    if loss not in LOSSES:
        raise InputError(f"loss = {loss!r} is unknown; expected one of {', '.join(LOSSES)}")
    free = tuple(x for x in parameters if x in equation.inputs)
    if len(data) < len(free):
        raise InputError(f"{len(data)} row{'s' * (len(data) != 1)} cannot determine {len(free)} parameters")
    start = lmfit.Parameters()
    for x in free:
        start.add(x.name, parameters[x].start, min=parameters[x].low, max=parameters[x].high)
    residual, jacobian = _residuals(equation, data, free, loss)
    minimizer = lmfit.Minimizer(residual, start, nan_policy="raise")
    result = minimizer.leastsq(Dfun=jacobian, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    values = {x: float(result.params[x.name].value) for x in free}
    covariance = np.full((len(free), len(free)), np.nan) if result.covar is None else np.asarray(result.covar)
    on_bound = tuple(x for x in free if _stands_on_bound(x, parameters[x], values, jacobian, residual, result.params))
    return Fit(equation, free, values, covariance, loss, data, on_bound, result, minimizer)


def held_at(fitted: Fit, values: Mapping[Symbol, float], parameters: Mapping[Symbol, Free]) -> Fit:
    """Refit the others with some parameters held at ``values``."""
    equation = Equation(f"{fitted.equation.number}, reduced", fitted.equation.lhs, fitted.equation.at(values).rhs)
    return fit(equation, fitted.data, {x: p for x, p in parameters.items() if x not in values}, fitted.loss)


@dataclass(frozen=True)
class Identified:
    """A fit of the whole law, and the one that ships: with what the data do not identify held at its bound.

    ``held`` gives the value of each parameter held, ``reasons`` why. Only the shipped fit's covariance has a meaning
    where any is.
    """

    full: Fit
    shipped: Fit
    held: Mapping[Symbol, float]
    reasons: Mapping[Symbol, str]

    @property
    def values(self) -> dict[Symbol, float]:
        """Every parameter of the law: fitted, or the bound it is held at."""
        return {x: self.held[x] if x in self.held else self.shipped.values[x] for x in self.full.free}


def fit_identified(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free] = BGR, loss: str = "absolute"
) -> Identified:
    """Fit the law; hold at its bound each parameter that stands there or that the rows cannot show, and refit."""
    full = fit(equation, data, parameters, loss)
    held = {x: _nearest_bound(parameters[x], full.values[x]) for x in full.at_bound}
    reasons = {x: f"it stands on its bound, {bound:g}" for x, bound in held.items()}
    shipped = held_at(full, held, parameters) if held else full
    while (x := _unseen(shipped, parameters)) is not None:
        held[x] = parameters[x].low
        reasons[x] = f"the rows do not vary in a way that shows it; held at {held[x]:g}"
        shipped = held_at(full, held, parameters)
    return Identified(full, shipped, held, reasons)


def _unseen(fitted: Fit, parameters: Mapping[Symbol, Free]) -> Symbol | None:
    """A scale parameter along which the predictions do not change, alone or together with others; None if there is
    none.
    """
    slopes = fitted.slopes(fitted.data.inputs) * np.array(
        [max(fitted.values[x], parameters[x].start) for x in fitted.free]
    )
    _, singular, directions = np.linalg.svd(slopes, full_matrices=False)
    if singular[-1] > 1e-7 * singular[0]:
        return None
    scales = [
        (abs(part), x) for part, x in zip(directions[-1], fitted.free, strict=True) if parameters[x].high == np.inf
    ]
    return max(scales, key=lambda pair: pair[0])[1] if scales else None


def leave_one_group_out(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free] = BGR, loss: str = "absolute"
) -> dict[str, tuple[Fit, Data]]:
    """For each group: the fit on all others, and the group's own rows, held out. Empty if there is one group only."""
    names = list(dict.fromkeys(data.groups))
    if len(names) == 1:
        return {}
    groups = np.array(data.groups)
    return {
        name: (fit(equation, data.where(groups != name), parameters, loss), data.where(groups == name))
        for name in names
    }


def log_scatter(held_out: Mapping[str, tuple[Fit, Data]]) -> float:
    """Root mean square of ln(measured / predicted) over all rows held out: the scatter that a prediction meets."""
    logs = [np.log(rows.observed / trained.predict(rows)) for trained, rows in held_out.values()]
    return float(np.sqrt(np.mean(np.concatenate(logs) ** 2)))


def calibration_table(
    fitted: Identified,
    verdicts: Mapping[Symbol, str],
    held_out: Mapping[str, tuple[Fit, Data]],
    device: Gpu,
    pixels_min: int,
    source: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything a calibration file holds, as a plain dictionary: values, covariance, quality, validity,
    conventions.
    """
    full, shipped = fitted.full, fitted.shipped
    inputs = full.data.inputs
    return {
        "schema_version": 1,
        "law": "bgr",
        "device": {"gpu": device.id, "name": device.name, **{NOTATION[x].field: v for x, v in device.values.items()}},
        "parameters": {NOTATION[x].field: value for x, value in fitted.values.items()},
        "standard_errors": {NOTATION[x].field: error for x, error in shipped.standard_errors.items()},
        "covariance": {"parameters": [NOTATION[x].field for x in shipped.free], "matrix": shipped.covariance.tolist()},
        "verdicts": {NOTATION[x].field: said for x, said in verdicts.items()},
        "quality": {
            "n": len(full.data),
            "loss": full.loss,
            "mape_percent": shipped.mape(),
            "held_out_mape_percent": {group: trained.mape(rows) for group, (trained, rows) in held_out.items()},
            **({"held_out_log_scatter": log_scatter(held_out)} if held_out else {}),
        },
        "validity": {
            "pixels_min": pixels_min,
            "batch": [float(inputs[B].min()), float(inputs[B].max())],
            "latent_tokens": [float(inputs[ell].min()), float(inputs[ell].max())],
        },
        "convention": {
            "flop": "1 fused multiply-add = 2 FLOP",
            "count": "leading order, paper Eq. (2)",
            "stages": "denoiser",
        },
        "data": dict(source),
    }


def _nearest_bound(bounds: Free, value: float) -> float:
    return bounds.low if value - bounds.low < bounds.high - value else bounds.high


Residual = Callable[[Any], FloatArray]


def _residuals(equation: Equation, data: Data, free: Sequence[Symbol], loss: str) -> tuple[Residual, Residual]:
    """The residual and its Jacobian, as functions of lmfit parameters."""
    function = compiled((equation.rhs, *equation.gradient(*free).values()))

    def evaluate(parameters: Any) -> tuple[FloatArray, FloatArray]:
        values = {x: parameters[x.name].value for x in free}
        predicted, *slopes = (np.broadcast_to(r, data.observed.shape) for r in function({**data.inputs, **values}))
        return predicted, np.column_stack(slopes)

    def residual(parameters: Any) -> FloatArray:
        predicted, _ = evaluate(parameters)
        if loss == "log":
            return np.log(predicted / data.observed)
        return (predicted - data.observed) / (data.observed if loss == "relative" else 1.0)

    def jacobian(parameters: Any) -> FloatArray:
        predicted, slopes = evaluate(parameters)
        scale = {"absolute": np.ones_like(predicted), "relative": data.observed, "log": predicted}[loss]
        return slopes / scale[:, None]

    return residual, jacobian


def _stands_on_bound(
    x: Symbol, bounds: Free, values: Mapping[Symbol, float], jacobian: Residual, residual: Residual, parameters: Any
) -> bool:
    """Whether x lies at a bound and the sum of squares would still fall beyond it (or not rise: no information)."""
    near_low = values[x] - bounds.low <= NEAR_BOUND * bounds.start
    near_high = np.isfinite(bounds.high) and bounds.high - values[x] <= NEAR_BOUND * bounds.start
    if not (near_low or near_high):
        return False
    column = list(values).index(x)
    slope = float(jacobian(parameters)[:, column] @ residual(parameters))
    return slope >= 0 if near_low else slope <= 0
