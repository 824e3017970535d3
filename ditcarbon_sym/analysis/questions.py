"""The questions as users ask them: which input meets a budget, or a rival; and what matters, and by how much."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from sympy import Symbol

from ..catalog.loading import Catalog, load
from ..display import Shown
from ..equations.notation import NOTATION, C_output, C_total, E, H, S, W, tau
from ..equations.software import CONSTANTS as OF_MODES
from ..errors import InputError
from ..estimation.estimator import Estimate, estimate_at
from ..estimation.memory import peak_notes
from ..estimation.point import OperatingPoint, asked_again, counted_alike, operating_point
from ..estimation.routes import order_notes, outside_validity
from .inversion import Solution, answered, break_even, within
from .knobs import CONSTANTS, OF_A_MODE, loosened
from .places import Placed, asked_without_place, places_within
from .saving import Saving, savings
from .sensitivity import NOUNS, Elasticity, Swing, elasticities, interactions, output_symbol, spans, tornado
from .variance import ERROR, Sobol, local_agreement, sobol


@dataclass(frozen=True)
class Answer(Shown):
    """A solution, the request that it is about, and what to beware of.

    >>> solve("pixart-alpha", "steps", budget_g=0.3, efficiency="bgr").to_dict()["unknown"]
    'steps'
    """

    point: OperatingPoint
    solution: Solution
    warnings: tuple[str, ...]
    places: tuple[Placed, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        found = {"model": self.point.model.id, **vars(self.solution), "warnings": list(self.warnings)}
        return found | ({"places": [vars(x) for x in self.places]} if self.places else {})


def solve(
    model: str | None = None,
    unknown: str = "resolution",
    *,
    budget_g: float | None = None,
    budget_wh: float | None = None,
    budget_s: float | None = None,
    per: str | None = None,
    against: Mapping[str, Any] | None = None,
    both: bool = False,
    sure: bool = False,
    **options: Any,
) -> Answer:
    """Find the extreme value of one input within a budget, or the value at which two requests cost the same.

    Give one budget (grams of CO2eq, Wh or seconds), or ``against``: a rival's ``model``, ``gpu``, ``datacenter`` or
    ``mu``. Carbon is that of one output, or of the batch with ``per="batch"``; time and energy are of the batch. With
    ``both`` the unknown is the same in the two requests. ``options`` are those of `estimate`. Raises `InputError`.

    With ``sure`` the upper end of the 90 % interval meets the budget.

    For "gpus" it is the fewest accelerators for a deadline; for "split" the degrees that take least time, or least of
    what a budget would be of. For "place" it is every place where the carbon is within the budget, the least first.

    >>> found = solve("pixart-alpha", "steps", budget_g=0.5).solution
    >>> found.unknown, found.value, found.reached <= found.budget
    ('steps', 42.0, True)
    """
    given = {unit: x for unit, x in (("g", budget_g), ("wh", budget_wh), ("s", budget_s)) if x is not None}
    rival = {key: value for key, value in (against or {}).items() if value is not None}
    if sure and (rival or unknown == "split"):
        raise InputError("--sure is about a budget; of two requests, compare says what is known")
    if unknown in ("gpus", "split"):
        return _of_several(operating_point(model, **options), unknown, given, per, sure=sure, alone=not (rival or both))
    if unknown in ("place", "datacenter"):
        return _of_places(model, given, per, options, sure=sure, alone=not (rival or both))
    if len(given) + bool(rival) != 1:
        raise InputError(
            "give one budget (--budget-g, --budget-wh or --budget-s) or a rival (--against-...), not several or none"
        )
    if per not in (None, "output", "batch"):
        raise InputError(f"per = {per!r} is neither 'output' nor 'batch'")
    if per is not None and "g" not in given and not rival:
        raise InputError("--per is about carbon: time and energy are of the batch")
    if both and not rival:
        raise InputError("--both needs a rival (--against-...)")
    carbon = C_total if per == "batch" else C_output
    asked = {**options, **({unknown: 0.5} if unknown in OF_A_MODE else {})}  # so that the law has the symbol
    if rival:
        point, other = _pair(model, asked, asked if both else options, rival)
        if estimate_at(other).total_g.value is None:
            raise InputError(f"no break-even: the carbon of the rival is unknown: {'; '.join(other.notes)}")
        solution = break_even(point, other, unknown, carbon, both=both)
        if not both:
            asks = f"{other.values[H]:g} x {other.values[W]:g}, {other.values[S]:g} steps"
            solution = replace(solution, question=f"{solution.question} at {asks}")
        met = other if not both else answered(other, unknown, solution.value)
        notes = tuple(f"of the rival: {note}" for note in (*_lasting(other), *_notes(met)))
    else:
        point = operating_point(model, **asked)
        ((unit, budget),) = given.items()
        output: Symbol = {"g": carbon, "wh": E, "s": tau}[unit]
        solution = within(point, unknown, output, budget, sure=sure)
        notes = ()
    there = answered(point, unknown, solution.value)
    square = unknown == "resolution" and point.values[H] != point.values[W]
    shape = ("the request is not square; the answer is the side of a square output",) if square else ()
    at_answer = tuple(f"at the answer: {note}" for note in _notes(there))
    lasting = _lasting(there if unknown in OF_A_MODE else point)
    return Answer(point, solution, (*shape, *lasting, *at_answer, *notes))


def _of_several(
    point: OperatingPoint, unknown: str, given: Mapping[str, float], per: str | None, *, sure: bool, alone: bool
) -> Answer:
    """How many accelerators, or which split."""
    from .several import best_split, fewest

    if not alone or len(given) > 1 or (unknown == "gpus" and not given):
        raise InputError(f"--for {unknown} takes one budget (--budget-s, --budget-wh or --budget-g) and no rival")
    unit, budget = next(iter(given.items()), ("s", 0.0))
    if unknown == "gpus" and not 0 < budget < math.inf:
        raise InputError(f"budget = {budget:g} is not a positive number")
    output: Symbol = {"g": C_total if per == "batch" else C_output, "wh": E, "s": tau}[unit]
    solution = fewest(point, output, budget, sure=sure) if unknown == "gpus" else best_split(point, output)
    change = {"gpus": solution.value} if unknown == "gpus" else {"split": solution.answer}
    return Answer(point, solution, estimate_at(asked_again(point, **change)).warnings)


def _of_places(
    model: str | None,
    given: Mapping[str, float],
    per: str | None,
    options: Mapping[str, Any],
    *,
    sure: bool,
    alone: bool,
) -> Answer:
    """The places within a budget of carbon; all else of the request is as asked for."""
    if not alone or list(given) != ["g"]:
        raise InputError("--for place takes a budget of carbon (--budget-g) and no rival: nothing else depends on it")
    asked_without_place(options)
    method = options.get("method")
    point = operating_point(model, **{**options, "method": None})
    point = replace(point, asked={**point.asked, "method": method})
    solution, inside = places_within(point, C_total if per == "batch" else C_output, given["g"], sure=sure)
    return Answer(point, solution, _lasting(point), inside)


def _pair(
    model: str | None, own: Mapping[str, Any], shared: Mapping[str, Any], rival: Mapping[str, Any]
) -> tuple[OperatingPoint, OperatingPoint]:
    """The operating points of a request and its rival: the same with another model, accelerator, efficiency or place,
    both counted within one boundary.
    """
    options = dict(shared)
    if "gpu" in rival:
        options |= {"gpu": rival["gpu"], "calibration": None}
    if "mu" in rival:
        options |= {"mu": rival["mu"], "calibration": None, "efficiency": None}
    elif "gpu" in rival and options.get("mu") is not None:
        raise InputError("--mu is a measurement on one accelerator; give the rival's own with --against-mu")
    if "datacenter" in rival:
        options |= {"datacenter": rival["datacenter"], "pue": None, "grid": None}
    catalog = own.get("catalog")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    (one, other), _ = counted_alike(entries, (own, options))
    return operating_point(model, **one), operating_point(rival.get("model", model), **other)


def _lasting(point: OperatingPoint) -> tuple[str, ...]:
    """Return the warnings that hold wherever the unknown stands, such as those about missing facts."""
    passing = set(_notes(point))
    return tuple(note for note in estimate_at(point).warnings if note not in passing)


def _notes(point: OperatingPoint) -> tuple[str, ...]:
    """Say how a point lies outside the range of its calibration, how far its FLOP are off, and whether it fits."""
    outside = () if point.calibration is None else outside_validity(point.calibration, point.model, point.values)
    beware = order_notes(point.route, point.calibration, point.model, point.values)
    return (*outside, *beware, *peak_notes(point.model, point.values, point.device))


LEFT_OUT = "the Sobol indices are left out: they need SALib: pip install 'ditcarbon-sym[sensitivity]'"
STRONGEST = 6
"""How many knobs the table of interactions covers."""
LAWS_OWN = {"peak_flop_per_second", "mu", *(NOTATION[x].field for x in (*CONSTANTS, *OF_MODES))}
"""Knobs that it leaves out: they only scale."""


@dataclass(frozen=True)
class Sensitivity(Shown):
    """Everything a sensitivity analysis found at one operating point; ``sobol`` is empty
    where it was not asked for, or where SALib is missing, as ``left_out`` then says.

    >>> found = sensitivity("dit-xl-2-256", "flops", with_sobol=False, efficiency="bgr")
    >>> found.noun, found.elasticities[0].knob
    ('FLOP', 'side')
    """

    output: str
    estimate: Estimate
    elasticities: Sequence[Elasticity]
    swings: Sequence[Swing]
    interactions: dict[tuple[str, str], float]
    sobol: Sequence[Sobol]
    agreement: float | None
    samples: int
    seed: int
    left_out: str = ""
    savings: Sequence[Saving] = ()

    @property
    def noun(self) -> str:
        """What the output is called in a sentence."""
        return NOUNS[self.output]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to beware of: in the estimate, and of what was left out."""
        return (*self.estimate.warnings, *([self.left_out] if self.left_out else []))

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "output": self.output,
            "estimate": self.estimate.to_dict(),
            "elasticities": [{**vars(x), "sentence": x.sentence(self.noun)} for x in self.elasticities],
            "tornado": [vars(x) for x in self.swings],
            "interactions": [{"one": a, "other": b, "value": x} for (a, b), x in self.interactions.items()],
            "sobol": [vars(x) for x in self.sobol],
            "savings": [vars(x) for x in self.savings],
            "local_agreement": self.agreement,
            "samples": self.samples,
            "seed": self.seed,
            "warnings": list(self.warnings),
        }


