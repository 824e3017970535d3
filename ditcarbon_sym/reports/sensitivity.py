"""How a sensitivity analysis looks: what was asked, what matters and by how much, and on which assumptions.

A report is HTML, Markdown or LaTeX, with its figures inside.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from ..analysis.sensitivity import (
    NOUNS,
    WORDS,
    Elasticity,
    Swing,
    elasticities,
    interactions,
    output_symbol,
    spans,
    tornado,
)
from ..analysis.variance import Sobol, local_agreement, sobol
from ..catalog.files import DATA
from ..equations.notation import NOTATION, E
from ..errors import InputError
from ..estimation.estimator import Estimate, estimate_at
from ..estimation.point import OperatingPoint
from ..version import __version__
from . import document
from . import estimate as request_report
from .document import Block
from .figures.sensitivity import Bars
from .formats import energy_unit, setting_words, significant

LEFT_OUT = "the Sobol indices are left out: they need SALib: pip install 'ditcarbon-sym[sensitivity]'"
STRONGEST = 6
"""How many knobs the table of interactions covers."""


@dataclass(frozen=True)
class Analysis:
    """Everything a sensitivity analysis found at one operating point.

    ``sobol`` is empty where it was not asked for, or where SALib is missing, as ``left_out`` then says.
    """

    output: str
    estimate: Estimate
    elasticities: Sequence[Elasticity]
    swings: Sequence[Swing]
    interactions: dict[tuple[str, str], float]
    sobol: Sequence[Sobol]
    agreement: float | None
    left_out: str
    samples: int
    seed: int

    @property
    def noun(self) -> str:
        """What the output is called in a sentence."""
        return NOUNS[self.output]

    @property
    def told(self) -> tuple[float, str]:
        """How the output is told: a factor on what was computed, and a unit. Energy is the accelerator's."""
        symbol = output_symbol(self.output)
        if symbol != E:
            return 1.0, NOTATION[symbol].unit.replace("gCO2eq", "g CO2eq")
        reached = (_centre(self), *(end for x in self.swings for end in (x.at_low, x.at_high)))
        factor, unit = energy_unit(*(1000.0 * x for x in reached))
        return 1000.0 * factor, f"{unit}, accelerator"

    @property
    def unit(self) -> str:
        """The unit of the output, for people."""
        return self.told[1]

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "output": self.output,
            "estimate": self.estimate.to_dict(),
            "elasticities": [{**vars(x), "sentence": x.sentence(self.noun)} for x in self.elasticities],
            "tornado": [vars(x) for x in self.swings],
            "interactions": [{"one": a, "other": b, "value": x} for (a, b), x in self.interactions.items()],
            "sobol": [vars(x) for x in self.sobol],
            "local_agreement": self.agreement,
            "samples": self.samples,
            "seed": self.seed,
            "warnings": list(self.warnings),
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to beware of: in the estimate, and of what was left out."""
        return (*self.estimate.warnings, *([self.left_out] if self.left_out else []))


def analyse(
    point: OperatingPoint,
    output: str,
    *,
    with_sobol: bool,
    samples: int,
    seed: int,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Analysis:
    """Run the whole analysis of one output at one operating point; ``ranges`` take the place of documented ones."""
    if not 0 <= seed < 2**32 - 1:
        raise InputError(f"seed = {str(seed)[:20]} is outside 0..{2**32 - 2}")
    if samples < 64 or samples > 2**18 or samples & (samples - 1):
        raise InputError(f"samples = {samples} is not a power of two in 64..262144")
    symbol = output_symbol(output)
    found = elasticities(point, symbol)
    moving = {x.knob for x in found}
    used = {knob: (low, high) for knob, (low, high, _) in spans(point, ranges).items() if knob in moving}
    if not moving:
        raise InputError(f"no input changes {output} here")
    missing = with_sobol and find_spec("SALib") is None
    with_sobol = bool(with_sobol and used and not missing)
    strongest = [x.knob for x in found if x.knob not in ("peak_flop_per_second", "mu_sat", "mu")][:STRONGEST]
    return Analysis(
        output=output,
        estimate=estimate_at(point),
        elasticities=found,
        swings=[x for x in tornado(point, symbol, ranges) if x.knob in moving],
        interactions=interactions(point, strongest, symbol),
        sobol=sobol(point, symbol, used, samples, seed) if with_sobol else (),
        agreement=local_agreement(point, symbol, seed=seed) if with_sobol else None,
        left_out=LEFT_OUT if missing else "",
        samples=samples,
        seed=seed,
    )


def elasticity_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return knob, where it stands, elasticity and sentence."""
    return [
        (WORDS[x.knob], setting_words(x.knob, x.setting), f"{x.value:+.4f}", x.sentence(analysis.noun))
        for x in analysis.elasticities
    ]


def swing_words(swing: Swing) -> str:
    """Write the range of a bar."""
    return f"{setting_words(swing.knob, swing.low_setting)} to {setting_words(swing.knob, swing.high_setting)}"


