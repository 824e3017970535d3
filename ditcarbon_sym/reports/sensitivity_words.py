"""How a knob's setting is told."""

from ..equations.notation import SECONDS_PER_YEAR
from .formats import significant


def setting_words(knob: str, value: float) -> str:
    """Write a setting with its unit.

    >>> setting_words("side", 1024), setting_words("lifetime_s", 157788000)
    ('1,024 px', '5 years')
    """
    if knob == "lifetime_s":
        return f"{significant(value / float(SECONDS_PER_YEAR), 3)} years"
    unit = {"side": "px", "tdp_watt": "W", "grid_gco2eq_per_kwh": "g/kWh", "embodied_gco2eq": "g"}.get(knob, "")
    return f"{significant(value, 3)} {unit}".strip()
