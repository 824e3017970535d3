"""What --quick fills in."""

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.measure import campaign, grid

H100 = load().gpu("h100-sxm-80gb").values


def test_quick_leaves_what_was_asked_for():
    asked = campaign.quick(campaign.Wish(device="cpu", models=("sd3-medium",)))
    assert asked.models == ("sd3-medium",) and asked.sides == campaign.QUICK["cpu"]["sides"]
    assert asked.precision == "fp32"


def test_quick_on_an_accelerator_is_about_a_minute_at_sizes_that_it_is_made_for():
    asked = campaign.quick(campaign.Wish())
    assert asked.precision == "bf16" and asked.threads is None and min(asked.sides) >= 256
    found = grid.grid(asked.models, H100, sides=asked.sides, batches=asked.batches)
    counter = campaign.energy.Counter("assumed", float, 0.1)
    order = grid.ordered(found, grid.costs(found, counter, asked.warm_up, asked.least), "bf16", "cuda")
    assert order[asked.rows - 1].elapsed < 60 * asked.budget_minutes <= 60
