"""The operator law on an accelerator that nobody has calibrated: what accelerators have in common, put in its units.

Efficiencies carry over as parts of peak, elementwise passes as bytes per clock of the multiprocessors, joules in units
of rated power (`roofline.TRANSFER`). How far that is off, `fits/transfer.py` measured on accelerators that the fit had
not seen; the interval of a transferred estimate is made of it.
"""

from functools import lru_cache
from typing import Any

from . import roofline
from .catalog import Calibration, Gpu
from .equation import Equation
from .files import DATA, read_toml
from .notation import BY_FIELD, NOTATION, TDP, InputError, bandwidth, e_mem, eps_flop, phi_elem, t_exp

ORIGIN = "transferred, not calibrated"


def transferred(device: Gpu) -> Calibration:
    """The law of time, and of energy where rated power is known, on this accelerator; raises `InputError` naming the
    missing fact.

    >>> from ditcarbon_sym.catalog import load
    >>> found = transferred(load().gpu("l40s"))
    >>> found.origin, [x.name for x in found.free], [str(law) for law in found.equations][0]
    ('transferred, not calibrated: Ampere and later', ['e_dense', 'rho', 'phi_elem'], 'e_mem = rho/(beta*t_exp)')
    """
    table = _table_for(device)
    values = {BY_FIELD[name].symbol: float(value) for name, value in table["parameters"].items()}
    facts = dict(device.values)
    if NOTATION[t_exp].field in table["kind"]:
        facts[t_exp] = float(table["kind"][NOTATION[t_exp].field])
    missing = [x for x in (bandwidth, t_exp) if x not in facts]
    if missing:
        raise InputError(f"{NOTATION[missing[0]].field} of {device.id} is not known ({NOTATION[missing[0]].meaning})")
    laws = [
        Equation("transfer", x, law)
        for x, law in roofline.TRANSFER.items()
        if x not in values and (x not in roofline.ENERGY or {TDP, phi_elem} <= {*facts, *values})
    ]
    return Calibration(
        law=roofline.LAW, gpu=device.id, device=facts, values=values,
        free=tuple(BY_FIELD[name].symbol for name in table["covariance"]["parameters"]),
        covariance=tuple(tuple(row) for row in table["covariance"]["matrix"]),
        verdicts=table["verdicts"], quality=table["quality"], validity=table["validity"],
        convention=table["convention"], data=table["data"], origin=f"{ORIGIN}: {table['kind']['name']}",
        head_multiple=table["kind"]["head_multiple"], transferred=True,
        equations=tuple(laws),
    )  # fmt: skip


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
    own_energy = any(law.lhs == eps_flop for law in calibration.equations)
    energy = "" if own_energy or TDP not in device.values else "; energy is rated power x time"
    memory = next((float(law({**calibration.device, **calibration.values})) for law in calibration.equations
                   if law.lhs == e_mem), 0.0)  # fmt: skip
    slow = "" if memory <= 1 else "; its memory is slower than its clock asks for, so time is more than said"
    return (
        f"{ORIGIN}: {device.id} is taken to work as other accelerators do{own}; each of {len(errors)} held out was "
        f"missed by {mean:.0f} % in time on average, {worst} by {errors[worst]:.0f} %{energy}{slow}{unsaid}"
    )
