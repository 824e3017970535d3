"""The operator law on an accelerator without a calibration: what accelerators have in common, in its own units.

Products reach a part of peak. Elementwise passes keep pace with the clock of the multiprocessors, up to what the memory
can move. Joules come in units of rated power (`operator_law.TRANSFER`). `fits/transfer.py` measures the error of this
on chips that the fit has not seen; the interval of a transferred estimate is made of that error. An accelerator with
the same chip and clock as a calibrated one takes that one's constants, with the same interval.
"""

import math
from dataclasses import replace
from functools import lru_cache
from itertools import compress
from typing import Any

from sympy import Symbol

from ..catalog.entries import NVIDIA, Calibration, Gpu
from ..catalog.files import DATA, read_toml
from ..catalog.loading import load, shipped_calibration
from ..equations import operator_law
from ..equations.equation import Equation
from ..equations.notation import BY_FIELD, NOTATION, TDP, Theta_peak, bandwidth, e_mem, eps_0, eps_byte, eps_flop, t_exp
from ..errors import InputError

ORIGIN = "transferred, not calibrated"
OTHER_MAKER = 0.5
"""Standard deviation of a logarithm that another maker's accelerator adds (assumed: a factor of three either way, at
90 %). Its kernels, compilers and clocks under load are others, and no run of its kind is in the fit."""
TENSOR_CORES = 7.0
"""Compute capability from which accelerators have tensor cores."""


def transferred(device: Gpu) -> Calibration:
    """The law of time, and of energy where rated power is known, on this accelerator; raises `InputError` naming the
    missing fact.

    >>> found = transferred(load().gpu("l40s"))
    >>> found.origin, [law.lhs.name for law in found.equations]
    ('transferred, not calibrated: Ampere and later', ['e_mem', 'eps_flop'])
    >>> [x.name for x in found.free]
    ['e_dense', 'r_attn', 'rho', 'eps_0', 'eps_byte']
    """
    table = _table_for(device)
    values = {BY_FIELD[name].symbol: float(value) for name, value in table["parameters"].items()}
    facts, heads = as_counted(device)
    if bandwidth not in facts:
        raise InputError(f"{NOTATION[bandwidth].field} of {device.id} is not known ({NOTATION[bandwidth].meaning})")
    if not facts.get(t_exp) and NOTATION[t_exp].field not in table["kind"]:
        raise InputError(f"{NOTATION[t_exp].field} of {device.id} is not known ({NOTATION[t_exp].meaning})")
    laws = [
        Equation("transfer", x, law)
        for x, law in operator_law.TRANSFER.items()
        if x not in values and (x not in operator_law.ENERGY or {TDP, eps_0} <= {*facts, *values})
    ]
    if TDP not in facts:  # without rated power there is no law of energy
        values.pop(eps_byte, None)
    free = [BY_FIELD[name].symbol for name in table["covariance"]["parameters"]]
    known = [x in values for x in free]
    pool = Calibration(
        law=operator_law.LAW, gpu=device.id, device=facts, values=values,
        free=tuple(compress(free, known)),
        covariance=tuple(tuple(compress(row, known)) for row in compress(table["covariance"]["matrix"], known)),
        verdicts=table["verdicts"], quality=table["quality"], validity=table["validity"],
        convention=table["convention"], data=table["data"], origin=f"{ORIGIN}: {table['kind']['name']}",
        head_multiple=heads, transferred=True, equations=tuple(laws),
    )  # fmt: skip
    return _of_the_same_chip(device, replace(pool, quality=_widened(pool, device)))


def _widened(pool: Calibration, device: Gpu) -> dict[str, Any]:
    """The quality of a fit, with a further error where rated power lies outside that of its accelerators, and where
    the accelerator is of another maker.

    The first is half of the logarithm by which it lies outside (assumed): clocks and voltages are new there.
    """
    low, high = _range(pool, TDP)
    watts = device.values.get(TDP, low)
    beyond = max(0.0, math.log(low / watts), math.log(watts / high)) / 2
    outside = math.hypot(beyond, 0.0 if device.maker == NVIDIA else OTHER_MAKER)
    if not outside:
        return dict(pool.quality)
    return {**pool.quality, "besides_log_scatter": outside, "besides_log_scatter_energy": outside}


def as_counted(device: Gpu) -> tuple[dict[Symbol, float], int]:
    """The facts of an accelerator as the law takes them, and the multiple that heads are padded to.

    Before Ampere heads are padded, and the efficiency of attention includes the exponentials of the softmax.
    """
    kind = _table_for(device)["kind"]
    hidden = {t_exp: float(kind[NOTATION[t_exp].field])} if NOTATION[t_exp].field in kind else {}
    return {**device.values, **hidden}, int(kind["head_multiple"])


