"""How a sweep and a plan look."""

import math
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from ..calibration import planning
from ..equations.notation import NOTATION
from ..reports.formats import significant
from .plan import DTYPE, RUNS, SEVERAL, Plan
from .sweep import Swept


def device_rows(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return labelled lines that say what a sweep is measured on."""
    told = {"peak_from": "by the sweep's header", "bandwidth_from": "by the sweep's header", **told}
    power = told.get("tdp_watt")
    return [
        ("device", str(told["device"])),
        ("peak", f"{significant(told['peak_flop_per_second'] / 1e12, 3)} TFLOP/s ({told['peak_from']})"),
        ("bandwidth", f"{significant(told['bandwidth_byte_per_second'] / 1e9, 3)} GB/s ({told['bandwidth_from']})"),
        ("power", "unknown" if power is None else f"{significant(power)} W ({told['power_from']})"),
        ("energy", "not measured: no counter of joules could be read" if told["energy_from"] == "nothing"
         else f"{told['energy_from']}, a step every {told['energy_period_s']:.3g} s"),
    ]  # fmt: skip


def without_joules(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Warn before an accelerator is measured without its energy; say nothing if it has a counter."""
    if told["kind"] != "cuda" or told["energy_from"] != "nothing":
        return ()
    fix = "its driver tells no counter of joules" if find_spec("pynvml") else "pip install nvidia-ml-py"
    return (f"the energy of {told['device']} will not be measured: {fix}",)


def swept_rows(told: Mapping[str, Any], swept: Swept) -> list[tuple[str, str]]:
    """Return labelled lines that say what a sweep was measured on, and how it went."""
    statuses = ", ".join(f"{number} {status}" for status, number in swept.statuses.items())
    rows = [*device_rows(told), ("rows", statuses or "none")]
    if swept.kept:
        rows.append(("kept", f"{swept.kept} rows from before"))
    if swept.left_out:
        rows.append(("left out", f"{swept.left_out} configurations, for lack of time"))
    return [*rows, ("took", f"{swept.seconds:.0f} s")]


def percent(width: float) -> str:
    """Write the half-width of an interval in the logarithm as per cent upwards, or as a factor if it is wide.

    >>> percent(0.1), percent(2.0)
    ('10.5 %', 'factor 7.4')
    """
    return f"{100 * math.expm1(width):.1f} %" if width < math.log(2) else f"factor {math.exp(width):.1f}"


def plan_title(plan: Plan) -> str:
    """Return one line that names the plan."""
    law = {"bgr": "BGR, Eq. (3)", SEVERAL: "law of several accelerators"}.get(plan.law, "operator law")
    which = plan.gpu.id if plan.gpus == 1 else f"{plan.gpus} x {plan.gpu.id}"
    return f"{which}: {len(plan.designs)} of {plan.candidates} configurations for the {law}, best first"


def plan_rows(plan: Plan) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows: each configuration, its cost, and the 90 % intervals once it is measured."""
    fields = [NOTATION[x].field for x in plan.designs[0].half_widths]
    split: tuple[str, ...] = ("split",) if plan.splits else ()
    header = (
        "",
        "model",
        "output",
        "batch",
        *split,
        "seconds",
        "in all",
        *(f"{x} +-" for x in fields),
        "prediction +-",
    )
    rows = []
    for number, (point, x) in enumerate(zip(plan.points, plan.designs, strict=True), start=1):
        output = f"{point.height} x {point.width}" + (f" x {point.frames}" if point.frames > 1 else "")
        widths = [percent(width) for width in x.half_widths.values()]
        split = plan.splits[number - 1 : number]
        rows.append((str(number), point.model, output, str(point.batch), *split, significant(x.seconds, 3),
                     significant(x.elapsed, 3), *widths, percent(x.prediction)))  # fmt: skip
    return header, rows


def plan_basis(plan: Plan) -> list[tuple[str, str]]:
    """Return labelled lines that say what a plan rests on."""
    law = plan.fitted
    expected = ", ".join(f"{NOTATION[x].field} = {significant(value)}" for x, value in law.expected.items())
    before = ", ".join(
        f"{NOTATION[x].field} within a factor of {math.exp(planning.SPREAD[x]):.2g}" for x in law.expected
    )
    rows = [
        ("expected", f"{expected} (shipped; t_launch and ell_star assumed)"),
        ("before", f"{before} (assumed, wider than accelerators differ)"),
        ("scatter", f"{planning.ROW_SCATTER:.0%} of a row, {planning.MODEL_SCATTER:.0%} of a model (assumed)"),
        ("seconds", f"by the law at {DTYPE}: {RUNS} whole requests, loading" if plan.splits
         else f"by the operator law at {DTYPE}: warm-up, repeats, 5 s for the energy counter, loading"),
        ("prediction", "of a model not measured, median over the candidates"),
    ]  # fmt: skip
    if plan.splits:
        rows.append(("to measure", "xDiT or diffusers under torchrun: ditcarbon measure runs on one accelerator"))
        rows.append(("to score", "ditcarbon validate, with columns gpus and split"))
    if plan.too_large:
        rows.append(("too large", f"{len(plan.too_large)} configurations for {plan.gpu.memory_gb:g} GB (rough)"))
    return rows


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as a plain dictionary, ready for JSON."""
    law = plan.fitted
    return {
        "schema_version": 1, "gpu": plan.gpu.id, "gpus": plan.gpus, "law": plan.law, "candidates": plan.candidates,
        "expected": {NOTATION[x].field: float(value) for x, value in law.expected.items()},
        "row_scatter": planning.ROW_SCATTER, "model_scatter": planning.MODEL_SCATTER, "level": planning.LEVEL,
        "too_large": list(plan.too_large), "warnings": list(plan.notes),
        "configurations": [
            {
                **point.row(), **({"split": plan.splits[k]} if plan.splits else {}), "seconds": x.seconds,
                "elapsed": x.elapsed, "log_determinant": x.determinant,
                "log_half_width": {NOTATION[y].field: w for y, w in x.half_widths.items()},
                "prediction_log_half_width": x.prediction,
            }
            for k, (point, x) in enumerate(zip(plan.points, plan.designs, strict=True))
        ],
    }  # fmt: skip
