"""EcoLogits' figures for video come out of our equations, from its own inputs.

EcoLogits counts a whole server for the time of a request: its measured power, its embodied carbon and that of its
accelerators over three years. Our chain takes the server as one accelerator with the server's power, without a host.
The table holds the inputs and the output of EcoLogits 0.11.3 (ecologits2026) for each of its video models, five seconds
long, in three places; low and high are the ends of its ranges of server power, PUE and WUE.
"""

import csv
from pathlib import Path

import pytest

from ditcarbon_sym.equations import carbon
from ditcarbon_sym.equations.around import boundaries, water
from ditcarbon_sym.equations.notation import (
    PUE,
    TDP,
    WUE,
    C_chip,
    C_server,
    E,
    I_grid,
    L,
    tau,
    w_mix,
)

TABLE = Path(__file__).parents[2] / "ground_truth" / "ecologits_video.csv"
LIFETIME = 3 * 365 * 86_400
"""EcoLogits' three years; ours are of 365.25 days, which makes embodied carbon 0.07 % less."""
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("row", ROWS, ids=[f"{x['model']}-{x['zone']}" for x in ROWS])
def test_ecologits_video_figures_follow_from_its_inputs(row, end):
    number = {name: float(x) for name, x in row.items() if name not in ("model", "size", "zone", "hardware")}
    given = {
        tau: number["latency_s"], TDP: number[f"server_watt_{end}"], PUE: number[f"pue_{end}"],
        WUE: number[f"wue_{end}"], I_grid: number["grid_gco2eq_per_kwh"], w_mix: number["water_litre_per_kwh"],
        C_chip: 1000 * number["accelerators"] * number["accelerator_kg"], C_server: 1000 * number["server_kg"],
        L: LIFETIME,
    }  # fmt: skip
    given[E] = carbon.energy(given)
    assert given[E] * given[PUE] == pytest.approx(number[f"energy_kwh_{end}"], rel=1e-8)
    assert carbon.operational(given) == pytest.approx(number[f"operational_g_{end}"], rel=1e-8)
    assert boundaries.embodied_of_server(given) == pytest.approx(number[f"embodied_g_{end}"], rel=1e-8)
    assert water.on_site(given) + water.off_site(given) == pytest.approx(number[f"water_l_{end}"], rel=1e-8)


def test_the_table_has_every_video_model_in_three_places():
    assert len(ROWS) == 3 * 17 and len({x["model"] for x in ROWS}) == 17
