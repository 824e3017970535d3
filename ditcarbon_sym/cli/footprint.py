"""Commands about what has been used, and where and when to run: account, route, rerun."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import (
    PLACE,
    CatalogOption,
    GridOption,
    JsonOption,
    MonthOption,
    ProfileOption,
    PueOption,
    ReportOption,
    accounting_options,
    id_option,
    number_option,
    place_option,
    sharing,
)
from .printing import print_pairs, print_table, remark, told_as_json, warn


@sharing("counted", accounting_options)
def account(
    counted: dict[str, Any],
    file: Annotated[
        Path | None, typer.Argument(help="CodeCarbon's emissions.csv, or the CSV log of a Zeus monitor.")
    ] = None,
    gpu: Annotated[str | None, id_option("gpus", "Accelerator, if the file does not say.")] = None,
    hours: Annotated[float | None, number_option("Hours of all accelerators together.")] = None,
    kwh: Annotated[float | None, number_option("Measured energy of the accelerators, kWh.")] = None,
    outputs: Annotated[float | None, number_option("Outputs made, for the carbon of one.")] = None,
    datacenter: Annotated[str | None, place_option(f"Data centre, country or cloud region. Assumed: {PLACE}.")] = None,
    provider: Annotated[str | None, typer.Option(help="Cloud provider (with --region): aws, gcp or azure.")] = None,
    region: Annotated[str | None, typer.Option(help="The provider's region, such as us-central1.")] = None,
    pue: PueOption = None,
    grid: GridOption = None,
    window: Annotated[str | None, typer.Option(help="Window of a Zeus log.")] = None,
    lifetime_years: Annotated[float | None, number_option("Years that embodied carbon is spread over.")] = None,
    utilisation: Annotated[float | None, number_option("Part of the lifetime in use. Assumed: 1.")] = None,
    catalog: CatalogOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the carbon of what has been used, from hours or kWh."""
    from ..calibration.used import accounted
    from ..reports.footprints import account as shown

    asked = {
        "file": file, "window": window, "gpu": gpu, "hours": hours, "kwh": kwh, "outputs": outputs,
        "datacenter": datacenter, "provider": provider, "region": region, "pue": pue, "grid": grid,
        "lifetime_years": lifetime_years, "utilisation": utilisation, "catalog": catalog, **counted,
    }  # fmt: skip
    found = accounted(**asked)
    if report is not None:
        from .reporting import of_account

        of_account(report, asked, found)
    if told_as_json(found, as_json):
        return
    print_table(shown.title(found), ("", "value", "unit"), shown.rows(found), right=(1,))
    print_pairs("basis", shown.basis_rows(found))


@sharing("counted", accounting_options)
def route(
    counted: dict[str, Any],
    requests: Annotated[Path, typer.Argument(help="CSV: model, count, arrival, deadline, latency, residency.")],
    places: Annotated[str, typer.Option(help="Places to choose from, joined by commas.")],
    capacity: Annotated[str, typer.Option(help="Accelerators of each place: a number, or PLACE=NUMBER.")],
    deadline: Annotated[float, number_option("Hour by which a class without its own has run.")] = 24,
    profile: ProfileOption = None,
    month: MonthOption = None,
    gpu: Annotated[str | None, id_option("gpus", "Accelerator, if the file does not say.")] = None,
    catalog: CatalogOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose place and hour for requests with deadlines."""
    from ..reports.footprints import route as shown
    from ..sweeps.routed import route as routed

    asked = {
        "requests": requests, "places": tuple(x.strip() for x in places.split(",") if x.strip()), "capacity": capacity,
        "deadline": deadline, "profile": profile, "month": month, "gpu": gpu, "catalog": catalog, **counted,
    }  # fmt: skip
    found = routed(**asked)
    if report is not None:
        from .reporting import of_route

        of_route(report, asked, found)
    if told_as_json(found, as_json):
        return
    print_table("carbon", ("", "value", "unit"), shown.totals(found), right=(1,))
    print_table("places", shown.PLACE_HEADER, shown.place_rows(found), right=(1, 2, 3))
    print_table("classes", shown.CLASS_HEADER, shown.class_rows(found), right=(1, 2, 3))


def rerun(
    manifest: Annotated[Path, typer.Argument(help="The JSON manifest that --report wrote.")],
    as_json: JsonOption = False,
) -> None:
    """Run a report again: the same numbers, or what changed."""
    from ..reports import formats
    from .reporting import answered_again

    said, differ, many = answered_again(manifest)
    warn(said)
    if as_json:
        rows = [{"number": place, "then": one, "now": other} for place, one, other in differ]
        print(formats.json_text({"numbers": many, "changed_inputs": said, "differences": rows}))
    elif differ:
        shown = [(x, *("unknown" if y is None else f"{y:.9g}" for y in ends)) for x, *ends in differ]
        print_table("numbers that differ", ("number", "then", "now"), shown, right=(1, 2))
    else:
        remark(f"all {many} numbers are the same")
    if differ:
        raise typer.Exit(1)
