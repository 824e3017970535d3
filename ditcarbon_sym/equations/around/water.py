r"""Water of one request: what the facility evaporates, and what the power plants of its grid consume.

Water on site goes with the energy of the equipment (WUE is litres per kWh of it), water at power plants with the
energy of the facility. Consumed water only: what flows back is not counted, nor is what manufacturing takes.
"""

from ..equation import Equation
from ..notation import PUE, WUE, E, V_mix, V_site, w_mix

on_site = Equation("water on site", V_site, E * WUE)
off_site = Equation("water at power plants", V_mix, E * PUE * w_mix)
