"""How a calibration looks: what the fit knows of each parameter, and its errors."""

from ..calibration.confidence import Knowledge
from ..calibration.efficiency import Calibrated
from ..equations.notation import NOTATION
from .formats import ends, significant


def knowledge_table(result: Calibrated) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of what a fit knows of its parameters."""
    drawn = any(x.bootstrap for x in result.known)
    header = (
        "parameter",
        "value",
        "standard error",
        "profile, 90 %",
        *(["bootstrap, 90 %"] if drawn else []),
        "verdict",
    )
    return header, [knowledge_cells(x, drawn=drawn) for x in result.known]


def knowledge_cells(known: Knowledge, *, drawn: bool = True) -> tuple[str, ...]:
    """Return the cells of one parameter: name, value, standard error, intervals, verdict."""
    intervals = (ends(known.profile), ends(known.bootstrap)) if drawn else (ends(known.profile),)
    error = "none" if known.standard_error is None else significant(known.standard_error, 2)
    return (NOTATION[known.symbol].field, significant(known.value), error, *intervals, known.verdict)


def rows(result: Calibrated) -> list[tuple[str, str]]:
    """Return labelled lines: errors, held-out models, losses, what to measure next."""
    errors = {group: trained.mape(rows) for group, (trained, rows) in result.held_out.items()}
    found = [
        ("error", f"MAPE of {result.of} {result.fitted.shipped.mape():.1f} % on the {len(result.rows)} rows fitted")
    ]
    found += [("held out", f"{group}: {error:.1f} %") for group, error in errors.items()]
    if "mape_percent_energy" in result.table["quality"]:
        found.append(("energy", f"MAPE {result.table['quality']['mape_percent_energy']:.1f} %"))
    if result.losses:
        found.append(("by loss", ", ".join(f"{name} {value:.1f} %" for name, value in result.losses.items())))
    for advice in result.advice:
        words = f"{advice.model} at {advice.side} x {advice.side}, batch {advice.batch}"
        share = f"{advice.narrowing:.0%} of what it is" if advice.narrowing >= 0.01 else "under 1 % of what it is"
        field = NOTATION[advice.parameter].field
        found.append(("measure next", f"{words}: the standard error of {field} falls to {share}"))
    return found
