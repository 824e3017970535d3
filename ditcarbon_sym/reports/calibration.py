"""How a calibration looks: what is known of each parameter, the errors, the residual plot."""

import io
from itertools import cycle
from pathlib import Path

import numpy as np

from ..calibration.confidence import Knowledge
from ..calibration.efficiency import Calibrated
from ..equations.notation import NOTATION, B, ell
from ..errors import InputError
from .formats import ends, significant

PLOTS = (".png", ".pdf", ".svg")


def check_paths(sweep: Path, out: Path | None, plot: Path | None, *others: Path | None) -> None:
    """Refuse, before any work is done, a plot of unknown kind and outputs that would overwrite the sweep or each
    other.
    """
    if plot is not None and plot.suffix not in PLOTS:
        raise InputError(f"plot: cannot draw to {plot.suffix or 'a file without ending'}; expected {', '.join(PLOTS)}")
    named = [path.resolve() for path in (sweep, out, plot, *others) if path is not None]
    if len(set(named)) < len(named):
        raise InputError("what is read, --out and --plot must be different files")


def knowledge_table(result: Calibrated) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of what a fit knows of its parameters, for people."""
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
    """Return what a fit knows of one parameter, for people: name, value, error, intervals, verdict."""
    intervals = (ends(known.profile), ends(known.bootstrap)) if drawn else (ends(known.profile),)
    error = "none" if known.standard_error is None else significant(known.standard_error, 2)
    return (NOTATION[known.symbol].field, significant(known.value), error, *intervals, known.verdict)


def calibration_rows(result: Calibrated) -> list[tuple[str, str]]:
    """Return what else there is to say of a calibration: errors, held-out models, losses, what to measure next."""
    errors = {group: trained.mape(rows) for group, (trained, rows) in result.held_out.items()}
    rows = [
        ("error", f"MAPE of {result.of} {result.fitted.shipped.mape():.1f} % on the {len(result.rows)} rows fitted")
    ]
    rows += [("held out", f"{group}: {error:.1f} %") for group, error in errors.items()]
    if "mape_percent_energy" in result.table["quality"]:
        rows.append(("energy", f"MAPE {result.table['quality']['mape_percent_energy']:.1f} %"))
    if result.losses:
        rows.append(("by loss", ", ".join(f"{name} {value:.1f} %" for name, value in result.losses.items())))
    for advice in result.advice:
        words = f"{advice.model} at {advice.side} x {advice.side}, batch {advice.batch}"
        share = f"{advice.narrowing:.0%} of what it is" if advice.narrowing >= 0.01 else "under 1 % of what it is"
        field = NOTATION[advice.parameter].field
        rows.append(("measure next", f"{words}: the standard error of {field} falls to {share}"))
    return rows


def residual_plot(result: Calibrated, suffix: str) -> bytes:
    """Draw predicted over measured values against latent tokens, a marker per model; returns the file's bytes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    fitted = result.fitted.shipped
    data, error = fitted.data, 100 * (fitted.predict() / fitted.data.observed - 1)
    groups, batches = np.array(data.groups), np.unique(data.inputs[B])
    shades = dict(zip(batches, pyplot.get_cmap("viridis")(np.linspace(0, 0.9, len(batches))), strict=True))
    markers = dict(zip(dict.fromkeys(data.groups), cycle("osv^DPX*<>"), strict=False))
    figure, axes = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
    for model, marker in markers.items():
        for batch, shade in shades.items():
            chosen = (groups == model) & (data.inputs[B] == batch)
            axes.plot(data.inputs[ell][chosen], error[chosen], marker, color=shade, ls="", ms=5)
        axes.plot([], [], marker, color="0.4", ls="", label=model)
    for batch, shade in shades.items():
        axes.plot([], [], "o", color=shade, ls="", label=f"batch {batch:g}")
    axes.axhline(0, color="0.4", lw=0.8)
    axes.set(
        xscale="log", xlabel="latent tokens per output", ylabel=f"predicted over measured {result.of}, less one (%)"
    )
    axes.set_title(result.title.partition(";")[0], fontsize=9)
    figure.legend(fontsize=7, loc="outside right upper")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix[1:], dpi=160)
    pyplot.close(figure)
    return buffer.getvalue()
