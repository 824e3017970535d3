"""Formulas and premises as the paper prints them: Tables 1, 2 and 3, the coefficients of Section 3, and the counts
of Section 4.2.
"""

from sympy import Poly, Symbol

from ditcarbon_sym.catalog.loading import defaults, load, paper_models
from ditcarbon_sym.equations import carbon, efficiency, flops, parameters
from ditcarbon_sym.equations.notation import (
    DATACENTER_FIELDS,
    GPU_FIELDS,
    JOULE_PER_KWH,
    MODEL_FIELDS,
    P_VAE,
    PUE,
    REQUEST_FIELDS,
    TDP,
    H,
    I_grid,
    N,
    P_enc,
    Theta_peak,
    a,
    c,
    d,
    ell,
    f,
    g,
    j,
    m,
    n_ada,
    s,
    t,
)
from fits.pixart_flops import block_deviation, denoisers, model_gap, undercount

from .printed import UNITS, by_quantity
from .readings import Found, Reading, Results, at_most, found
from .results_carbon import TABLE_7

PARAMETER_MODELS = ("dit-xl-2-256", "pixart-alpha", "sd3-medium", "sd3.5-large", "cogvideox-2b")
CAPTION_WIDTH = 4096
"""Width of T5-XXL's output, which PixArt projects to d (diffusers, pixart_transformer_2d.py: caption_channels)."""
SIDES = (256, 512)
FREQUENCIES, CLASSES = 256, 1001
"""Width of DiT's timestep embedding, and ImageNet's classes with the empty one (DiT, models.py)."""


def tables_1_and_3() -> Results:
    """Eq. (1): flags, coefficients, predictions and their errors against the released checkpoints."""
    errors = []
    for name in PARAMETER_MODELS:
        values = load().model(name).values
        for flag in (s, c, a):
            yield found(f"table1.{name}.{flag.name}", values[flag])
        yield found(f"table1.{name}.coefficient", parameters.coefficient(values))
        predicted = float(parameters.parameters(values))
        printed, actual = by_quantity()[f"table3.{name}.predicted"], by_quantity()[f"table3.{name}.actual"]
        counted = actual.value * UNITS[actual.unit]
        errors.append(100 * abs(predicted / counted - 1))
        rounded = 100 * abs(printed.value / actual.value - 1)
        yield found(f"table3.{name}.predicted", predicted)
        yield Found(f"table3.{name}.error", (Reading(errors[-1]), Reading(rounded, "from the printed prediction")))
    yield at_most("param_error_bound", max(errors))


def counted_denoisers() -> Results:
    """The 'actual' column of Table 3, counted on the real classes (fits/measurements/denoiser_parameters.csv)."""
    for name in PARAMETER_MODELS:
        counted = denoisers()[name]
        if name == "dit-xl-2-256":
            # diffusers' DiT holds the embedders in every block, the original once; and it keeps the position table as a
            # buffer, where the original has it as a parameter.
            width = load().model(name).values[d]
            embedders = FREQUENCIES * width + width**2 + 2 * width + CLASSES * width
            copies = load().model(name).values[N] - 1
            value = counted.parameters - copies * embedders + counted.buffers
            yield found(f"table3.{name}.actual", value, "diffusers' class, its repeated embedders counted once")
        else:
            yield found(f"table3.{name}.actual", counted.parameters, f"diffusers' {counted.class_name}")


def _coefficient(expression: object, *powers: tuple[Symbol, int]) -> float:
    """A coefficient of one of the package's expressions."""
    symbols = [symbol for symbol, _ in powers]
    return float(Poly(expression, *symbols).coeff_monomial([power for _, power in powers]))


