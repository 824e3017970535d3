r"""Which few configurations to measure: greedy D-optimal design on the exact Jacobian of the law.

A row measures the logarithm of time, ``ln tau = ln law(theta)``; its information on ``ln theta`` is the outer product
of the law's elasticities. The rows of one model share an error (the scatter of models held out of a fit), so more rows
of the same model tell less and less. The next configuration is the one that raises the log-determinant of the
information most, for each second that it costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
from sympy import Symbol

from ..catalog.entries import Gpu
from ..catalog.loading import shipped_calibration
from ..equations import operator_law, parallel
from ..equations.efficiency import saturation
from ..equations.equation import Equation
from ..equations.notation import (
    B_0,
    F_VAE,
    F_text,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    ell_star,
    eps_byte,
    eps_flop,
    mu_sat,
    r_attn,
    t_launch,
)
from ..equations.parallel.symbols import c_copy, c_ring, c_VAE, e_link, e_ring, t_host, t_ring, t_swap, t_wrap
from ..errors import InputError
from ..estimation.several.route import law
from ..numerics.blocks import FloatArray
from ..numerics.functions import compiled

SPREAD: Mapping[Symbol, float] = MappingProxyType({
    t_launch: 2.0, e_dense: 0.7, r_attn: 1.0, e_mem: 1.0, e_VAE: 1.0, eps_flop: 0.7, eps_byte: 1.0,
    mu_sat: 1.0, B_0: 1.0, ell_star: 1.0,
    t_wrap: 1.5, t_swap: 1.5, t_ring: 1.5, e_link: 1.0, e_ring: 1.0, c_copy: 1.5, c_ring: 1.5, c_VAE: 1.5, t_host: 1.5,
})  # fmt: skip
"""What is known of a parameter before any measurement: the standard deviation of its logarithm about the expected
value. It is assumed, and wider than accelerators differ. From the B200 to the A100, the part of peak that products
reach differs by a third, and that of attention beside it by half; launches of older software take ten times as long."""
ROW_SCATTER = 0.03
"""Scatter of a row about its model's own line, in logarithms. It is assumed: one harness repeats itself within a few
per cent (the V100's corpus within about 1 %), two teams differ by 5 to 18 %."""
MODEL_SCATTER = 0.12
"""Scatter between models. It is assumed: models held out of the operator law's fits show about as much (0.10 on H100
and B200)."""
LEVEL = 0.9


@dataclass(frozen=True)
class Law:
    """An equation, with the parameters that a calibration fits and their expected values."""

    equation: Equation
    expected: Mapping[Symbol, float]


@dataclass(frozen=True)
class Design:
    """One chosen configuration, and what is known once it and all earlier ones are measured.

    ``half_widths`` are those of the parameters' 90 % intervals, in logarithms; ``prediction`` is that of a typical
    prediction for a new model. ``determinant`` is the natural logarithm of the information's determinant, over the one
    before any measurement.

    >>> Design(0, 5.0, 5.0, {}, 0.3, 1.2).elapsed
    5.0
    """

    index: int
    seconds: float
    elapsed: float
    half_widths: Mapping[Symbol, float]
    prediction: float
    determinant: float


@lru_cache(maxsize=1)
def time_law() -> Law:
    """The denoiser's law of time, with the H100's shipped values and an assumed time of a launch."""
    shipped = shipped_calibration("h100-sxm-80gb", operator_law.LAW)
    assert shipped is not None, "the package ships the H100's calibration"
    expected = {t_launch: operator_law.LAUNCH, **{x: shipped.values[x] for x in (e_dense, r_attn, e_mem)}}
    alone = {F_text: 0.0, F_VAE: 0.0, e_VAE: operator_law.ASSUMED[e_VAE]}
    return Law(operator_law.runtime.at(alone), MappingProxyType(expected))


@lru_cache(maxsize=1)
def bgr_law() -> Law:
    """Eq. (3) with the V100's shipped values, except its sequence saturation, which is on a bound: 100 tokens here."""
    shipped = shipped_calibration("v100-pcie-16gb")
    values = shipped.values if shipped is not None else {mu_sat: 0.4, B_0: 0.15}
    expected = {mu_sat: values[mu_sat], B_0: values[B_0], ell_star: 100.0}
    return Law(saturation, MappingProxyType(expected))


@lru_cache(maxsize=1)
def several_law() -> Law:
    """The law of time of several accelerators; what splitting adds is fitted, the law of one is taken as known."""
    return Law(parallel.closed(parallel.runtime), MappingProxyType({x: law().values[x] for x in parallel.TIME}))


def law_named(name: str) -> Law:
    """The law of this name; raises `InputError` with the names of the laws."""
    if name not in ("bgr", operator_law.LAW):
        raise InputError(f"law = {name!r} is unknown; expected 'bgr' or {operator_law.LAW!r}")
    return bgr_law() if name == "bgr" else time_law()


def demand_bandwidth(gpu: Gpu) -> None:
    """Raise `InputError` if an accelerator's bandwidth is unknown, which the expected seconds need."""
    if bandwidth not in gpu.values:
        raise InputError(
            f"gpu {gpu.id!r} has no bandwidth_byte_per_second, without which no seconds can be expected; "
            "give it with --catalog"
        )


def expected_seconds(law: Law, inputs: Mapping[Symbol, FloatArray]) -> FloatArray:
    """The seconds that the law expects of each configuration."""
    found: FloatArray = np.broadcast_to(law.equation({**inputs, **law.expected}), _shape(inputs))
    return found


def elasticities(law: Law, inputs: Mapping[Symbol, FloatArray]) -> FloatArray:
    """Exact derivatives of the law's logarithm by the logarithms of its parameters: (configurations, parameters)."""
    function = compiled(tuple(law.equation.elasticity(x) for x in law.expected))
    shape = _shape(inputs)
    return np.column_stack([np.broadcast_to(column, shape) for column in function({**inputs, **law.expected})])


def _shape(inputs: Mapping[Symbol, FloatArray]) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(column) for column in inputs.values()))


