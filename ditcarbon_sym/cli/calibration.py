"""Commands that take measurements: fit, validate, scorecard."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import (
    ASSUMED_GPU,
    CatalogOption,
    JsonOption,
    id_option,
    integer_option,
    kernel_options,
    mode_options,
    more_mode_options,
    sharing,
)
from .printing import print_pairs, print_table, progress, quiet_figures, remark, warn


def fit(
    sweep: Annotated[Path, typer.Argument(help="CSV of measurements: model, height, width, batch, and mu or time_s.")],
    gpu: Annotated[
        str | None,
        id_option("gpus", "Accelerator of the sweep, if the file does not say; 'ditcarbon gpus' lists them."),
    ] = None,
    law: Annotated[
        str | None,
        typer.Option(help="'roofline': the operator law, default for a sweep of 'ditcarbon measure'; 'bgr': Eq. (3)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the calibration to this file (TOML).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the residuals to this file (.png, .pdf or .svg).")] = None,
    loss: Annotated[str, typer.Option(help="absolute (the paper's), relative or log residuals.")] = "absolute",
    bootstrap: Annotated[int, integer_option("Residual bootstrap draws; 0 for none.")] = 200,
    seed: Annotated[int, integer_option("Seed of the bootstrap.")] = 0,
    workers: Annotated[int, integer_option("Processes for the bootstrap.")] = 1,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a law to measurements, and say what they identify."""
    quiet_figures()
    from ..calibration import efficiency, operator_law
    from ..reports import calibration as report, formats
    from ..reports.figures import drawing
    from ..reports.figures.calibration import residuals

    drawing.demand_format(plot)
    formats.demand_apart(sweep, out, plot)
    if operator_law.chosen_law(sweep, law) != "bgr":
        result = operator_law.calibrate(sweep, gpu, catalog)
    else:
        result = efficiency.calibrate(
            sweep,
            gpu,
            loss=loss,
            bootstrap=bootstrap,
            seed=seed,
            workers=workers,
            catalog=catalog,
            track=progress("bootstrap"),
        )
    contents: dict[Path, str | bytes] = {}
    if out is not None:
        contents[out] = formats.toml_text(result.table, f"Fitted by ditcarbon fit to {sweep.name}.")
    if plot is not None:
        contents[plot] = residuals(result, plot.suffix)
    formats.write_together(contents)
    warn(result.warnings)
    if as_json:
        print(formats.json_text(formats.plain(result.table)))
        return
    print_table(result.title, *report.knowledge_table(result))
    print_pairs("", report.rows(result))
    if out is not None:
        remark(f"wrote {out}; use it with: ditcarbon estimate MODEL --calibration {out}", apart=True)
    if plot is not None:
        remark(f"wrote {plot}")


@sharing("mode", kernel_options, mode_options, more_mode_options)
def validate(
    mode: dict[str, Any],
    measured: Annotated[
        Path,
        typer.Argument(help="CSV: model, height, width, batch, and time_s, mu, or energy_j or energy_wh of the GPU."),
    ],
    requests: Annotated[
        Path | None, typer.Option(help="For CodeCarbon's emissions.csv: a CSV that says what each run did, by run_id.")
    ] = None,
    gpu: Annotated[str | None, id_option("gpus", f"Accelerator of rows without a column gpu. {ASSUMED_GPU}")] = None,
    gpus: Annotated[
        int | None, integer_option("Accelerators that share the request of rows without a column gpus.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Their degrees, such as ulysses=4, for rows that name none.")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="Score this calibration file (TOML).")] = None,
    efficiency: Annotated[str | None, typer.Option(help="Score this law: 'roofline' or 'bgr'.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every row, predicted and measured, to this CSV.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the ratios to this file (.png, .pdf or .svg).")] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the predictions against measurements."""
    quiet_figures()
    from ..calibration.validation import validate as score
    from ..reports import formats, validation as report
    from ..reports.figures import drawing
    from ..reports.figures.validation import ratios

    drawing.demand_format(plot)
    formats.demand_apart(measured, out, plot, requests)
    found = score(
        measured, requests=requests, gpu=gpu, calibration=calibration, efficiency=efficiency, gpus=gpus, split=split,
        mode=mode, catalog=catalog, track=progress("rows"),
    )  # fmt: skip
    contents: dict[Path, str | bytes] = {}
    if out is not None:
        contents[out] = report.rows_csv(found)
    if plot is not None:
        contents[plot] = ratios(found, plot.suffix)
    formats.write_together(contents)
    warn(found.notes)
    if as_json:
        print(formats.json_text(formats.plain(found.to_dict())))
        return
    title = f"{found.file}: {len(found.scored)} predictions against measurements, {found.level:.0%} intervals"
    print_table(title, report.HEADER, report.model_rows(found), right=(3, 4, 5, 6))
    print_pairs("in words", report.verdicts(found))
    for path in (out, plot):
        if path is not None:
            remark(f"wrote {path}")


def scorecard(
    runs: Annotated[Path, typer.Argument(help="CSV of runs: model, gpu, height, width, batch, time_s, source ...")],
    add: Annotated[
        Path | None, typer.Option(help="Add the runs to this CSV, which is made if it is not there; none twice.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write every run, predicted in each way, to this JSON file.")] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score published runs, also by simpler ways."""
    from ..calibration import scorecard as published
    from ..reports import formats, validation as report

    formats.demand_apart(runs, add, out)
    found = published.scorecard(runs, catalog=catalog, track=progress("runs"))
    contents: dict[Path, str | bytes] = {}
    if add is not None:
        whole = published.joined(runs, add)
        contents[add] = report.runs_text(whole.comments, whole.columns, whole.records)
    if out is not None:
        contents[out] = formats.json_text(formats.plain(found.to_dict())) + "\n"
    formats.write_together(contents)
    if as_json:
        print(formats.json_text(formats.plain(found.to_dict())))
        return
    title = f"{found.file}: {len(found.runs)} measured quantities; mean absolute errors, 90 % intervals"
    print_table(title, report.BY_SOURCE, report.source_rows(found), right=(2, 3, 4, 5, 6, 7))
    if add is not None:
        remark(f"added {whole.new} of {whole.read} runs to {add}, which now has {len(whole.records)}", apart=True)
    if out is not None:
        remark(f"wrote {out}")
