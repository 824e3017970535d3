"""Commands that list what is known: models, gpus, datacenters, places, claims."""

from typing import Annotated, Any

import typer

from .options import CatalogOption, JsonOption
from .printing import print_table, remark


def models(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """List the models: flags, sizes and default requests."""
    from ..catalog.loading import load
    from ..reports import catalog as report

    _print_entries(*report.models(load(catalog)), as_json=as_json)


def gpus(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """List the accelerators: peak, power, memory, calibration."""
    from ..catalog.loading import load
    from ..reports import catalog as report

    _print_entries(*report.gpus(load(catalog)), as_json=as_json)


def datacenters(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """List the data centres: PUE and grid intensity."""
    from ..catalog.loading import load
    from ..reports import catalog as report

    _print_entries(*report.datacenters(load(catalog)), as_json=as_json)


def places(
    where: Annotated[str | None, typer.Option(help="Only places with this text in id, name or country.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List countries and cloud regions: grid, PUE, water."""
    from ..reports.footprints import places as report

    header, rows = report.rows(where)
    _print_entries(header, rows, as_json=as_json)
    if not as_json:
        remark(report.remark(rows))


def _print_entries(header: tuple[str, ...], rows: list[dict[str, Any]], *, as_json: bool) -> None:
    from ..reports import catalog as report, formats

    if as_json:
        print(formats.json_text({"entries": rows}))
    else:
        print_table("", header, [tuple(report.cell(row[column]) for column in header) for row in rows])


def claims(
    status: Annotated[str | None, typer.Option(help="Only this status, such as 'not reproducible'.")] = None,
    where: Annotated[
        str | None, typer.Option(help="Only claims with this text in place, quantity, number or id.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show every number the paper prints, and whether it holds."""
    from ..catalog import loading
    from ..reports import catalog as report, formats

    known = loading.claims()
    chosen = report.claims_about(known, status, where)
    if as_json:
        print(formats.json_text({"claims": chosen}))
        return
    if status or where:
        print_table("", report.CLAIM_HEADER, report.claim_rows(chosen))
    print_table("", ("status", "numbers"), report.claim_totals(known, chosen), right=(1,))
    remark(f"{len(chosen)} of the {len(known)} numbers that the paper prints; --status or --where lists them")
