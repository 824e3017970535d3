"""How a sensitivity analysis looks: what was asked, what matters and by how much, and on which assumptions.

A report is HTML, Markdown or LaTeX, with its figures inside.
"""

import hashlib
from dataclasses import replace

from ..analysis.knobs import WORDS
from ..analysis.questions import Sensitivity
from ..analysis.sensitivity import Swing, output_symbol
from ..catalog.files import DATA
from ..equations.notation import NOTATION, E
from ..version import __version__
from . import document, estimate as request_report
from .document import Block
from .figures.sensitivity import Bars
from .formats import energy_unit, setting_words, significant


def told(analysis: Sensitivity) -> tuple[float, str]:
    """How the output is told: a factor on what was computed, and a unit. Energy is the accelerator's."""
    symbol = output_symbol(analysis.output)
    if symbol != E:
        return 1.0, NOTATION[symbol].unit.replace("gCO2eq", "g CO2eq")
    reached = (_centre(analysis), *(end for x in analysis.swings for end in (x.at_low, x.at_high)))
    factor, unit = energy_unit(*(1000.0 * x for x in reached))
    return 1000.0 * factor, f"{unit}, accelerator"


def elasticity_rows(analysis: Sensitivity) -> list[tuple[str, ...]]:
    """Return knob, where it stands, elasticity and sentence."""
    return [
        (WORDS[x.knob], setting_words(x.knob, x.setting), f"{x.value:+.4f}", x.sentence(analysis.noun))
        for x in analysis.elasticities
    ]


def swing_words(swing: Swing) -> str:
    """Write the range of a bar."""
    return f"{setting_words(swing.knob, swing.low_setting)} to {setting_words(swing.knob, swing.high_setting)}"


def swing_rows(analysis: Sensitivity) -> list[tuple[str, ...]]:
    """Return knob, range, output at both ends and source."""
    scale, _ = told(analysis)
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


def saving_rows(analysis: Sensitivity) -> list[tuple[str, ...]]:
    """Return change, output with it, interval, what it saves, and whether that is known."""
    scale, _ = told(analysis)
    here = _centre(analysis)
    return [
        (
            x.change, significant(scale * x.value),
            "" if x.low is None or x.high is None else
            f"{significant(scale * x.low)} to {significant(scale * x.high)}",
            f"{significant(scale * x.saves)} ({x.saves / here:.0%})",
            ("outside" if x.known else "inside") + " the uncertainty" + ("; another output" if x.quality else ""),
        )
        for x in analysis.savings
    ]  # fmt: skip


def interaction_rows(analysis: Sensitivity) -> list[tuple[str, ...]]:
    """Return the pairs whose elasticities depend on each other, the strongest first."""
    pairs = sorted(analysis.interactions.items(), key=lambda item: -abs(item[1]))
    return [(WORDS[a], WORDS[b], f"{x:+.4f}") for (a, b), x in pairs if abs(x) >= 5e-5]


def sobol_rows(analysis: Sensitivity) -> list[tuple[str, ...]]:
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


def exactness_words(analysis: Sensitivity) -> str:
    """Say what is exact, and how far the law itself is off."""
    error = next((x for x in analysis.swings if x.knob == "law"), None)
    off = (
        "is off by an amount that is not known here"
        if error is None
        else f"is off by a factor of up to {error.high_setting:.2f} on 90 % of models it has not seen"
    )
    return f"Elasticities are exact derivatives of the law; the law is not exact and {off}."


def agreement_words(analysis: Sensitivity) -> str:
    """Say how well the local and the global analysis agree over narrow ranges, where they must."""
    return (
        f"Check: over ranges 1 % wide, first-order indices and local shares differ by {analysis.agreement:.4f}; "
        "where they differ above, the ranges are wide, not the method wrong."
    )


def _blocks(analysis: Sensitivity) -> list[Block]:
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
        ("text", exactness_words(analysis)),
        ("figure", (f"Exact elasticities of {noun} at the operating point.", "elasticities")),
        ("table", (("input", "stands at", "elasticity", "in words"), elasticity_rows(analysis))),
        *(_over_ranges(analysis) if analysis.swings else ()),
        *(_helping(analysis) if analysis.savings else ()),
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


def _over_ranges(analysis: Sensitivity) -> list[Block]:
    noun = analysis.noun
    return [
        ("heading", "Over documented ranges"),
        (
            "text",
            f"Each input alone moves through its documented range, all others stay; {noun} in {told(analysis)[1]}.",
        ),
        ("figure", (f"{noun[:1].upper()}{noun[1:]} over the documented range of each input.", "tornado")),
        ("table", (("input", "range", "at low end", "at high end", "source of the range"), swing_rows(analysis))),
    ]


SAVINGS = ("change", "with it", "90% interval", "saves", "in words")
HELPS = "Each change alone; the interval is that of the ratio to the request as it stands. Quality is not predicted."


def _helping(analysis: Sensitivity) -> list[Block]:
    return [
        ("heading", "What helps most"),
        ("text", f"{HELPS} {analysis.noun} in {told(analysis)[1]}."),
        ("table", (SAVINGS, saving_rows(analysis))),
    ]


def data_version() -> str:
    """Return a fingerprint of the shipped data files: the same data, the same letters."""
    digest = hashlib.sha256()
    for path in sorted(DATA.rglob("*.toml")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _centre(analysis: Sensitivity) -> float:
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


def _bars(analysis: Sensitivity) -> Bars:
    scale, unit = told(analysis)
    swings = [replace(x, at_low=scale * x.at_low, at_high=scale * x.at_high) for x in analysis.swings]
    return Bars(analysis.elasticities, swings, scale * _centre(analysis), analysis.noun, unit)


def render(analysis: Sensitivity, suffix: str) -> str:
    """Write the report as .html, .md or .tex; each stands alone, figures inside."""
    title = f"Sensitivity of {analysis.noun}: {analysis.estimate.model}"
    return document.render(title, _blocks(analysis), suffix, _bars(analysis))