def table_2_and_formulas() -> Results:
    """The integer coefficients, read off the package's own expressions."""
    single, dual = {s: 0, j: 0, c: 1, a: 1}, {s: 1, j: 0, c: 1, a: 1}
    attention = {name: flops.SELF_ATTENTION.subs(flags) for name, flags in (("single", single), ("dual", dual))}
    mlp = {name: flops.MLP.subs(flags) for name, flags in (("single", single), ("dual", dual))}
    for name in ("single", "dual"):
        yield found(f"table2.self-attention.{name}.proj", _coefficient(attention[name], (ell, 1), (d, 2), (m, 0)))
        yield found(f"table2.self-attention.{name}.scores", _coefficient(attention[name], (ell, 2), (d, 1), (m, 0)))
        yield found(f"table2.mlp.{name}.ffn", _coefficient(mlp[name], (f, 1), (ell, 1), (d, 2), (m, 0)))
    cross = flops.CROSS_ATTENTION.subs(single)
    yield found("table2.cross-attention.single.q_out_proj", _coefficient(cross, (ell, 1), (d, 2), (m, 0)))
    yield found("table2.cross-attention.single.kv_proj", _coefficient(cross, (m, 1), (d, 2), (ell, 0)))
    yield found("table2.cross-attention.single.scores", _coefficient(cross, (ell, 1), (m, 1), (d, 1)))
    yield found("table2.adaln.single.modulation", _coefficient(flops.ADALN.subs(single), (d, 2)))
    yield found("table2.adaln.dual.modulation", _coefficient(flops.ADALN.subs(dual), (d, 2)))
    per_block = parameters.coefficient.rhs.subs({s: 0})
    yield found("eq1_attn_coefficient", per_block.subs({f: 0, a: 0, c: 0}))
    yield found("eq1_mlp_coefficient", per_block.diff(f))
    yield found("eq1_cross_coefficient", per_block.diff(c))
    yield found("eq1_adaln_coefficient", per_block.subs({n_ada: 1, t: d}).diff(a))
    cogvideox = load().model("cogvideox-2b").values
    adaln = per_block.diff(a).subs({x: cogvideox[x] for x in (n_ada, t, d)})
    yield found("cogvideox_adaln_coefficient", float(adaln))
    yield found("oneshot_flop_factor", float((flops.text_encoder.rhs / (P_enc * m)).simplify()))
    yield found("flop_per_fma", float((flops.text_encoder.rhs / (P_enc * m)).simplify()))
    yield found("joules_per_kwh", float(JOULE_PER_KWH))
    yield found("bgr_n_params", len(efficiency.LAWS["bgr"]))
    yield found("n_pipeline_stages", len((parameters, flops, efficiency, carbon)))
    yield found("n_input_configurations", len((MODEL_FIELDS, REQUEST_FIELDS, GPU_FIELDS, DATACENTER_FIELDS)))
    yield found("n_shape_flags", len((s, c, a)))
    yield found("n_aux_params", len((n_ada, t)))
    yield found("n_oneshot_passes", len((flops.text_encoder, flops.vae_decoder)))


def catalogue_inputs() -> Results:
    """Premises of the paper, as the catalogue holds them."""
    models = paper_models()
    v100, pascal = load().gpu("v100-pcie-16gb"), load().gpu("gtx-1080-ti")
    us = load().datacenter("us-average").values
    pixart, dit, video = (models[name] for name in ("pixart-alpha", "dit-xl-2-256", "cogvideox-2b"))
    families = {name: tuple(model.values[flag] for flag in (s, c, a, j)) for name, model in models.items()}
    yield found("n_variant_families", len(set(families.values())))
    yield found("n_table7_families", len({families[model] for model, _ in TABLE_7.values()}))
    yield found("n_param_models", len(PARAMETER_MODELS))
    yield found("n_param_architecture_classes", len({families[name] for name in PARAMETER_MODELS}))
    yield found("n_param_image_models", sum(not models[name].is_video for name in PARAMETER_MODELS))
    yield found("mlp_expansion_ratio", pixart.values[f])
    yield found("n_ada_default", dit.values[n_ada])
    yield found("cogvideox_n_ada", video.values[n_ada])
    yield found("cogvideox_conditioning_width", video.values[t])
    yield found("cogvideox_hidden_dim", video.values[d])
    yield found("guidance_passes", pixart.request[g])
    yield found("p_enc_t5", pixart.values[P_enc])
    yield found("p_enc_class_conditional", dit.values[P_enc])
    yield found("p_vae", pixart.values[P_VAE])
    yield found("tdp_v100", v100.values[TDP])
    yield found("gpu_memory_v100", v100.memory_gb or 0)
    yield found("peak_v100_fp16", v100.values[Theta_peak])
    yield found("peak_1080ti_fp32", pascal.values[Theta_peak])
    yield found("peak_ratio_v100_1080ti", v100.values[Theta_peak] / pascal.values[Theta_peak])
    yield found("pue_us_average", us[PUE])
    yield found("grid_us_average", us[I_grid])
    yield found("chip_embodied_v100", v100.embodied["die"])
    yield found("gpu_lifetime", float(defaults()["lifetime_years"]))
    yield found("dit_xl_2_256_native_resolution", dit.request[H])
    yield found("dit_xl_2_512_native_resolution", models["dit-xl-2-512"].request[H])


def sections_4_1_and_4_2() -> Results:
    """What Eq. (1) leaves out of PixArt-α, and the counts on the real transformer blocks."""
    values = load().model("pixart-alpha").values
    actual = by_quantity()["table3.pixart-alpha.actual"]
    yield found("pixart_param_residual", actual.value * UNITS[actual.unit] - float(parameters.parameters(values)))
    yield found("pixart_adaln_single_params", 6 * values[d] ** 2, "the projection from d to 6 d, shared by all blocks")
    first_layer = CAPTION_WIDTH * values[d]
    yield found("pixart_text_projection_params", first_layer, "its first layer; a second one adds d^2")
    block = block_deviation()
    yield at_most("flop_instrumentation_error_bound", block, "the transformer block alone, on the real diffusers class")
    yield at_most("flop_error_bound_total", max(block, model_gap(256)), "28 blocks against the whole model, 256 x 256")
    for side in SIDES:
        missed = undercount(side, 120, "sdpa")
        yield found(
            f"fvcore_undercount_{side}", missed, "measured with fvcore at 120 text tokens, per cent of the true block"
        )
        yield found(f"instrumentation_resolution_{side}", side)


def results() -> Results:
    for section in (tables_1_and_3, counted_denoisers, table_2_and_formulas, catalogue_inputs, sections_4_1_and_4_2):
        yield from section()
