r"""Symbols of what lies around the accelerator: water, and the host that it stands in. `notation` exports them."""

from ..quantities import Table

TABLE = Table()
symbol = TABLE.symbol

WUE = symbol(
    "WUE", "water usage effectiveness: water evaporated on site for each kWh of the equipment", "l/kWh",
    "wue_litre_per_kwh", 0, 20, zero=True, hint="litres per kWh of the equipment",
)  # fmt: skip
w_mix = symbol(
    "w_mix", "water that power plants consume for each kWh of the grid", "l/kWh", "water_litre_per_kwh", 0, 100,
    zero=True, hint="litres per kWh of the grid",
)  # fmt: skip
V_site = symbol("V_site", "water on site", "l", "water_on_site_l", zero=True)
V_mix = symbol("V_mix", "water at power plants", "l", "water_off_site_l", zero=True)
P_host = symbol(
    "P_host", "power of the host at rest, the share of one accelerator", "W", "host_watt", 0, 1e5, zero=True
)
h_host = symbol(
    "h_host", "power of the host that follows each watt of the accelerator", "1", "host_watt_per_watt", 0, 5, zero=True
)
E_host = symbol(
    "E_host", "energy of the host for the request, the share of one accelerator", "kWh", "host_energy_kwh", zero=True
)
C_host = symbol("C_host", "carbon of that energy", "gCO2eq", "host_g", zero=True)
C_server = symbol(
    "C_server", "embodied carbon of the server without accelerators, the share of one", "gCO2eq", "server_gco2eq", 0,
    1e9, zero=True, hint="in grams: was it given in kilograms?",
)  # fmt: skip
