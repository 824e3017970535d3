"""How many accelerators, and how to split a request over them: questions whose answers are whole numbers.

Time is not monotone in the number of accelerators: beyond some number another one costs time. So every number up to
that of a node is estimated with its best split, and the answer is chosen among them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Symbol

from ..equations import pipeline
from ..equations.derivatives import gradient
from ..equations.notation import NOTATION, C_total, g, tau
from ..equations.parallel.symbols import n_gpu, n_R, n_U
from ..errors import InputError
from ..estimation.intervals import predictive
from ..estimation.point import OperatingPoint, asked_again, split_of
from ..estimation.several.route import NODE
from ..estimation.several.split import valid_splits
from .inversion import DECREASING, INCREASING, TOLD, Solution

SEARCHED = "every number up to that of a node, each with its best split"


@dataclass(frozen=True)
class Choice:
    """One number of accelerators, split as it is: time and another output, with the ends of the interval of the latter,
    in the unit they are told in.
    """

    point: OperatingPoint
    gpus: int
    split: str
    seconds: float
    value: float
    low: float | None
    high: float | None


def choice(point: OperatingPoint, output: Symbol) -> Choice:
    """The output of an operating point, and its split."""
    scale = TOLD.get(output, (1.0, ""))[0]
    found = pipeline.evaluate(point.values, (tau, output), point.route)
    low, high = predictive(point, (output,)).get(output, (None, None))
    ends = (None if x is None else scale * x for x in (low, high))
    gpus, seconds, value = (float(x) for x in (point.values.get(n_gpu, 1), found[tau], found[output]))
    return Choice(point, int(gpus), split_of(point.values), seconds, scale * value, *ends)


def numbers(point: OperatingPoint, output: Symbol) -> list[Choice]:
    """Every number of accelerators to a node, each with the split that takes least time."""
    most = point.device.node_gpus or NODE
    return [choice(asked_again(point, gpus=k), output) for k in range(1, most + 1)]


def fewest(point: OperatingPoint, output: Symbol, budget: float, *, sure: bool) -> Solution:
    """Return the fewest accelerators that meet a deadline, or the most that stay within carbon or energy.

    With ``sure`` the upper end of the 90 % interval has to meet it. Raises `InputError` where no number does.
    """
    unit = TOLD.get(output, (1.0, NOTATION[output].unit))[1]
    found = numbers(point, output)
    if sure and any(x.high is None for x in found):
        raise InputError("sure: no interval is known here, so that nothing is sure")
    meeting = [x for x in found if (x.high if sure and x.high is not None else x.value) <= budget]
    words = "surely " if sure else ""
    if not meeting:
        best = min(found, key=lambda x: x.value)
        end = "" if best.high is None else f" ({best.low:.4g} to {best.high:.4g})"
        raise InputError(
            f"no solution: of 1 to {found[-1].gpus} accelerators {best.gpus} take least, {best.value:.4g} {unit}{end}, "
            f"which is {'not surely within' if sure else 'above'} the budget of {budget:.4g}"
        )
    falls = output == tau
    best = meeting[0] if falls else max(meeting, key=lambda x: x.gpus)
    question = f"{'fewest' if falls else 'most'} accelerators at which it {words}takes at most {budget:.4g} {unit}"
    return Solution(
        "gpus", NOTATION[output].field, unit, budget, float(best.gpus), float(best.gpus), best.value,
        budget - best.value, DECREASING if falls else INCREASING, SEARCHED, question, best.low, best.high,
        beside=(("split", best.split), *_beyond(found), *_price_of_time(best.point)),
    )  # fmt: skip


def _beyond(found: Sequence[Choice]) -> list[tuple[str, str]]:
    """The number beyond which another accelerator costs time, within a node."""
    fastest = min(found, key=lambda x: x.seconds)
    more = "" if fastest.gpus == found[-1].gpus else "; more take longer"
    words = "1 accelerator" if fastest.gpus == 1 else f"{fastest.gpus} accelerators, {fastest.split}"
    return [("fastest", f"{words}: {fastest.seconds:.4g} s{more}")]


def _price_of_time(point: OperatingPoint) -> list[tuple[str, str]]:
    """Grams that a second less costs, where accelerators save time: the exact derivative along the larger degree."""
    if point.values.get(n_gpu, 1) == 1:
        return []
    x = n_U if point.values[n_U] >= point.values[n_R] else n_R
    slopes = [float(gradient(point.values, y, point.route, (x,))[x]) for y in (C_total, tau)]
    if math.isnan(slopes[0]) or slopes[1] >= 0:
        return []
    return [("a second less", f"costs {-slopes[0] / slopes[1]:.3g} gCO2eq a batch, by more accelerators")]


def best_split(point: OperatingPoint, output: Symbol) -> Solution:
    """Return the split of so many accelerators that takes least of an output, with all others beside it."""
    gpus = int(point.values.get(n_gpu, 1))
    if gpus == 1:
        raise InputError("cannot solve for split: one accelerator splits nothing; give --gpus")
    unit = TOLD.get(output, (1.0, NOTATION[output].unit))[1]
    splits = valid_splits(point.model, gpus, int(point.values[g]))
    found = sorted((choice(asked_again(point, split=str(x)), output) for x in splits), key=lambda x: x.value)
    best = found[0]
    question = f"split of {gpus} accelerators that takes least {'time' if output == tau else NOTATION[output].meaning}"
    return Solution(
        "split", NOTATION[output].field, unit, best.value, float(gpus), float(gpus), best.value, 0.0, INCREASING,
        "every valid split", question, best.low, best.high, answer=best.split,
        beside=tuple((x.split, f"{x.value:.4g} {unit}, {x.seconds:.4g} s") for x in found),
    )  # fmt: skip
