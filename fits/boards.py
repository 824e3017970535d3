"""Embodied carbon of an accelerator by Boavizta's method: die and memory by area, board and cooling by area and mass.

The area is the *effective* one: what of a wafer a die takes. Of memory it follows from 15.5 mm2 for each GB on a wafer
of 300 mm, with the kerf, the rim and the dies that fail. Of the logic dies of eight cards Boavizta prints it; all but
the H100's are the area over Murphy's yield at 0.1 defects for each cm2, as a test shows, so that other dies follow from
their area. Of cards that Boavizta has not taken apart, board and cooling are those of a card of the same build
(assumed). The shipped figures (`catalog/data/boundaries.toml`) are those of this file, which a test compares.

Run ``python -m fits.boards`` to print them.
"""

import math
from dataclasses import dataclass, replace

from ditcarbon_sym.catalog.files import shipped_table

SOURCE = "boaviztapi2026: data/factors.yml, crowdsourcing/gpu_specs.csv, models/component/gpu.py"
DIE, MEMORY, BOARD = 42.592, 183.79, 32.549
"""gCO2eq for each mm2 of a die, for each mm2 of memory, and for each cm2 of circuit board."""
CASING, HEATSINK, UPSTREAM, END_OF_LIFE = 8254.2, 5741.2, 259.55, 1506.2
"""gCO2eq for each kg: of the casing, of the heat sink; of the card: transport to the factory, end of life."""
BOAT, TRUCK = 0.0133, 0.0504
"""gCO2eq for each km that a kg is carried."""
MM2_PER_GB, KERF, WAFER, DEFECTS = 15.5, 0.2, 300.0, 0.1
"""Memory's area; mm between dies; a wafer's diameter in mm; defects for each cm2."""


@dataclass(frozen=True)
class Card:
    """What Boavizta measured of a card: effective mm2 of the die, memory in GB and dies, cm2 of board, masses in kg."""

    die_mm2: float
    memory_gb: float
    memory_dies: int
    board_cm2: float
    casing_kg: float
    heatsink_kg: float
    mass_kg: float
    boat_km: float = 19_000
    truck_km: float = 1_000


PRINTED = {4.71: 740.57, 2.94: 390.96, 8.26: 1798.0, 6.1: 1088.7, 6.28: 1135.82, 7.54: 1528.87}
"""cm2 of a die, and its effective mm2 as Boavizta prints it: GP102, AD104, GA100, GP100, GA102, TU102. The areas are
those of dbgpu2025.
"""

CARDS = {
    "gtx-1080-ti": Card(740.57, 11, 11, 312.14, 0.252, 0.427, 0.881),
    "l4": Card(390.96, 24, 12, 93.13, 0.0, 0.0871, 0.142),
    "a100-sxm-40gb": Card(1798.0, 40, 6, 105.0, 0.09, 1.25, 1.56),
    "a100-sxm-80gb": Card(1798.0, 80, 6, 105.0, 0.09, 1.25, 1.56),
    "h100-sxm-80gb": Card(2810.4, 80, 6, 296.37, 0.78923, 0.90077, 1.69),
}
"""Of the A100 80 GB Boavizta has no card; it is the 40 GB one with twice the memory, an assumption."""
CARDS["a100-pcie-40gb"] = A100_PCIE = Card(1798.0, 40, 6, 234.36, 0.387, 0.609, 1.23)
"""A card of two slots, of full height and length."""
GB_PER_DIE = 2.0
"""Memory on a die of GDDR: the L4's, assumed for other cards."""
BUILDS = {
    "t4": CARDS["l4"], "v100-sxm2-32gb": CARDS["a100-sxm-40gb"],
    **dict.fromkeys(("rtx-3090", "rtx-4090", "rtx-5090"), CARDS["gtx-1080-ti"]),
    **dict.fromkeys(("a10", "a10g", "a100-pcie-80gb", "h100-pcie-80gb", "h100-nvl-94gb", "l20", "l40", "l40s",
                     "rtx-6000-ada", "rtx-pro-6000"), A100_PCIE),
}  # fmt: skip
"""Cards that Boavizta has not taken apart, and the card whose board and cooling stand for theirs."""
STACKS = {"v100-sxm2-32gb": 4, "a100-pcie-80gb": 6, "h100-pcie-80gb": 6, "h100-nvl-94gb": 6}
"""Of those with stacked memory, the number of stacks: of the V100 by its bus of 4,096 bits (dbgpu2025), of the others
as Boavizta has it for an A100 and an H100.
"""
TOO_HIGH = 164.0 / 575.2
"""NVIDIA's figure for an H100 over the method's: so much lower are the low ends of figures by the method."""


def effective_mm2(area: float) -> float:
    """Area of wafer that a good die of this area takes, in mm2.

    >>> round(effective_mm2(100.0), 1)
    158.9
    """
    wafer, own = math.pi * (WAFER / 2) ** 2, (math.sqrt(area) + KERF) ** 2
    whole = wafer / own - math.pi * WAFER / math.sqrt(2 * own)
    return wafer / whole / math.exp(-math.sqrt(own / 100 * DEFECTS))


def yielded_mm2(area: float) -> float:
    """Area over Murphy's yield at `DEFECTS` for each cm2, in mm2.

    >>> round(yielded_mm2(610.0), 1)
    1088.7
    """
    faults = area / 100 * DEFECTS
    return area * (faults / (1 - math.exp(-faults))) ** 2


def assumed_cards() -> dict[str, Card]:
    """Return the cards that Boavizta has not taken apart: their own die and memory, the board of another."""
    found = {}
    for name, build in BUILDS.items():
        facts = shipped_table("gpus", name)
        memory = float(facts["memory_gb"])
        dies = STACKS.get(name, round(memory / GB_PER_DIE))
        die = yielded_mm2(100 * float(facts["die_cm2"]))
        found[name] = replace(build, die_mm2=die, memory_gb=memory, memory_dies=dies)
    return found


def every_card() -> dict[str, Card]:
    """Return all cards by accelerator."""
    return CARDS | assumed_cards()


def parts(card: Card) -> dict[str, float]:
    """Return gCO2eq of the die, of the memory and of all else: board, cooling, transport, end of life."""
    memory = effective_mm2(card.memory_gb * MM2_PER_GB / card.memory_dies) * card.memory_dies
    carried = UPSTREAM + END_OF_LIFE + BOAT * card.boat_km + TRUCK * card.truck_km
    cooling = CASING * card.casing_kg + HEATSINK * card.heatsink_kg
    rest = BOARD * card.board_cm2 + cooling + carried * card.mass_kg
    return {"die": DIE * card.die_mm2, "memory": MEMORY * memory, "board": rest}


if __name__ == "__main__":
    for name, card in every_card().items():
        found = parts(card)
        print(name, {x: round(y, -2) for x, y in found.items()}, "total", round(sum(found.values()), -2))
