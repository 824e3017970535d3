"""How values look in a notebook: the tables of the command line as HTML, closed forms as formulas."""

import html as escaped
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..analysis.comparison import Comparison
from ..analysis.forms import Forms
from ..analysis.operator_forms import PassForms
from ..analysis.questions import Answer, Sensitivity
from ..calibration.efficiency import Calibrated
from ..calibration.validation import Validation
from ..catalog.entries import Calibration
from ..equations.notation import NOTATION
from ..estimation.estimator import Estimate
from ..estimation.exact_count import Count
from ..estimation.training import Training
from ..sweeps.grid import Sweep
from ..sweeps.order import Ranking
from ..sweeps.pareto import Front
from ..sweeps.requests import RequestList
from ..sweeps.table import chosen
from . import calibration, comparison, count, equations, estimate, inversion, sensitivity, sweep, validation
from .footprints import training
from .formats import significant

FIRST = 12
"""Rows of a sweep that are shown."""
Part = tuple[str, Sequence[str], Iterable[Sequence[str]]]
"""A table: its title, its header, its rows."""
PAIRS = ("", "")
"""The header of labelled lines."""


def html(value: Any) -> str:
    """Return a value as HTML: its tables, each under its title, and its warnings.

    >>> from ditcarbon_sym import estimate
    >>> "<td>total carbon</td>" in html(estimate("flux.1-dev", gpu="h100-sxm-80gb"))
    True
    """
    looks = next(look for kind, look in LOOKS.items() if isinstance(value, kind))
    warnings = getattr(value, "warnings", None) or getattr(value, "notes", None) or ()
    lines = "".join(f"<li>{escaped.escape(line)}</li>" for line in sweep.told(tuple(warnings)))
    return "\n".join([*map(_table, looks(value)), f"<ul>{lines}</ul>" if lines else ""]).strip()


def latex(value: Forms | PassForms) -> str:
    """Return closed forms as one block of formulas."""
    lines = r" \\ ".join(f"& {line}" for line in equations.latex_lines(value, coefficients_only=False))
    return rf"$$\begin{{aligned}} {lines} \end{{aligned}}$$"


def _table(part: Part) -> str:
    title, header, rows = part
    head = "".join(f"<th>{escaped.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escaped.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    name = f"<caption>{escaped.escape(title)}</caption>" if title else ""
    return f"<table>{name}{top}<tbody>{body}</tbody></table>"


def _estimate(x: Estimate) -> list[Part]:
    return [(estimate.title(x), estimate.header(x), estimate.rows(x)), ("basis", PAIRS, estimate.basis_rows(x))]


def _training(x: Training) -> list[Part]:
    return [(training.title(x), training.header(x), training.rows(x)), ("basis", PAIRS, training.basis_rows(x))]


def _count(x: Count) -> list[Part]:
    parts: list[Part] = [(estimate.request_words(x.model, x.request), ("", "value", ""), count.rows(x, macs=False))]
    if x.shares:
        parts.append(("one pass of each stage, batch 1", count.share_header("part", macs=False),
                      count.share_rows(x, macs=False)))  # fmt: skip
    return parts


def _comparison(x: Comparison) -> list[Part]:
    parts: list[Part] = [
        ("requests", PAIRS, comparison.request_rows(x)),
        ("", comparison.header(x), comparison.rows(x)),
    ]
    head = ("", "ratio", f"{x.level:.0%} interval", "in words")
    parts += [(f"{comparison.letter(k)} / A", head, comparison.ratio_rows(y)) for k, y in enumerate(x.ratios, start=1)]
    return parts


def _sweep(x: Sweep | RequestList) -> list[Part]:
    _, chunk = next(iter(x.chunks()))
    first = chosen(chunk, slice(FIRST))
    header = sweep.header(first, "per_output_g")
    rows = sweep.rows(first, header)
    return [(f"the first {len(rows)} of {len(x):,} requests", header, rows)]


def _ranking(x: Ranking) -> list[Part]:
    header = sweep.header(x.rows, x.by)
    return [(f"best by {x.by}", header, sweep.rows(x.rows, header)), ("", PAIRS, [("", line) for line in x.remarks])]


def _front(x: Front) -> list[Part]:
    header = sweep.header(x.rows, x.objectives[0])
    title = f"front of {', '.join(x.objectives)}: {len(x.rows['batch']):,} of {x.considered:,} requests"
    return [(title, header, sweep.rows(x.rows, header))]


def _calibrated(x: Calibrated) -> list[Part]:
    return [(x.title, *calibration.knowledge_table(x)), ("", PAIRS, calibration.rows(x))]


def _calibration(x: Calibration) -> list[Part]:
    errors = {y: x.covariance[k][k] ** 0.5 for k, y in enumerate(x.free)}
    values = [
        (
            NOTATION[y].meaning,
            y.name,
            significant(value),
            significant(errors[y]) if y in errors else "",
            NOTATION[y].unit,
        )
        for y, value in x.values.items()
    ]
    facts = [
        ("law", x.law),
        ("accelerator", x.gpu),
        *((key, str(y)) for key, y in x.verdicts.items()),
        ("from", x.origin),
    ]
    header = ("constant", "symbol", "value", "standard error", "unit")
    return [(f"{x.law} on {x.gpu}", header, values), ("basis", PAIRS, facts)]


def _validation(x: Validation) -> list[Part]:
    return [(f"{x.file}: {len(x.scored)} predictions against measurements", validation.HEADER,
             validation.model_rows(x)), ("in words", PAIRS, validation.verdicts(x))]  # fmt: skip


def _answer(x: Answer) -> list[Part]:
    return [(inversion.title(x, {}), PAIRS, inversion.rows(x.solution))]


def _sensitivity(x: Sensitivity) -> list[Part]:
    header = ("input", "stands at", "elasticity", "in words")
    return [(estimate.title(x.estimate), header, sensitivity.elasticity_rows(x))]


def _forms(x: Forms | PassForms) -> list[Part]:
    return [("", PAIRS, equations.rows(x, coefficients_only=False))]


LOOKS: dict[Any, Callable[[Any], list[Part]]] = {
    Estimate: _estimate, Count: _count, Comparison: _comparison, Sweep | RequestList: _sweep, Ranking: _ranking,
    Front: _front, Calibrated: _calibrated, Validation: _validation, Answer: _answer, Sensitivity: _sensitivity,
    Forms | PassForms: _forms, Training: _training, Calibration: _calibration,
}  # fmt: skip
