"""Commands that ask why, how sure and what if: sensitivity, uncertainty, solve, compare."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import (
    JsonOption,
    OptionalModel,
    OutputOption,
    at_operating_point,
    id_option,
    integer_option,
    number_option,
    read_range,
)
from .printing import print_pairs, print_table, quiet_figures, remark, waiting, warn


@at_operating_point
def sensitivity(
    options: dict[str, Any],
    model: OptionalModel = None,
    output: OutputOption = "per_output_g",
    sobol: Annotated[
        bool,
        typer.Option("--sobol/--no-sobol", help="Global indices over documented ranges (extra 'sensitivity')."),
    ] = True,
    samples: Annotated[int, integer_option("Base samples of the Sobol sequence, a power of two.")] = 1024,
    seed: Annotated[int, integer_option("Seed of the Sobol sequence.")] = 0,
    ranges: Annotated[
        list[str] | None, typer.Option("--range", help="Range of an input, such as pue=1.1..1.3; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--report", help="Write a report: .html, .md or .tex, figures inside.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what matters: elasticities, tornado, Sobol indices.

    Elasticities are exact, at one operating point; interactions are second derivatives.
    """
    from ..analysis.questions import sensitivity as answered
    from ..errors import InputError
    from ..reports import estimate, formats, sensitivity as report

    quiet_figures()
    pairs = [read_range(text) for text in ranges or ()]
    given = dict(pairs)
    if len(given) < len(pairs):
        raise InputError(f"range: an input stands twice: {', '.join(name for name, _ in pairs)[:100]}")
    with waiting("elasticities, ranges and indices"):
        analysis = answered(model, output, with_sobol=sobol, samples=samples, seed=seed, ranges=given, **options)
    if out is not None:
        formats.write_atomically(out, report.render(analysis, out.suffix))
    warn(analysis.warnings)
    if as_json:
        print(formats.json_text(formats.plain(analysis.to_dict())))
        return
    remark(estimate.title(analysis.estimate))
    header = ("input", "stands at", "elasticity", "in words")
    print_table("", header, report.elasticity_rows(analysis), right=(2,))
    remark(report.exactness_words(analysis))
    if analysis.swings:
        marks = [(*row[:-1], x.note) for row, x in zip(report.swing_rows(analysis), analysis.swings, strict=True)]
        print_table(
            f"{analysis.noun} ({report.told(analysis)[1]}) over documented ranges",
            ("input", "range", "at low end", "at high end", "note"),
            marks,
            right=(2, 3),
        )
    if analysis.savings:
        print_table(f"what helps most: {analysis.noun} ({report.told(analysis)[1]})", report.SAVINGS,
                    report.saving_rows(analysis), right=(1, 3))  # fmt: skip
        remark(report.HELPS)
    if report.interaction_rows(analysis):
        print_table(
            "interactions: second derivatives of the logarithm",
            ("input", "with", "value"),
            report.interaction_rows(analysis),
            right=(2,),
        )
    if analysis.sobol:
        header = ("input", "first order", "total", "local share")
        print_table("Sobol indices over the same ranges", header, report.sobol_rows(analysis))
        remark(report.agreement_words(analysis))
    if out is not None:
        remark(f"wrote {out}", apart=True)