def sensitivity(
    model: str | None = None,
    output: str = "per_output_g",
    *,
    with_sobol: bool = True,
    samples: int = 1024,
    seed: int = 0,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    **options: Any,
) -> Sensitivity:
    """Find what changes one output of a request, and by how much: locally, over ranges, in pairs, and globally.

    ``ranges`` take the place of documented ones. ``with_sobol`` needs the extra ``sensitivity`` (SALib); ``samples`` is
    a power of two. ``options`` are those of `estimate`. Raises `InputError` in one line.

    >>> found = sensitivity("pixart-alpha", with_sobol=False)
    >>> found.elasticities[0].knob, round(found.elasticities[0].value, 2)
    ('side', 2.9)
    """
    point = operating_point(model, **options)
    if not 0 <= seed < 2**32 - 1:
        raise InputError(f"seed = {str(seed)[:20]} is outside 0..{2**32 - 2}")
    if samples < 64 or samples > 2**18 or samples & (samples - 1):
        raise InputError(f"samples = {samples} is not a power of two in 64..262144")
    symbol = output_symbol(output)
    found = elasticities(point, symbol)
    moving = {x.knob for x in found}
    used = {knob: (low, high) for knob, (low, high, _) in spans(loosened(point), ranges).items() if knob in moving}
    if not moving:
        raise InputError(f"no input changes {output} here")
    missing = with_sobol and find_spec("SALib") is None
    with_sobol = bool(with_sobol and used and not missing)
    strongest = [x.knob for x in found if x.knob not in LAWS_OWN][:STRONGEST]
    return Sensitivity(
        output=output,
        estimate=estimate_at(point),
        elasticities=found,
        swings=[x for x in tornado(point, symbol, ranges) if x.knob in moving or x.knob == ERROR],
        interactions=interactions(point, strongest, symbol),
        sobol=sobol(point, symbol, used, samples, seed) if with_sobol else (),
        agreement=local_agreement(point, symbol, seed=seed) if with_sobol else None,
        samples=samples,
        seed=seed,
        left_out=LEFT_OUT if missing else "",
        savings=savings(point, symbol),
    )
