"""Hardware efficiency as the paper prints it: the corpus of Table 5, Table 4, and the statistics and fits of
Section 4.3.
"""

import numpy as np
from scipy.optimize import brentq

from ditcarbon_sym.calibration.measurements import Row
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import TDP, ell
from ditcarbon_sym.estimation.request import resolve_request
from fits import corpus, section_4_3
from fits.section_4_3 import FAMILIES, pair_differences

from .printed import by_quantity
from .readings import Found, Inference, Reading, Results, at_most, corrected, found, inferred
from .results_carbon import IMAGE_MODELS

RECONSTRUCTED = "with four repeats that are not published, reconstructed (fits/measurements/README.md)"
WITHOUT_REPEATS = "without the 50-step repeats"


def _mu(rows: list[Row]) -> list[float]:
    return [row.measured["mu"] for row in rows]


def corpus_shape() -> Results:
    """The number of rows of each kind, and the settings that they cover."""
    everything = list(corpus.rows())
    printed = [row for row in everything if corpus.is_printed(row)]
    measured = [row for row in everything if row.extra["origin"] == "measured"]
    produced = [row for row in everything if corpus.is_production(row)]
    video = [row for row in everything if load().model(row.model).is_video]
    yield inferred("n_configs_full", len(printed), len(everything), RECONSTRUCTED)
    yield found("n_cells_table5", len(measured))
    yield inferred("n_repeats", len(printed) - len(measured), len(everything) - len(measured), RECONSTRUCTED)
    yield inferred("n_configs_cogvideox", sum(row in printed for row in video), len(video), RECONSTRUCTED)
    yield found("n_configs_production", len(produced))
    yield found("n_backbones", len({row.model for row in everything}))
    yield found("n_image_backbones", len(IMAGE_MODELS))
    yield found("loao_n_train_architectures", len({row.model for row in everything}) - 1)
    yield found("production_resolution_min", corpus.PRODUCTION_PIXELS**0.5)
    yield found("sweep_steps", {row.request["steps"] for row in measured}.pop())
    yield found("repeat_steps", {row.request["steps"] for row in everything if row not in measured}.pop())
    sides = {row.request["height"] for row in measured if row.model in IMAGE_MODELS}
    yield found("image_resolution_min", min(sides))
    yield found("image_resolution_max", max(sides))
    for k, batch in enumerate(sorted({row.request["batch"] for row in measured})):
        yield found(f"image_batch_set_{(1, 4, 8)[k]}", batch)
    for k, side in enumerate(sorted({row.request["height"] for row in video})):
        yield found(f"cogvideox_resolution_set_{(256, 480, 720)[k]}", side)
    for k, frames in enumerate(sorted({row.request["frames"] for row in video})):
        yield found(f"cogvideox_frame_set_{(6, 13, 25, 49)[k]}", frames)
    yield found("cogvideox_batch", {row.request["batch"] for row in video}.pop())


def table_5() -> Results:
    """Each printed cell against the corpus file."""
    for row in corpus.rows():
        if row.extra["origin"] == "measured":
            video = load().model(row.model).is_video
            last = f"f{row.request['frames']:g}" if video else f"b{row.request['batch']:g}"
            yield found(f"table5.{row.model}.{row.request['height']:g}.{last}", row.measured["mu"])


def spreads() -> Results:
    """Ranges of mu over the corpus and its parts. None of them needs a reconstructed row."""
    printed = [row for row in corpus.rows() if corpus.is_printed(row)]
    measured = [row for row in printed if row.extra["origin"] == "measured"]
    produced = [row for row in measured if corpus.is_production(row)]
    video = [row for row in measured if row.model == "cogvideox-2b"]
    yield found("mu_spread_full", max(_mu(printed)) / min(_mu(printed)))
    yield found("mu_min_full", min(_mu(printed)))
    yield found("mu_max_full", max(_mu(printed)))
    yield found("mu_min_table5", min(_mu(measured)))
    yield found("mu_min_production", min(_mu(produced)))
    yield found("mu_max_production", max(_mu(produced)))
    yield found("mu_mean_production", float(np.mean(_mu(produced))))
    yield found("mu_min_cogvideox", min(_mu(video)))
    yield found("mu_max_cogvideox", max(_mu(video)))
    yield found("mu_spread_cogvideox", max(_mu(video)) / min(_mu(video)))
    smallest = [row for row in measured if row.request["height"] == 256 and row.request["batch"] == 1]
    image = [row for row in smallest if row.model != "cogvideox-2b"]
    yield at_most("mu_small_image_bound", max(_mu(image)), "image models at 256 x 256, B = 1")
    yield _agreement_at_512(measured)
    yield from _excess_of_sd3(measured)


