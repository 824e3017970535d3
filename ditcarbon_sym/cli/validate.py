"""The command ``validate``: predictions against a user's own measurements."""

from pathlib import Path
from typing import Annotated

import typer

from .options import CatalogOption, JsonOption
from .printing import print_pairs, print_table, progress, warn


def validate(
    measured: Annotated[
        Path, typer.Argument(help="CSV: model, height, width, batch, and time_s, energy_j, energy_wh or mu.")
    ],
    requests: Annotated[
        Path | None, typer.Option(help="With CodeCarbon's emissions.csv: a CSV of what each run did, by run_id.")
    ] = None,
    gpu: Annotated[str | None, typer.Option(help="Where rows without a column gpu ran.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="Score this calibration file (TOML).")] = None,
    efficiency: Annotated[str | None, typer.Option(help="Score this law: 'roofline' or 'bgr'.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every row, predicted and measured, to this CSV.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the ratios to this file (.png, .pdf or .svg).")] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the predictions against measurements of your own."""
    from ..calibration.validation import validate as score
    from ..reports import formats
    from ..reports import validation as report
    from ..reports.calibration import check_paths

    check_paths(measured, out, plot, requests)
    found = score(
        measured, requests=requests, gpu=gpu, calibration=calibration, efficiency=efficiency, catalog=catalog,
        track=progress("rows"),
    )  # fmt: skip
    contents: dict[Path, str | bytes] = {}
    if out is not None:
        contents[out] = report.rows_csv(found)
    if plot is not None:
        contents[plot] = report.plot(found, plot.suffix)
    formats.write_together(contents)
    warn(found.notes)
    if as_json:
        print(formats.json_text(formats.plain(found.to_dict())))
        return
    title = f"{found.file}: {len(found.scored)} predictions against measurements, {found.level:.0%} intervals"
    print_table(title, report.HEADER, report.model_rows(found), right=(3, 4, 5, 6))
    print_pairs("in words", report.verdicts(found))


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(validate)
