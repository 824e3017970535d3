"""The operator law on an accelerator that nobody has calibrated: what accelerators have in common, put in its units.

Efficiencies carry over as parts of peak, elementwise passes as bytes per clock of the multiprocessors, joules in units
of rated power (`roofline.TRANSFER`). How far that is off, `fits/transfer.py` measured on accelerators that the fit had
not seen; the interval of a transferred estimate is made of it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Symbol

from . import roofline
from .catalog import Calibration, Gpu
from .equation import Equation
from .files import DATA, read_toml
from .notation import BY_FIELD, NOTATION, TDP, InputError, bandwidth, e_mem, t_exp

ORIGIN, COMMON = "transferred, not calibrated", "pooled over accelerators"


def transferred(device: Gpu) -> Calibration:
    """The law of time, and of energy where rated power is known, on this accelerator; raises `InputError` naming the
    missing fact.

    >>> from ditcarbon_sym.catalog import load
    >>> found = transferred(load().gpu("l40s"))
    >>> found.origin.partition(":")[0], round(found.values[e_mem], 3)
    ('transferred, not calibrated', 0.84)
    """
    table = _table_for(device)
    parameters = {BY_FIELD[name].symbol: float(value) for name, value in table["parameters"].items()}
    facts = {
        **device.values,
        **{x: table["kind"][NOTATION[x].field] for x in (t_exp,) if NOTATION[x].field in table["kind"]},
    }
    missing = [x for x in (bandwidth, t_exp) if x not in facts]
    if missing:
        raise InputError(f"{NOTATION[missing[0]].field} of {device.id} is not known ({NOTATION[missing[0]].meaning})")
    known = {**facts, **parameters}
    laws = {
        x: Equation("transfer", x, x if x in parameters else roofline.TRANSFER[x])
        for x in (*roofline.TIME, *roofline.ENERGY)
        if x in parameters or set(roofline.TRANSFER[x].free_symbols) <= set(known)
    }
    values = {x: float(law(known)) for x, law in laws.items()}
    values[e_mem] = min(1.0, values[e_mem])  # nothing moves faster than the memory
    free, covariance = _carried(table, laws, known)
    return Calibration(
        law=roofline.LAW, gpu=device.id, device=facts, values=values, free=free, covariance=covariance,
        verdicts={NOTATION[x].field: table["verdicts"].get(NOTATION[x].field, COMMON) for x in values},
        quality=table["quality"], validity=table["validity"], convention=table["convention"], data=table["data"],
        origin=f"{ORIGIN}: {table['kind']['name']}", head_multiple=table["kind"]["head_multiple"], transferred=True,
    )  # fmt: skip


def _carried(
    table: Mapping[str, Any], laws: Mapping[Symbol, Equation], known: Mapping[Symbol, float]
) -> tuple[tuple[Symbol, ...], tuple[tuple[float, ...], ...]]:
    """The covariance of the parameters, from that of what accelerators have in common."""
    common = [BY_FIELD[name].symbol for name in table["covariance"]["parameters"]]
    free = tuple(x for x, law in laws.items() if set(law.inputs) & set(common))
    slopes = np.array([
        [float(Equation("slope", x, slope)(known)) for slope in laws[x].gradient(*common).values()] for x in free
    ])  # fmt: skip
    covariance = slopes @ np.array(table["covariance"]["matrix"]) @ slopes.T
    return free, tuple(tuple(float(cell) for cell in row) for row in covariance)


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Any], ...]:
    return tuple(read_toml(path) for path in sorted((DATA / "transfers").glob("*.toml")))


def _table_for(device: Gpu) -> dict[str, Any]:
    """Which accelerators this one is likened to: those of its generation; the later ones where that is not said."""
    for table in _tables():
        low, high = table["kind"].get("compute_capability_min", 0), table["kind"].get("compute_capability_below", 1e9)
        if low <= (low if device.compute_capability is None else device.compute_capability) < high:
            return table
    raise AssertionError("the generations leave a gap")


def transfer_words(calibration: Calibration, device: Gpu) -> str:
    """What to beware of in a transferred estimate."""
    errors = calibration.quality["held_out_mape_percent"]
    worst = max(errors, key=lambda name: errors[name])
    mean = sum(errors.values()) / len(errors)
    own = " (its own published runs are among them)" if device.id in calibration.data["accelerators"] else ""
    unsaid = "" if device.compute_capability is not None else "; no compute capability given: taken for Ampere or later"
    energy = "" if calibration.quality.get("held_out_log_scatter_energy") and TDP in device.values else (
        "; energy is rated power x time"
    )  # fmt: skip
    return (
        f"{ORIGIN}: {device.id} is taken to work as other accelerators do{own}; each of {len(errors)} held out was "
        f"missed by {mean:.0f} % in time on average, {worst} by {errors[worst]:.0f} %{energy}{unsaid}"
    )