def _agreement_at_512(measured: list[Row]) -> Found:
    widest, farthest = [], []
    for batch in (1, 4, 8):
        values = np.array(_mu([r for r in measured if r.request["height"] == 512 and r.request["batch"] == batch]))
        widest.append(100 * (values.max() / values.min() - 1))
        farthest.append(100 * np.abs(values / values.mean() - 1).max())
    said = ", ".join(f"{value:.1f}" for value in widest)
    readings = (
        Reading(max(widest)),
        Reading(max(farthest), "farthest from the mean of the five, not largest over smallest"),
    )
    return Found("mu_agreement_512", readings, bound=True, note=f"largest over smallest at B = 1, 4, 8: {said} %")


def _excess_of_sd3(measured: list[Row]) -> Results:
    """By how much SD3 Medium exceeds each DiT and PixArt at 768 and 1024 pixels, B = 1."""
    excess = []
    for side in (768, 1024):
        at = {r.model: r.measured["mu"] for r in measured if r.request["height"] == side and r.request["batch"] == 1}
        excess += [100 * (at["sd3-medium"] / at[name] - 1) for name in IMAGE_MODELS if name != "sd3-medium"]
    note = "smallest and largest excess over DiT and PixArt at 768 and 1024 pixels"
    yield found("sd3_mu_excess_low", min(excess), note)
    yield found("sd3_mu_excess_high", max(excess), note)


def pairs() -> Results:
    """Differences of mu between the two models of each family."""
    for name in ("dit", "pixart"):
        apart, repeats = (pair_differences(*FAMILIES[name], repeats=flag) for flag in (False, True))
        side, batch, _ = max(apart, key=lambda key: apart[key])
        yield inferred(f"n_pairs_{name}", len(apart), len(repeats), RECONSTRUCTED)
        yield found(f"max_delta_mu_{name}", max(apart.values()))
        yield found(f"argmax_delta_mu_{name}_resolution", side)
        yield found(f"argmax_delta_mu_{name}_batch", batch)
        means = [float(np.mean(list(values.values()))) for values in (repeats, apart)]
        yield corrected(f"mean_delta_mu_{name}", means[0], means[1], WITHOUT_REPEATS)


def fits() -> Results:
    """Pooled fits, residuals, Table 4, transfers and the batch-discrete form."""
    yield found("bgr_mape_production", section_4_3.pooled("production").full.mape())
    full, printed = (section_4_3.pooled(name).full.mape() for name in ("full", "printed"))
    yield inferred("bgr_mape_full", printed, full, RECONSTRUCTED)
    redrawn = section_4_3.errors_under_rounding()
    residuals = section_4_3.residuals_per_architecture()
    for end, choose in (("min", min), ("max", max)):
        name = choose(residuals, key=lambda key: residuals[key])
        yield _from_rounded_mu(f"bgr_residual_per_arch_{end}", residuals[name], redrawn["residual", name])
    errors = {name: trained.mape(rows) for name, (trained, rows) in section_4_3.held_out().items()}
    for name, (trained, rows) in section_4_3.held_out().items():
        yield found(f"table4.{name}.train_n", len(trained.data))
        yield found(f"table4.{name}.test_n", len(rows))
        yield _from_rounded_mu(f"table4.{name}.mape", errors[name], redrawn["held out", name])
    yield at_most("loao_mape_bound", max(errors.values()))
    for end, choose in (("min", min), ("max", max)):
        name = choose(errors, key=lambda key: errors[key])
        yield _from_rounded_mu(f"loao_mape_{end}", errors[name], redrawn["held out", name])
    for source, target in (("dit", "pixart"), ("pixart", "dit")):
        literal, ours = (section_4_3.transfer(source, target, name) for name in ("printed", "full"))
        yield inferred(f"transfer_mape_{source}_to_{target}", literal, ours, RECONSTRUCTED)
    rivals = dict(section_4_3.rivals())
    discrete, bgr = rivals["batch-discrete"], rivals["BGR, Eq. (3)"]
    yield found("batch_discrete_mape_production", discrete.mape())
    yield found("batch_discrete_extra_params", len(discrete.free) - len(bgr.free))
    yield from _where_errors_concentrate()


