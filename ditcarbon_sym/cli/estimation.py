"""Commands about one request: estimate, count."""

from typing import Annotated, Any

import typer

from .options import (
    CatalogOption,
    ConfigOption,
    JsonOption,
    MonthOption,
    OptionalModel,
    ProfileOption,
    ReportOption,
    at_operating_point,
    number_option,
    of_a_request,
)
from .printing import print_pairs, print_table, told_as_json, warn


@at_operating_point
def estimate(
    options: dict[str, Any],
    model: OptionalModel = None,
    per_day: Annotated[float | None, number_option("Outputs per day, to scale the result to a service.")] = None,
    profile: ProfileOption = None,
    month: MonthOption = None,
    outputs: Annotated[float | None, number_option("Outputs of a job that runs at once (with --profile).")] = None,
    earliest: Annotated[float | None, number_option("Hour of the profile from which the job may start.")] = None,
    deadline: Annotated[float | None, number_option("Hour by which it has ended. Assumed: the profile's end.")] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate time, energy and carbon of one request."""
    from ..reports import estimate as shown
    from .reporting import estimated

    job = {"profile": profile, "month": month, "outputs": outputs, "earliest": earliest, "deadline": deadline}
    asked = {"model": model, "per_day": per_day, **job, **options}
    result = estimated(**asked)
    if report is not None:
        from .reporting import of_estimate

        of_estimate(report, asked, result)
    if told_as_json(result, as_json):
        return
    print_table(shown.stack_line(result), shown.header(result), shown.rows(result), right=(1,))
    given = {name for name, value in options.items() if value is not None}
    print_pairs("basis", [*shown.assumed_rows(result, given), *shown.basis_rows(result)])


@of_a_request
def count(
    request: dict[str, Any],
    model: OptionalModel = None,
    config: ConfigOption = None,
    by: Annotated[str | None, typer.Option(help="Shares by 'operator', 'block' or 'stage'.")] = None,
    macs: Annotated[bool, typer.Option("--macs", help="Count multiply-adds: half the FLOP.")] = False,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count parameters and FLOP exactly, operator by operator.

    The released configuration is counted, or with --config your own.
    """
    from ..estimation import exact_count
    from ..estimation.point import chosen_model
    from ..reports import count as report, formats
    from ..reports.estimate import request_words

    chosen, notes = chosen_model(model, config, catalog)
    found = exact_count.count(chosen, by=by, **request)
    warn((*found.warnings, *notes))
    if as_json:
        print(formats.json_text(report.as_dict(found, macs=macs)))
        return
    title = request_words(found.model, found.request)
    print_table(title, ("", "value", ""), report.rows(found, macs=macs), right=(1,))
    if by is not None:
        print_table(
            "one pass of each stage, batch 1",
            report.share_header(by, macs=macs),
            report.share_rows(found, macs=macs),
            right=(2, 3, 4, 5, 6),
        )
    print_pairs("basis", report.basis_rows(found, macs=macs))