@dataclass
class Information:
    """What rows tell of the parameters. The rows of one model share an error, which is eliminated exactly."""

    size: int
    squares: dict[str, FloatArray] = field(default_factory=dict)
    sums: dict[str, FloatArray] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def of(self, group: str, row: FloatArray | None = None) -> FloatArray:
        """The information of one model's rows, with one more if ``row`` is given."""
        squares = self.squares.get(group, np.zeros((self.size, self.size)))
        total = self.sums.get(group, np.zeros(self.size))
        number = self.numbers.get(group, 0)
        if row is not None:
            squares, total, number = squares + np.outer(row, row), total + row, number + 1
        shared = MODEL_SCATTER**2 / (ROW_SCATTER**2 + number * MODEL_SCATTER**2)
        found: FloatArray = (squares - shared * np.outer(total, total)) / ROW_SCATTER**2
        return found

    def add(self, group: str, row: FloatArray) -> None:
        """Take a row in."""
        self.squares[group] = self.squares.get(group, np.zeros((self.size, self.size))) + np.outer(row, row)
        self.sums[group] = self.sums.get(group, np.zeros(self.size)) + row
        self.numbers[group] = self.numbers.get(group, 0) + 1


def design(
    law: Law,
    inputs: Mapping[Symbol, FloatArray],
    groups: Sequence[str],
    seconds: Sequence[float],
    loading: Mapping[str, float],
    budget: float | None = None,
    number: int | None = None,
) -> list[Design]:
    """Order configurations: the next one always gains most for each second, until ``budget`` or ``number``.

    ``seconds`` is the cost of measuring each one. ``loading`` is the cost of loading a model after another one.

    >>> from ..equations.efficiency import saturation
    >>> from ..equations.notation import B, B_0, ell, ell_star, mu_sat
    >>> law = Law(saturation, {mu_sat: 0.4, B_0: 0.2, ell_star: 100.0})
    >>> at = {B: np.array([1.0, 8.0]), ell: np.array([256.0, 4096.0])}
    >>> order = design(law, at, ("one", "other"), (5.0, 9.0), {"one": 2.0, "other": 2.0}, number=2)
    >>> [x.index for x in order]
    [0, 1]
    """
    rows = elasticities(law, inputs)
    known = Information(rows.shape[1])
    whole = np.diag([1 / SPREAD[x] ** 2 for x in law.expected])
    start = float(np.linalg.slogdet(whole)[1])
    left, loaded, elapsed = list(range(len(rows))), "", 0.0
    found: list[Design] = []
    while left and (number is None or len(found) < number):
        before = float(np.linalg.slogdet(whole)[1])
        best, most = -1, -np.inf
        for k in left:
            cost = seconds[k] + (0.0 if groups[k] == loaded else loading.get(groups[k], 0.0))
            if budget is not None and elapsed + cost > budget:
                continue
            after = whole - known.of(groups[k]) + known.of(groups[k], rows[k])
            gain = (float(np.linalg.slogdet(after)[1]) - before) / cost
            if gain > most:
                best, most = k, gain
        if best < 0:
            break
        group = groups[best]
        cost = seconds[best] + (0.0 if group == loaded else loading.get(group, 0.0))
        whole = whole - known.of(group) + known.of(group, rows[best])
        known.add(group, rows[best])
        left.remove(best)
        loaded, elapsed = group, elapsed + cost
        found.append(_known_now(law, best, cost, elapsed, whole, rows, start))
    return found


def _known_now(
    law: Law, index: int, cost: float, elapsed: float, whole: FloatArray, rows: FloatArray, start: float
) -> Design:
    quantile = NormalDist().inv_cdf((1 + LEVEL) / 2)
    covariance = np.linalg.inv(whole)
    widths = dict(zip(law.expected, quantile * np.sqrt(np.diag(covariance)), strict=True))
    ours = np.median(np.einsum("ij,jk,ik->i", rows, covariance, rows))
    prediction = quantile * float(np.sqrt(ours + MODEL_SCATTER**2 + ROW_SCATTER**2))
    determinant = float(np.linalg.slogdet(whole)[1]) - start
    return Design(index, cost, elapsed, {x: float(w) for x, w in widths.items()}, prediction, determinant)
