"""Measured runs as columns of symbols: the form that a law is fitted to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Integer, Symbol

from ..catalog.entries import Model
from ..equations.derivatives import tangents
from ..equations.equation import Equation
from ..equations.notation import (
    F_VAE,
    B,
    F_attn,
    F_denoiser,
    F_dense,
    F_text,
    F_total,
    H,
    Q_elem,
    W,
    ell,
    n_exp,
    n_launch,
    q_VAE,
)
from ..estimation import work
from ..estimation.request import resolve_request
from ..numerics.blocks import FloatArray
from ..numerics.functions import Compiled, compiled

WORK = (F_dense, F_attn, n_exp, Q_elem, n_launch, F_text, F_VAE, q_VAE, F_denoiser, F_total, ell)
"""What a model's operator lists say of a request."""


def values_of_run(
    model: Model, request: Mapping[str, float], device: Mapping[Symbol, float], head_multiple: int = 1
) -> dict[Symbol, float]:
    """All symbols of the operator law at one run; ``head_multiple`` pads the width of attention heads.

    Raises `InputError` for a request that the model does not take, or a model whose stages are not all known.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> found = values_of_run(load().model("pixart-alpha"), {"resolution": 512}, {})
    >>> f"{found[ell]:.0f} tokens, {found[F_dense]:.4g} FLOP"
    '1024 tokens, 1.085e+12 FLOP'
    """
    numbers, _ = resolve_request(model, request)
    values = {**model.values, **numbers, **device}
    equations = work.equations(model, numbers, head_multiple)
    found = compiled(WORK, tuple((x.lhs, x.rhs) for x in equations))(values)
    return {**values, **{x: float(y) for x, y in zip(WORK, found, strict=True)}}


def columns(runs: Sequence[Mapping[Symbol, float]]) -> dict[Symbol, FloatArray]:
    """Runs as columns, of the symbols that all of them have."""
    shared = set.intersection(*(set(run) for run in runs))
    return {x: np.array([run[x] for run in runs]) for x in shared}


@lru_cache(maxsize=256)
def value_and_slopes(equation: Equation, parameters: tuple[Symbol, ...]) -> tuple[Compiled, Compiled]:
    """A function of an equation's value, and one of its value and its derivatives by some parameters, step by step."""
    y = Symbol("fitted", real=True)
    lines, slopes = tangents(parameters, (Equation(equation.number, y, equation.rhs),))
    return compiled((y,), lines), compiled((y, *(slopes.get((y, x), Integer(0)) for x in parameters)), lines)


@dataclass(frozen=True)
class Data:
    """Measurements in columns: the inputs by symbol, the measured values, the group (model) of each row, and how much
    each row counts (by default one).

    ``scatter`` is the standard deviation of a row's own error, in units of the residual; by default the residuals tell
    it. ``shared`` is that of the error which all rows of a group share, divided by ``scatter``; by default there is no
    such error, and the rows are independent.

    >>> from ditcarbon_sym.equations.notation import B
    >>> rows = Data({B: np.array([1.0, 4.0])}, np.array([0.3, 0.4]), ("one", "two"))
    >>> len(rows), rows.groups
    (2, ('one', 'two'))
    """

    inputs: Mapping[Symbol, FloatArray]
    observed: FloatArray
    groups: tuple[str, ...]
    weights: FloatArray | None = None
    shared: float = 0.0
    scatter: float | None = None

    def __len__(self) -> int:
        return len(self.observed)

    def where(self, keep: Iterable[bool]) -> "Data":
        """Return the rows for which ``keep`` is true."""
        mask = np.fromiter(keep, dtype=bool, count=len(self))
        inputs = {x: column[mask] for x, column in self.inputs.items()}
        groups = tuple(g for g, kept in zip(self.groups, mask, strict=True) if kept)
        weights = None if self.weights is None else self.weights[mask]
        return Data(inputs, self.observed[mask], groups, weights, self.shared, self.scatter)

    @property
    def models(self) -> tuple[str, ...]:
        """The groups, each once; seconds and joules of a group are one."""
        return tuple(dict.fromkeys(x.removeprefix(JOULES_OF) for x in self.groups))

    def of(self, *, energy: bool) -> "Data":
        """Return the rows of joules, or those of seconds; rows are of seconds unless they say otherwise."""
        return self.where((self.inputs.get(OF_ENERGY, np.zeros(len(self))) == energy).tolist())

    def knowing(self, values: Mapping[Symbol, float]) -> "Data":
        """The rows with constants as further columns. Put into an equation, they would make it new for each fit."""
        known = {x: np.full(len(self), value) for x, value in values.items()}
        return replace(self, inputs={**self.inputs, **known})

    def validity(self, pixels_min: int | None = None) -> dict[str, Any]:
        """The smallest output in pixels (by default of the inputs), and the ranges of batch and latent tokens.

        >>> Data({B: np.array([1.0, 4.0]), ell: np.array([256.0, 1024.0])}, np.ones(2), ("a", "b")).validity(65536)
        {'pixels_min': 65536, 'batch': [1.0, 4.0], 'latent_tokens': [256.0, 1024.0]}
        """
        smallest = int((self.inputs[H] * self.inputs[W]).min()) if pixels_min is None else pixels_min
        spans = {"batch": self.inputs[B], "latent_tokens": self.inputs[ell]}
        return {"pixels_min": smallest, **{k: [float(x.min()), float(x.max())] for k, x in spans.items()}}