def typical_memory(device: Gpu) -> float | None:
    """The part of the bandwidth that we expect elementwise passes to reach; None where facts are missing."""
    try:
        known = transferred(device)
    except InputError:
        return None
    laws = {law.lhs: law for law in known.equations}
    return float(laws[e_mem]({**known.device, **known.values})) if e_mem in laws else known.values[e_mem]


def _of_the_same_chip(device: Gpu, pool: Calibration) -> Calibration:
    """The constants of a calibrated accelerator of the same peak, clock and rated power, if there is one; the interval
    is the pool's.
    """
    gpus, facts = load().gpus, (Theta_peak, t_exp, TDP)
    for name in gpus:
        known = shipped_calibration(name, operator_law.LAW)
        if known is not None and all(device.values.get(x) == gpus[name].values.get(x) for x in facts):
            ratio = known.device[bandwidth] / device.values[bandwidth]
            memory = known.values[e_mem] * ratio
            scale = [ratio if x == e_mem else 1.0 for x in known.free]
            covariance = tuple(
                tuple(value * one * other for value, other in zip(row, scale, strict=True))
                for row, one in zip(known.covariance, scale, strict=True)
            )
            return replace(
                known, covariance=covariance, gpu=device.id, device=pool.device, transferred=True,
                values={**known.values, e_mem: memory},
                quality={**pool.quality, "mape_percent": known.quality["mape_percent"]}, data=pool.data,
                origin=f"{ORIGIN}: {name}, which has the same peak, clock and rated power",
            )  # fmt: skip
    return pool


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Any], ...]:
    return tuple(read_toml(path) for path in sorted((DATA / "transfers").glob("*.toml")))


def _table_for(device: Gpu) -> dict[str, Any]:
    """The accelerators that this one is likened to: those of its generation, or the later ones if that is unknown."""
    later, earlier = _tables()
    capability = device.compute_capability
    return later if capability is None or capability >= later["kind"]["compute_capability_min"] else earlier


def transfer_words(calibration: Calibration, device: Gpu) -> str:
    """What to beware of in a transferred estimate: the errors on accelerators that neither the fit nor the choice of
    its rules has seen.
    """
    own = " (its own published runs are among them)" if device.id in calibration.data["accelerators"] else ""
    likeness = calibration.origin.removeprefix(f"{ORIGIN}: ")
    words = [_missed(calibration, suffix, what) for suffix, what in (("", "time"), ("_energy", "energy"))]
    said = (
        f"{ORIGIN}: {device.id} is likened to {likeness}{own}; accelerators held out were missed by "
        f"{' and '.join(x for x in words if x)}"
    )
    return "; ".join([said, *_reservations(calibration, device)])


def _missed(calibration: Calibration, suffix: str, what: str) -> str:
    """The mean error on accelerators held out, and the worst; nested where rules were chosen."""
    found = calibration.quality.get(f"nested_mape_percent{suffix}") or calibration.quality.get(
        f"held_out_mape_percent{suffix}", {}
    )
    if not found or (suffix and eps_flop not in {*calibration.values, *(law.lhs for law in calibration.equations)}):
        return ""
    worst = max(found, key=lambda name: found[name])
    return f"{sum(found.values()) / len(found):.0f} % in {what} on average ({worst} by {found[worst]:.0f} %)"


def _reservations(calibration: Calibration, device: Gpu) -> list[str]:
    """In which ways an accelerator differs from those that the law was made of."""
    found = []
    known = {eps_flop} & {*calibration.values, *(law.lhs for law in calibration.equations)}
    if not known and TDP in device.values:
        found.append("energy is rated power x time")
    if device.maker != NVIDIA:
        found.append(f"no accelerator of {device.maker}'s is in the fit, which widens the interval")
    elif device.compute_capability is None:
        found.append("no compute capability given: taken for Ampere or later")
    elif device.compute_capability < TENSOR_CORES:
        found.append("it has no tensor cores, as all of those have")
    if str(device.sources.get(NOTATION[t_exp].field, "")).startswith("assumed"):
        found.append(f"its {NOTATION[t_exp].field} are assumed")
    low, high = _range(calibration, TDP)
    if TDP in device.values and not low <= device.values[TDP] <= high:
        found.append(
            f"extrapolates: rated power of {device.values[TDP]:g} W is outside the {low:g}..{high:g} W of those, which "
            "widens the interval"
        )
    return found


def _range(calibration: Calibration, fact: Symbol) -> tuple[float, float]:
    """The range of a fact over the accelerators that a transfer was made of."""
    values = [load().gpu(name).values[fact] for name in calibration.data["accelerators"]]
    return min(values), max(values)
