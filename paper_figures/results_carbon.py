"""Carbon as the paper prints it: Tables 6 and 7, the shares of Section 4.2, and Section 4.4."""

from functools import cache, lru_cache

from ditcarbon_sym import Estimate, estimate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import PUE, I_grid
from ditcarbon_sym.estimation.request import Request
from fits import other_team, section_4_3
from fits.implied_efficiency import Cell, Implied, implied
from fits.runs import published

from .figure_4 import by_flags, figure_4_points
from .printed import UNITS, by_quantity
from .readings import Found, Inference, Reading, Results, at_most, corrected, found

IMAGE_MODELS = ("dit-xl-2-256", "dit-xl-2-512", "pixart-alpha", "pixart-sigma", "sd3-medium")
DATACENTERS = (
    "us-average", "france-nuclear", "germany", "norway-hydro", "india-coal", "azure-us-west", "gcp-iowa",
)  # fmt: skip
TABLE_7: dict[str, tuple[str, Request]] = {
    "dit-xl-2-256-512-b1": ("dit-xl-2-256", {"resolution": 512, "batch": 1, "steps": 50}),
    "dit-xl-2-256-1024-b1": ("dit-xl-2-256", {"resolution": 1024, "batch": 1, "steps": 50}),
    "pixart-alpha-512-b1": ("pixart-alpha", {"resolution": 512, "batch": 1, "steps": 50}),
    "pixart-alpha-1024-b1": ("pixart-alpha", {"resolution": 1024, "batch": 1, "steps": 50}),
    "pixart-alpha-1024-b4": ("pixart-alpha", {"resolution": 1024, "batch": 4, "steps": 50}),
    "sd3-medium-1024-b1": ("sd3-medium", {"resolution": 1024, "batch": 1, "steps": 50}),
    "sd3-medium-1024-b4": ("sd3-medium", {"resolution": 1024, "batch": 4, "steps": 50}),
    "cogvideox-2b-480-b1-f13": ("cogvideox-2b", {"resolution": 480, "batch": 1, "steps": 20, "frames": 13}),
    "cogvideox-2b-720-b1-f13": ("cogvideox-2b", {"resolution": 720, "batch": 1, "steps": 20, "frames": 13}),
}
"""The rows of Table 7. All use the fitted efficiency, also where it extrapolates (CogVideoX at 480 x 480)."""

PER_DAY = 1e6
"""Outputs per day of the paper's service."""

REUSE = "VAE reuse factor 3 in place of 1"
FROM_TABLE_7 = "mu as Table 7 itself implies"
IMPLIED = f"{REUSE}, and {FROM_TABLE_7}"
ROUNDED = "ratio of the rounded printed values"


@cache
def run(row: str, reuse: float = 3.0, mu: float | None = None, datacenter: str | None = None) -> Estimate:
    """The estimate of one row of Table 7."""
    model, request = TABLE_7[row]
    law = "bgr" if mu is None else None
    return estimate(model, efficiency=law, mu=mu, datacenter=datacenter, catalog=by_flags(reuse), **request)


def _cells(batch: int) -> list[Cell]:
    """The printed time, energy and carbon of Table 7 at one batch size, with their values at mu = 1."""
    cells = []
    for row, (_, request) in TABLE_7.items():
        if request["batch"] == batch:
            result = run(row)
            for column in ("time", "energy", "op", "total"):
                claim = by_quantity()[f"table7.{row}.{column}"]
                unit = _columns(result)[column] * result.efficiency["value"]
                cells.append(Cell(batch, result.tokens["latent"], claim.value, claim.half_unit, unit))
    return cells


@lru_cache(maxsize=1)
def implied_efficiency() -> dict[int, Implied]:
    """The efficiency that Table 7 implies, by batch. The seven rows at B = 1 give one length scale for both."""
    single = implied(_cells(1))
    return {1: single, 4: implied(_cells(4), single.ell_star)}


def _implied(row: str) -> float:
    result = run(row)
    batch = result.request["batch"]
    return implied_efficiency()[batch].mu(batch, result.tokens["latent"])


def _columns(result: Estimate) -> dict[str, float]:
    return {
        "flops": result.flops["total"],
        "mu": result.efficiency["value"],
        "time": result.time_s.value or 0.0,
        "energy": result.energy_wh.value or 0.0,
        "op": result.operational_g.value or 0.0,
        "emb": result.embodied_g.value or 0.0,
        "total": result.total_g.value or 0.0,
        "per_output": result.per_output_g.value or 0.0,
    }