@at_operating_point
def uncertainty(
    options: dict[str, Any],
    model: OptionalModel = None,
    level: Annotated[float, number_option("Level of the intervals, between 0 and 1.")] = 0.9,
    draws: Annotated[int, integer_option("Monte Carlo draws.")] = 100_000,
    seed: Annotated[int, integer_option("Seed of the Monte Carlo.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show intervals, and where they come from.

    They come from the fit and the held-out scatter, with a Monte Carlo as a check. Scenario ranges stand beside them.
    """
    from ..estimation.point import operating_point
    from ..reports import formats, intervals as report

    point = operating_point(model, **options)
    with waiting(f"{draws:,} draws"):
        spread = report.spread(point, level=level, draws=draws, seed=seed)
    warn(spread.warnings)
    if as_json:
        print(formats.json_text(formats.plain(spread.to_dict())))
        return
    header = ("output", "value", "unit", "parameters alone", "predictive", "Monte Carlo, predictive")
    print_table(f"{spread.title}: {100 * level:g} % intervals", header, report.rows(spread), right=(1,))
    print_pairs("basis", report.basis_rows(spread))
    carbon = "total" if spread.scenario_of == "C_total" else "operational"
    scenario = ("scenario", "range", f"{carbon} at low end (gCO2eq)", f"{carbon} at high end (gCO2eq)", "source")
    print_table("scenarios, each alone; not part of any interval", scenario, report.scenario_rows(spread))


@at_operating_point
def solve(
    options: dict[str, Any],
    model: OptionalModel = None,
    unknown: Annotated[
        str,
        typer.Option(
            "--for", help="What to solve for: resolution, steps, batch, frames, cache, gpus, split, place, grid ..."
        ),
    ] = "resolution",
    budget_g: Annotated[float | None, number_option("Budget of carbon, gCO2eq.")] = None,
    budget_wh: Annotated[float | None, number_option("Budget of the accelerator's energy, Wh for the batch.")] = None,
    budget_s: Annotated[float | None, number_option("Budget of time, seconds for the batch.")] = None,
    per: Annotated[str | None, typer.Option(help="Carbon of one 'output' (the default) or of the 'batch'.")] = None,
    against_model: Annotated[str | None, id_option("models", "Break even with this model instead of a budget.")] = None,
    against_gpu: Annotated[str | None, id_option("gpus", "Break even with this accelerator.")] = None,
    against_datacenter: Annotated[
        str | None,
        id_option("datacenters", "Break even with this place.", "--against-datacenter", "--against-place"),
    ] = None,
    against_mu: Annotated[float | None, number_option("The rival's own measured efficiency.")] = None,
    both: Annotated[bool, typer.Option("--both", help="Change the unknown on both sides.")] = False,
    sure: Annotated[bool, typer.Option("--sure", help="The upper end of the interval meets the budget.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the largest request in a budget, or a break-even."""
    from ..analysis.questions import solve as answered
    from ..reports import formats, inversion as report

    rival = {"model": against_model, "gpu": against_gpu, "datacenter": against_datacenter, "mu": against_mu}
    with waiting(f"solving for {unknown}"):
        answer = answered(
            model, unknown, budget_g=budget_g, budget_wh=budget_wh, budget_s=budget_s, per=per, against=rival,
            both=both, sure=sure, **options,
        )  # fmt: skip
    warn(answer.warnings)
    if as_json:
        print(formats.json_text({**answer.to_dict(), "model": str(options["config"] if model is None else model)}))
        return
    if answer.places:
        print_table(report.title(answer, rival), report.PLACE_HEADER, report.place_rows(answer), right=(2,))
        if (more := len(answer.places) - report.MANY) > 0:
            remark(f"and {more} more; --json has them all")
        return
    print_table(report.title(answer, rival), ("", "value"), report.rows(answer.solution))


@at_operating_point
def compare(
    options: dict[str, Any],
    requests: Annotated[
        list[str],
        typer.Argument(help="MODEL[@SIZE][,NAME=VALUE ...], such as flux.1-dev@1024,steps=28,gpu=h100-sxm-80gb."),
    ],
    level: Annotated[float, number_option("Level of the intervals, between 0 and 1.")] = 0.9,
    as_json: JsonOption = False,
) -> None:
    """Compare requests, and say which differences are known."""
    from ..analysis.comparison import compare as compared
    from ..reports import comparison as report, formats

    shared = {name: value for name, value in options.items() if value is not None}
    found = compared(requests, level, **shared)
    warn(found.notes)
    for k, estimate in enumerate(found.estimates):
        warn(tuple(f"{report.letter(k)}: {x}" for x in estimate.warnings))
    if as_json:
        print(formats.json_text(formats.plain(found.to_dict())))
        return
    print_pairs("requests", report.request_rows(found))
    print_table("", report.header(found), report.rows(found))
    for k, ratios in enumerate(found.ratios, start=1):
        name = f"{report.letter(k)} / A"
        print_table(name, ("", "ratio", f"{level:.0%} interval", "in words"), report.ratio_rows(ratios), right=(1,))
        if words := report.per_output_words(found, k):
            remark(words)
        remark(f"shared errors of {name}: {found.shared[k - 1]}")
        remark("")
