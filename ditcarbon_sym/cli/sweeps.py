"""Commands about many requests: sweep, pareto."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import (
    ASSUMED_GPU,
    ASSUMED_PLACE,
    RELEASED,
    CatalogOption,
    JsonOption,
    accounting_options,
    id_option,
    integer_option,
    kernel_options,
    law_options,
    more_mode_options,
    number_option,
    pass_options,
    place_option,
    sharing,
)
from .printing import print_pairs, print_table, progress_of, quiet_figures, remark, waiting, warn

_AXIS = "values and ranges FIRST:LAST:STEP, joined by commas."


def _axes(
    file: Annotated[Path | None, typer.Argument(help="TOML file with options; those of the command line win.")] = None,
    model: Annotated[str | None, id_option("models", "Catalogue ids, joined by commas.")] = None,
    resolution: Annotated[
        str | None, typer.Option(help=f"Sides in pixels or HEIGHTxWIDTH, {_AXIS} Such as 512:2048:256. {RELEASED}")
    ] = None,
    frames: Annotated[str | None, typer.Option(help=f"Output frames, {_AXIS} {RELEASED}")] = None,
    batch: Annotated[str | None, typer.Option(help=f"Outputs made together, {_AXIS} Assumed: 1.")] = None,
    steps: Annotated[str | None, typer.Option(help=f"Denoising steps, {_AXIS} {RELEASED}")] = None,
    gpu: Annotated[str | None, id_option("gpus", f"Accelerator ids, joined by commas. {ASSUMED_GPU}")] = None,
    gpus: Annotated[str | None, typer.Option(help=f"Accelerators that share each request, {_AXIS} Assumed: 1.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Their degrees, such as ulysses=4,ring=2. Assumed: those that take least time.")
    ] = None,
    datacenter: Annotated[
        str | None, place_option(f"Data centres, countries or cloud regions, joined by commas. {ASSUMED_PLACE}")
    ] = None,
    cache: Annotated[
        str | None, typer.Option(help=f"Part of the steps that a cache skips, {_AXIS} Assumed: 0.")
    ] = None,
    pue: Annotated[str | None, typer.Option(help=f"Power usage effectiveness (with --grid), {_AXIS}")] = None,
    grid: Annotated[str | None, typer.Option(help=f"Grid intensity, gCO2eq/kWh (with --pue), {_AXIS}")] = None,
) -> None:
    """The axes of a sweep."""


def _choices(
    catalog: CatalogOption = None,
    price_per_hour: Annotated[
        str | None, typer.Option(help="Price of an accelerator's hour: a number, or GPU=NUMBER joined by commas.")
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out requests that a model does not take, instead of refusing.")
    ] = False,
    where: Annotated[
        str | None, typer.Option(help="Only rows for which FIELD OP NUMBER holds, joined by 'and': 'time_s<5'.")
    ] = None,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Add the ends of 90 % intervals: time_s_low, time_s_high and so on.")
    ] = False,
) -> None:
    """Price, catalogue and filter of a sweep."""


def _with_file(options: dict[str, Any]) -> dict[str, Any]:
    """Merge the file's options with those of the command line, which win."""
    path = options.pop("file")
    given = {name: value for name, value in options.items() if value not in (None, False)}
    if path is None:
        return given
    from ..estimation import point
    from ..sweeps import axes

    return point.merged(axes.read_file(path), given)


over_axes = sharing("given", _axes, pass_options, accounting_options, kernel_options, more_mode_options, law_options,
                    _choices, read=_with_file)  # fmt: skip
"""Give a command the axes of a sweep; it receives them, with those of the file, as the dictionary ``given``."""
RequestsOption = Annotated[
    Path | None, typer.Option(help="CSV with a request a line (column model and others) instead of axes.")
]


