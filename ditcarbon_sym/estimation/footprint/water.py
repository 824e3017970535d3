"""Water of a request, as lines of the estimate."""

from ...equations import water as equations
from ...equations.notation import NOTATION, WUE, E, w_mix
from ..point import OperatingPoint
from ..service import Quantity


def water(point: OperatingPoint, energy: Quantity) -> dict[str, Quantity]:
    """Return the litres on site and at power plants; None where the place does not say how many a kWh takes.

    ``energy`` is that of the equipment in kWh; its interval is that of the water.
    """
    found = {}
    for equation, litres in ((equations.on_site, WUE), (equations.off_site, w_mix)):
        per_kwh = None if litres not in point.facility.values else float(equation({**point.values, E: 1.0}))
        found[NOTATION[equation.lhs].field] = Quantity(None) if per_kwh is None else energy.times(per_kwh)
    return found
