"""What a request takes around the chip: energy and carbon of the host, and water, as lines of the estimate."""

from ...equations import pipeline
from ...equations.around import boundaries, water
from ...equations.notation import NOTATION, WUE, C_host, E, E_host, tau, w_mix
from ..point import OperatingPoint
from ..service import Quantity


def around_chip(point: OperatingPoint, time: Quantity, energy: Quantity) -> dict[str, Quantity]:
    """Return what the host draws and emits, and litres of water on site and at power plants.

    ``time`` is in seconds, ``energy`` that of the accelerator in kWh. What the boundary leaves out, or the place does
    not say, is None. The host's interval is that of energy and time at their ends together.
    """
    drawing = boundaries.drawn_by_host(pipeline.accounting(point.route))

    def host(seconds: float | None, kwh: float | None) -> float | None:
        if drawing is None or seconds is None or kwh is None:
            return None
        return float(drawing({**point.values, tau: seconds, E: kwh}))

    drawn = Quantity(host(time.value, energy.value), host(time.low, energy.low), host(time.high, energy.high))
    found = {
        NOTATION[E_host].field: drawn,
        NOTATION[C_host].field: drawn.times(float(boundaries.host_carbon({**point.values, E_host: 1.0}))),
    }
    equipment = with_host(energy, drawn)
    for equation, litres in ((water.on_site, WUE), (water.off_site, w_mix)):
        known = litres in point.facility.values
        per_kwh = float(equation({**point.values, E: 1.0})) if known else 0.0
        found[NOTATION[equation.lhs].field] = equipment.times(per_kwh) if known else Quantity(None)
    found["host_energy_wh"] = found.pop(NOTATION[E_host].field).times(1000.0)
    return found


def with_host(accelerator: Quantity, host: Quantity) -> Quantity:
    """Return the energy of the equipment: the accelerator's, and the host's where the boundary counts it.

    >>> with_host(Quantity(2.0, 1.0, 3.0), Quantity(0.5, 0.25, 1.0))
    Quantity(value=2.5, low=1.25, high=4.0)
    """
    if host.value is None:
        return accelerator
    ends = zip(vars(accelerator).values(), vars(host).values(), strict=True)
    return Quantity(*(None if x is None or y is None else x + y for x, y in ends))