def swing_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return knob, range, output at both ends and source."""
    scale, _ = analysis.told
    return [
        (
            WORDS[x.knob],
            swing_words(x),
            significant(scale * x.at_low),
            significant(scale * x.at_high),
            f"{x.source} ({x.note})" if x.note else x.source,
        )
        for x in analysis.swings
    ]


def interaction_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the pairs whose elasticities depend on each other, the strongest first."""
    pairs = sorted(analysis.interactions.items(), key=lambda item: -abs(item[1]))
    return [(WORDS[a], WORDS[b], f"{x:+.4f}") for (a, b), x in pairs if abs(x) >= 5e-5]


def sobol_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return first- and total-order indices beside the local share."""
    return [
        (
            WORDS[x.knob],
            f"{x.first:.3f} ± {x.first_half_width:.3f}",
            f"{x.total:.3f} ± {x.total_half_width:.3f}",
            f"{x.local_share:.3f}",
        )
        for x in analysis.sobol
    ]


def agreement_words(analysis: Analysis) -> str:
    """Say how well the local and the global analysis agree over narrow ranges, where they must."""
    return (
        f"Check: over ranges 1 % wide, first-order indices and local shares differ by {analysis.agreement:.4f}; "
        "where they differ above, the ranges are wide, not the method wrong."
    )


def _blocks(analysis: Analysis) -> list[Block]:
    result, noun = analysis.estimate, analysis.noun
    blocks: list[Block] = [
        ("heading", "The request and its answer"),
        ("text", request_report.title(result)),
        ("table", (request_report.header(result), request_report.rows(result))),
    ]
    if analysis.warnings:
        blocks.append(("list", [f"Warning: {warning}" for warning in analysis.warnings]))
    strongest = [x.sentence(noun) for x in analysis.elasticities[:5]]
    blocks += [
        ("heading", "What matters here"),
        ("list", [f"{sentence}." for sentence in strongest]),
        ("text", "Elasticities are exact: the gradient of the closed chain of equations at this operating point."),
        ("figure", (f"Exact elasticities of {noun} at the operating point.", "elasticities")),
        ("table", (("input", "stands at", "elasticity", "in words"), elasticity_rows(analysis))),
        *(_over_ranges(analysis) if analysis.swings else ()),
        ("heading", "Where inputs interact"),
        (
            "text",
            "The exact second derivative of the logarithm: by how much the elasticity to one input grows when the "
            "logarithm of the other grows by one. Pairs that only multiply have none and are not listed.",
        ),
        ("table", (("input", "with", "second derivative"), interaction_rows(analysis))),
    ]
    if analysis.sobol:
        blocks += [
            ("heading", "Shares of the variance"),
            (
                "text",
                f"Sobol indices, same ranges, uniform; {analysis.samples} samples, seed {analysis.seed}. "
                f"{agreement_words(analysis)}",
            ),
            ("table", (("input", "first order", "total", "local share"), sobol_rows(analysis))),
        ]
    return [
        *blocks,
        ("heading", "What it rests on"),
        ("table", (("what", "how"), request_report.basis_rows(result))),
        ("text", f"ditcarbon_sym {__version__}; data {data_version()}."),
    ]


def _over_ranges(analysis: Analysis) -> list[Block]:
    noun = analysis.noun
    return [
        ("heading", "Over documented ranges"),
        (
            "text",
            f"Each input alone moves through its documented range, all others stay; {noun} in {analysis.unit}.",
        ),
        ("figure", (f"{noun[:1].upper()}{noun[1:]} over the documented range of each input.", "tornado")),
        ("table", (("input", "range", "at low end", "at high end", "source of the range"), swing_rows(analysis))),
    ]


def data_version() -> str:
    """Return a fingerprint of the shipped data files: the same data, the same letters."""
    digest = hashlib.sha256()
    for path in sorted(DATA.rglob("*.toml")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _centre(analysis: Analysis) -> float:
    """The output at the operating point itself."""
    result, name = analysis.estimate, analysis.output
    values = {
        "per_output_g": result.per_output_g.value,
        "total_g": result.total_g.value,
        "operational_g": result.operational_g.value,
        "embodied_g": result.embodied_g.value,
        "energy_kwh": None if result.energy_wh.value is None else result.energy_wh.value / 1000,
        "time_s": result.time_s.value,
        "mu": result.efficiency["value"],
        "flops": result.flops["total"],
        "parameters": result.parameters,
    }
    return float(values[name] or 0.0)


def _bars(analysis: Analysis) -> Bars:
    scale, unit = analysis.told
    swings = [replace(x, at_low=scale * x.at_low, at_high=scale * x.at_high) for x in analysis.swings]
    return Bars(analysis.elasticities, swings, scale * _centre(analysis), analysis.noun, unit)


def render(analysis: Analysis, suffix: str) -> str:
    """Write the report as .html, .md or .tex; each stands alone, figures inside."""
    title = f"Sensitivity of {analysis.noun}: {analysis.estimate.model}"
    return document.render(title, _blocks(analysis), suffix, _bars(analysis))