OF_ENERGY = Symbol("of_energy", nonnegative=True)
"""One for a row of joules, zero for a row of seconds."""
JOULES_OF = "joules of "
"""What the group of a row of joules begins with: the error that they share is not that of their seconds."""


def either(time: Equation, energy: Equation) -> Equation:
    """Seconds or joules, as a row says: ``time^(1 - w) energy^w`` with w zero or one.

    So one fit serves both laws. Constants that both need are told by both, and every covariance is there.
    """
    measured = Symbol("measured", nonnegative=True)
    return Equation(f"{time.number}, and energy", measured, time.rhs ** (1 - OF_ENERGY) * energy.rhs**OF_ENERGY)


def together(times: Data, joules: Data) -> Data:
    """Rows of seconds and, below them, rows of joules, for `either`.

    >>> from ditcarbon_sym.equations.notation import B
    >>> one = Data({B: np.array([1.0, 4.0])}, np.array([0.3, 0.4]), ("a", "b"))
    >>> both = together(one, one.where([True, False]))
    >>> both.groups, both.models, [len(both.of(energy=x)) for x in (False, True)]
    (('a', 'b', 'joules of a'), ('a', 'b'), [2, 1])
    """
    inputs = {
        x: np.concatenate([times.inputs[x], joules.inputs[x]]) for x in times.inputs.keys() & joules.inputs.keys()
    }
    inputs[OF_ENERGY] = np.repeat([0.0, 1.0], [len(times), len(joules)])
    groups = (*times.groups, *(f"{JOULES_OF}{x}" for x in joules.groups))
    return Data(inputs, np.concatenate([times.observed, joules.observed]), groups)


def whitening(data: Data) -> Callable[[FloatArray], FloatArray]:
    r"""Return the function that makes residuals independent and gives them a variance of one.

    The covariance of n rows of a group is ``scatter^2 (I + shared^2 J)``, with J all ones. Its inverse root takes a
    part of the group's mean away: ``(I - (1 - 1 / sqrt(1 + n shared^2)) J / n) / scatter``. It applies along the first
    axis.
    """
    _, group, number = np.unique(data.groups, return_inverse=True, return_counts=True)
    part = (1 - 1 / np.sqrt(1 + number * data.shared**2)) / number

    def whiten(residuals: FloatArray) -> FloatArray:
        totals = np.zeros((len(number), *residuals.shape[1:]))
        np.add.at(totals, group, residuals)
        shared = (totals.T * part).T[group] if data.shared else 0.0
        found: FloatArray = (residuals - shared) / (data.scatter or 1.0)
        return found

    return whiten