def _from_rounded_mu(quantity: str, value: float, redrawn: tuple[float, float]) -> Found:
    low, high = redrawn
    words = f"redrawing each mu within its printed rounding moves the value between {low:.2f} and {high:.2f} %"
    return Found(quantity, (Reading(value),), inference=Inference(low, high, words))


def _where_errors_concentrate() -> Results:
    """The two sides with the largest errors of transfer between families, smallest first (pooled fits: 1024, too)."""
    errors = section_4_3.transfer_errors_by_side()
    said = ", ".join(f"{error:.0f} % at {side}" for side, error in errors.items())
    note = f"transfer between the families errs by {said} on average"
    for side, quantity in zip(sorted(sorted(errors, key=lambda key: errors[key])[-2:]), ("256", "384"), strict=True):
        yield found(f"error_concentration_resolution_{quantity}", side, note)


def tokens_at_bend() -> Results:
    """Where carbon bends upward: the exact elasticity of a PixArt-α block in tokens, less one."""
    model = load().model("pixart-alpha")
    numbers, _ = resolve_request(model, {})
    elasticity = flops.block.elasticity(ell).subs({**model.values, **numbers})

    def tokens_where(excess: float) -> float:
        return float(brentq(lambda tokens: float(elasticity.subs(ell, tokens)) - 1 - excess, 16, 65536))

    low, middle, high = (tokens_where(excess) for excess in (0.1, 0.2, 0.3))
    words = f"read off an unprinted figure; the elasticity rises from 1.1 to 1.3 over {low:.0f} to {high:.0f} tokens"
    yield Found("superlinear_bend_tokens", (Reading(middle),), inference=Inference(low, high, words))


def pascal() -> Results:
    """The 1080 Ti's 28 points are not published; their number and the spread of the printed band can be checked."""
    matched = pair_differences("dit-xl-2-256", "pixart-alpha")
    yield found("n_configs_1080ti", 2 * len(matched), "configurations that both DiT-XL/2 and PixArt-α ran, twice")
    low, high = (by_quantity()[f"mu_{end}_1080ti"].value for end in ("min", "max"))
    words = "ratio of the ends of the printed band; the points are not published"
    yield Found("mu_spread_1080ti", (Reading(high / low, words, inferred=True),))


def operational_carbon() -> Results:
    """Section 4.4's comparison with measured carbon, as far as it is possible without the measured power."""
    tdp = load().gpu("v100-pcie-16gb").values[TDP]
    least, most = section_4_3.PRINTED_POWER
    for name in ("production", "full"):
        error = section_4_3.carbon_error(name)
        words = (
            f"powers from the printed {least:g} to {most:g} W with the printed mean ratio of "
            f"{section_4_3.MEAN_RATIO:g} leave an error of {error.low:.1f} to {error.high:.1f} %; one power for "
            "all runs would be "
            f"{error.power:.0f} W and leave {error.error:.1f} %"
        )
        inference = Inference(error.low, error.high, words)
        yield Found(f"carbon_mape_{name}", (Reading(error.error),), inference=inference)
    power = section_4_3.carbon_error("production").power
    low, high = (section_4_3.mean_ratio("production", watt) for watt in (most, least))
    middle = section_4_3.mean_ratio("production", (least + most) / 2)
    words = (
        f"one power for all runs, from the printed {least:g} to {most:g} W, gives {low:.2f} to {high:.2f}; "
        f"{power:.0f} W would give the printed ratio"
    )
    yield Found("carbon_predicted_over_measured", (Reading(middle),), inference=Inference(low, high, words))
    for end, watt in (("low", "high"), ("high", "low")):
        printed = by_quantity()[f"mean_power_{watt}"].value
        yield found(
            f"tdp_overestimate_{end}", 100 * (tdp / printed - 1), f"{tdp:g} W against the printed {printed:g} W"
        )


def results() -> Results:
    for section in (corpus_shape, table_5, spreads, pairs, fits, tokens_at_bend, pascal, operational_carbon):
        yield from section()