def _one_reading(quantities: dict[str, str], *estimates: Estimate) -> Results:
    """The quantities of one row, ``quantities`` by column, all read in the same way.

    That is the first reading under which each printed cell of the row comes out. The last one rests on numbers that
    are inferred from the printed cells themselves, so agreement is consistency.
    """
    literal, ours, implied = (_columns(result) for result in estimates)
    found_in = {
        quantity: (
            Reading(literal[x]), Reading(ours[x], REUSE), Reading(implied[x], IMPLIED, inferred=True)
        )
        for x, quantity in quantities.items()
    }  # fmt: skip
    chosen = next((k for k in (0, 1) if all(_rounds(x, each[k].value) for x, each in found_in.items())), 2)
    for x, quantity in quantities.items():
        untouched = chosen == 2 and ours[x] == implied[x]  # FLOP do not depend on mu
        yield Found(quantity, (found_in[quantity][1 if untouched else chosen], found_in[quantity][1]), ours=1)


def _rounds(quantity: str, value: float) -> bool:
    """Whether a value rounds to the printed digits of a quantity, where it is printed."""
    claim = by_quantity().get(quantity)
    return claim is None or abs(value / UNITS.get(claim.unit, 1.0) - claim.value) <= claim.half_unit * (1 + 1e-9)


def tables_6_and_7() -> Results:
    """Each row read in one of three ways: to the letter, with the reuse factor that Table 7 needs, and with the mu that
    it implies besides.
    """
    for row in TABLE_7:
        estimates = run(row, 1.0), run(row), run(row, 3.0, _implied(row))
        yield from _one_reading({x: f"table7.{row}.{x}" for x in _columns(estimates[0])}, *estimates)
    row = "pixart-alpha-1024-b1"
    for place in DATACENTERS:
        values = load().datacenter(place).values
        yield found(f"table6.{place}.pue", values[PUE])
        yield found(f"table6.{place}.grid", values[I_grid])
        estimates = (
            run(row, 1.0, datacenter=place),
            run(row, datacenter=place),
            run(row, 3.0, _implied(row), place),
        )
        yield from _one_reading({x: f"table6.{place}.{x}" for x in ("op", "total")}, *estimates)
    for batch, row in ((1, "pixart-alpha-1024-b1"), (4, "pixart-alpha-1024-b4")):
        ours = run(row).efficiency["value"]
        moved = section_4_3.rounding_of_table_5()[1][0 if batch == 1 else 1]
        note = (
            f"a refit of Table 5 gives {ours:.4f}, which its rounding to three digits moves by {moved:.5f} (one sigma)"
        )
        implied_here = Reading(_implied(row), FROM_TABLE_7, inferred=True)
        yield Found(f"mu_bgr_b{batch}", (Reading(ours), implied_here), note=note)


def one_shot_shares() -> Results:
    """Section 4.2: the shares of the text encoder and the VAE decoder, per cent of the FLOP."""
    both, vae = ("text_encoder", "vae_decoder"), ("vae_decoder",)
    literal, ours = (_share(run("pixart-alpha-512-b1", reuse), both) for reuse in (1.0, 3.0))
    yield corrected("oneshot_share_pixart_alpha_512_50st", literal, ours, REUSE)
    yield corrected("denoising_flop_share_typical", 100 - literal, 100 - ours, REUSE)
    literal, ours = (_share(_small_dit(reuse), vae) for reuse in (1.0, 3.0))
    yield corrected("vae_share_dit_256_20st", literal, ours, REUSE)
    largest = max([ours, *(_share(run(row), both) for row in TABLE_7)])
    for name in ("oneshot_flop_share_max", "oneshot_runtime_error_max"):
        yield at_most(name, largest, "largest over Table 7 and DiT-XL/2 at 256 x 256, 20 steps")


def _small_dit(reuse: float) -> Estimate:
    return estimate("dit-xl-2-256", resolution=256, steps=20, mu=0.1, catalog=by_flags(reuse))


def _share(result: Estimate, stages: tuple[str, ...]) -> float:
    return float(100 * sum(result.flops[stage] for stage in stages) / result.flops["total"])


def _numbers_of_4_4(reuse: float, *, implied: bool) -> dict[str, float]:
    """The prose of Section 4.4 under one reading of Table 7."""
    row = "pixart-alpha-1024-b1"

    def total(which: str, place: str | None = None) -> dict[str, float]:
        return _columns(run(which, reuse, _implied(which) if implied else None, place))

    ours, batched, small = total(row), total("pixart-alpha-1024-b4"), total("pixart-alpha-512-b1")
    places = [total(row, place)["total"] for place in DATACENTERS]
    norway = total(row, "norway-hydro")
    mu = _implied(row) if implied else None
    law = None if implied else "bgr"
    catalog = by_flags(reuse)
    video = estimate("cogvideox-2b", resolution=480, frames=49, steps=20, mu=mu, efficiency=law, catalog=catalog)
    return {
        "regional_spread": max(places) / min(places),
        "daily_carbon_us_average": PER_DAY * ours["per_output"] / 1000,
        "batching_reduction_pixart_1024": 100 * (1 - batched["per_output"] / ours["per_output"]),
        "carbon_ratio_pixart_1024_512": ours["per_output"] / small["per_output"],
        "carbon_per_token_pixart_1024": 1000 * ours["per_output"] / 4096,
        "carbon_per_token_cogvideox_480_f49": 1000 * (video.per_output_g.value or 0) / video.tokens["latent"],
        "op_emb_ratio_pixart_1024_b1": ours["op"] / ours["emb"],
        "embodied_share_norway": 100 * norway["emb"] / norway["total"],
    }