@over_axes
def sweep(
    given: dict[str, Any],
    requests: RequestsOption = None,
    top: Annotated[int | None, integer_option("Only this many rows, the best; the grid is not formed.")] = None,
    by: Annotated[str | None, typer.Option(help="Column that --top ranks by; total_g by default.")] = None,
    largest: Annotated[
        bool, typer.Option("--largest", help="The largest values first instead of the smallest.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the rows to this file (.csv or .parquet), or to a folder of Parquet files."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(help="Of the folder's files only every N-th, from the K-th on: K/N. What is there stays."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate a grid or a list of requests.

    Rows go to stdout as CSV, or to a file; --top prints only the best.

    energy_kwh is the accelerator's. facility_energy_kwh is that and its host's, where one is counted, times PUE; times
    the grid's intensity it is operational_g and host_g.
    """
    from ..errors import InputError
    from ..reports import formats, sweep as report
    from ..sweeps import filters, order, streaming
    from ..sweeps.table import NUMBERS, RANK

    folder = out is not None and not out.suffix
    if out is not None and not folder:
        streaming.check_path(out)
    if shard is not None and not folder:
        raise InputError("--shard without a folder; give --out DIR/")
    part = streaming.read_shard(shard or "1/1")
    with waiting("reading the requests"):
        found = _rows_of(given, requests)
    conditions = filters.read_filter(given.get("where"), [name for name in found.columns if name in NUMBERS])
    number = given.get("top") if top is None else top
    column = by or given.get("by")
    if number is None and (column is not None or largest):
        raise InputError(
            f"{'--largest' if column is None else '--by'} without --top; give --top NUMBER, or leave it out"
        )
    if folder and (number is not None or requests is not None):
        raise InputError(f"a folder takes the rows of a grid, without --{'top' if requests is None else 'requests'}")
    best, names, remarks, ranking = None, found.columns, order.unfiltered(found, conditions), None
    if number is not None:
        with waiting(f"ranking {len(found):,} requests"):
            ranking = order.ranked(found, number, column or "total_g", conditions, largest=largest)
        best, remarks = ranking.rows, ranking.remarks
        names = (RANK, *names) if RANK in best else names
    rows, extra = None, dict[str, Any]()
    if out is not None and folder:
        with progress_of(len(found), "sweep") as advance:
            rows, made, there = streaming.write_folder(out, found, conditions, part, advance)
        extra |= {"files_written": made, "files_kept": there}
    elif out is not None:
        with progress_of(len(found), "sweep") as advance:
            chunks = found.chunks(conditions) if best is None else [(len(found), best)]
            rows = streaming.write(out, names, chunks, advance)
    warn((*report.told(found.notes), *(remarks if best is None else ())))
    if as_json:
        chunks = found.chunks(conditions) if best is None else [(len(found), best)]
        shown = streaming.together(chunks, report.LARGEST) if out is None else None
        extra |= {} if out is None else {"written": str(out), "rows_written": rows}
        extra |= {"remarks": list(remarks)} | ({} if ranking is None else {"ranked_by": ranking.by})
        print(formats.json_text(report.as_dict(len(found), found.routes(), found.notes, shown, **extra)))
    elif out is None and best is None:
        streaming.to_stream(sys.stdout, found.columns, found.chunks(conditions))
    else:
        if ranking is not None:
            header = report.header(ranking.rows, ranking.by)
            title = f"best {len(ranking.rows['batch'])} of {len(found):,} requests by {ranking.by}"
            print_table(title, header, report.rows(ranking.rows, header), right=report.right(header))
            for words in remarks:
                remark(words)
        print_pairs("routes to time and energy", report.route_words(found.routes()))
        if out is not None:
            files = f": {extra['files_written']} new files, {extra['files_kept']} kept" if folder else ""
            remark(f"wrote {rows:,} rows to {out}{files}", apart=True)


def _rows_of(given: dict[str, Any], requests: Path | None) -> Any:
    """Return the grid or the list that was asked for."""
    from ..errors import InputError
    from ..sweeps import axes

    if requests is None:
        from ..sweeps.grid import sweep as make

        return make(axes.grid(given))
    from ..sweeps.requests import RequestList, read_requests

    named = [name for name in axes.AXES if name in given]
    if named:
        raise InputError(f"--requests together with --{named[0]}; the list has its own columns")
    if given.get("skip"):
        raise InputError("--requests together with --skip; every request of a list is answered, or the list refused")
    options = {x: given[x] for x in axes.OPTIONS if x in given}
    price = axes.prices(given.get("price_per_hour"))
    return RequestList(read_requests(requests), price, requests, bool(given.get("intervals")), **options)


@over_axes
def pareto(
    given: dict[str, Any],
    requests: RequestsOption = None,
    objectives: Annotated[
        str | None,
        typer.Option(
            help="Two or three columns, joined by commas; by default carbon per output, latency and, "
            "with a price, cost per output."
        ),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            help="Columns in which competing requests agree: by default those of the same output "
            "(model, size, frames, steps); 'none' for no such columns."
        ),
    ] = None,
    tolerance: Annotated[
        float, number_option("Relative differences up to this one do not count: 0.001 is a tenth of a per cent.")
    ] = 0.001,
    out: Annotated[Path | None, typer.Option(help="Write the front to this file (.csv or .parquet).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the front to this file (.png, .pdf or .svg).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find requests that none beats in carbon, time and cost.

    The column energy_kwh is the accelerator's energy, without PUE; facility_energy_kwh is with it, as carbon is.
    """
    from ..reports import formats, sweep as report
    from ..reports.figures import drawing
    from ..reports.figures.pareto import front_figure
    from ..sweeps import filters, pareto as fronts, streaming
    from ..sweeps.table import COST, NUMBERS

    if out is not None:
        streaming.check_path(out)
    quiet_figures()
    drawing.demand_format(plot)
    with waiting("reading the requests"):
        found = _rows_of(given, requests)
    conditions = filters.read_filter(given.get("where"), [name for name in found.columns if name in NUMBERS])
    unused = tuple(
        f"{name} = {given[name]} is for ditcarbon sweep; a front has all its rows"
        for name in ("top", "by")
        if given.get(name) is not None
    )
    usual = [name for name in fronts.OBJECTIVES if name not in COST or name in found.columns]
    chosen = usual if objectives is None else [name.strip() for name in objectives.split(",")]
    groups = fronts.SAME_OUTPUT if within is None else () if within == "none" else within.split(",")
    with waiting(f"the front of {len(found):,} requests"):
        front = fronts.front(found, chosen, conditions, [name.strip() for name in groups], tolerance)
    contents: dict[Path, str | bytes] = {}
    if plot is not None:
        contents[plot] = front_figure(front, plot.suffix)
    if out is not None:
        contents[out] = streaming.content(out, tuple(front.rows), front.rows)
    formats.write_together(contents)
    warn((*unused, *report.told(found.notes)))
    number = len(front.rows["batch"])
    if as_json:
        extra = {
            "objectives": list(front.objectives), "within": list(front.within), "considered": front.considered,
            "tolerance": tolerance, "within_tolerance": front.close, "undecided": front.undecided,
            "remarks": [*front.remarks, *unused],
        }  # fmt: skip
        shown = streaming.together([(len(found), front.rows)], report.LARGEST)
        print(formats.json_text(report.as_dict(len(found), found.routes(), found.notes, shown, **extra)))
        return
    header = report.header(front.rows, front.objectives[0])
    title = f"front of {', '.join(front.objectives)}: {number:,} of {front.considered:,} requests"
    if out is None or number <= 50:
        print_table(title, header, report.rows(front.rows, header), right=report.right(header))
    for words in report.front_words(front, tolerance):
        remark(words)
    for path in (out, plot):
        if path is not None:
            remark(f"wrote {path}")