def _ratios_of_printed() -> dict[str, float]:
    """The quotients of the rounded, printed values."""
    printed = {name: claim.value for name, claim in by_quantity().items()}
    op, emb = (printed[f"table7.pixart-alpha-1024-b1.{column}"] for column in ("op", "emb"))
    return {
        "op_emb_ratio_pixart_1024_b1": op / emb,
        "embodied_share_norway": 100 * emb / printed["table6.norway-hydro.total"],
    }


def section_4_4() -> Results:
    """Carbon: regions, batching, tokens, embodied share."""
    rounded = _ratios_of_printed()
    literal, ours, implied = (
        _numbers_of_4_4(reuse, implied=flag) for reuse, flag in ((1.0, False), (3.0, False), (3.0, True))
    )
    for quantity in ours:
        readings = [
            Reading(literal[quantity]),
            Reading(ours[quantity], REUSE),
            Reading(implied[quantity], IMPLIED, inferred=True),
        ]
        if quantity in rounded:
            readings.append(Reading(rounded[quantity], ROUNDED))
        yield Found(quantity, tuple(readings), ours=1)
    request = run("pixart-alpha-1024-b1").request
    yield found("representative_resolution", request["height"])
    yield found("representative_batch", request["batch"])
    yield found("representative_steps", request["steps"])
    yield found("requests_per_day", PER_DAY)
    yield found("pixel_ratio_1024_512", (1024 / 512) ** 2)
    images = [
        estimate(name, resolution=512, steps=50, efficiency="bgr").per_output_g.value or 0 for name in IMAGE_MODELS
    ]
    yield at_most("per_output_bound_image_512_b1", max(images), "50 steps, the five image models of Section 4.3")
    shares = [100 * x["emb"] / x["total"] for x in (_columns(run(row)) for row in TABLE_7)]
    yield at_most("embodied_share_bound_us", max(shares))
    yield _per_token_in_production()
    yield found("prediction_uncertainty", 100 * section_4_3.held_out_scatter(), "log scatter of held-out architectures")
    yield _quoted_video()
    latent = estimate("cogvideox-2b", resolution=720, frames=13, mu=0.3).request["frames"]
    yield corrected(
        "cogvideox_720_latent_frames", (latent - 1) // 4 + 1, latent, "13 output frames, which make 4 latent ones"
    )
    yield found("tokens_cogvideox_256_f6", estimate("cogvideox-2b", resolution=256, frames=6, mu=0.3).tokens["latent"])
    yield found("tokens_dit_256", estimate("dit-xl-2-256", mu=0.1).tokens["latent"])


def _quoted_video() -> Found:
    """The energy of a video that the paper quotes: of the whole machine; the operator law gives the accelerator's."""
    ours = estimate("wan2.1-t2v-14b", gpu="h100-sxm-80gb", height=720, width=1280, frames=81, steps=50)
    (joules,) = (
        float(row["energy_j_per_output"])
        for row in published()
        if (row["model"], row["source"]) == ("wan2.1-t2v-14b", other_team.TEAM)
    )
    note = (
        f"quoted from other work, with processor and memory; {joules / 3600:.1f} Wh of it are the accelerator's, which "
        "the operator law estimates, having seen them in its fit (fits/measurements/published.csv)"
    )
    return found("wan21_energy_per_video", ours.energy_wh.value or 0.0, note)


def _per_token_in_production() -> Found:
    """Milligrams per latent token over the production points of Figure 4."""
    points = [1000 * point.grams / point.tokens for point in figure_4_points() if point.production]
    words = (
        f"which points is not said; those of Figure 4 in production lie from {min(points):.2f} to {max(points):.2f} mg"
    )
    return Found("carbon_per_token_production", (Reading(sum(points) / len(points)),),
                 inference=Inference(min(points), max(points), words))  # fmt: skip


def results() -> Results:
    for section in (tables_6_and_7, one_shot_shares, section_4_4):
        yield from section()
