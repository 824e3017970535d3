import math

import pytest
from sympy import Add, Integer, Mul, Pow, symbols

from ditcarbon_sym.equations import efficiency, flops, operator_law, parallel, parameters, pipeline, training
from ditcarbon_sym.equations.around import boundaries, water
from ditcarbon_sym.equations.notation import (
    BY_FIELD,
    MODEL_DEFAULTS,
    NOTATION,
    PUE,
    TDP,
    B,
    I_grid,
    L,
    f,
    g,
    j,
    k_VAE,
    n_ada,
    tau,
)
from ditcarbon_sym.errors import InputError

second, watt, gram, litre = symbols("second watt gram litre", positive=True)
KWH = Integer(3_600_000) * watt * second
UNITS = {
    "1": Integer(1), "s": second, "W": watt, "kWh": KWH, "FLOP/s": 1 / second, "B/s": 1 / second, "J": watt * second,
    "gCO2eq": gram, "gCO2eq/kWh": gram / KWH, "l": litre, "l/kWh": litre / KWH,
}  # fmt: skip
BASE = (second, watt, gram, litre)
LABELLED = (parameters.coefficient, flops.latent_frames, efficiency.batch_saturation, efficiency.constant)
EQUATIONS = {
    *pipeline.EQUATIONS,
    *pipeline.chain(),
    *LABELLED,
    *operator_law.EQUATIONS,
    *parallel.EQUATIONS,
    *training.EQUATIONS,
}
EQUATIONS |= {water.on_site, water.off_site, *(x for account in boundaries.ACCOUNTS.values() for x in account)}


def dimension(expression):
    """The unit of an expression whose symbols have been multiplied by theirs; sums must agree term by term."""
    if isinstance(expression, Add):
        found = {dimension(term) for term in expression.args}
        assert len(found) == 1, f"terms of different unit: {expression}"
        return found.pop()
    if isinstance(expression, Mul):
        return Mul(*(dimension(factor) for factor in expression.args))
    if isinstance(expression, Pow):
        return dimension(expression.base) ** expression.exp
    if expression in NOTATION:
        unit = UNITS[NOTATION[expression].unit]
        return Mul(*(base ** unit.as_powers_dict().get(base, 0) for base in BASE))
    assert expression.is_number, f"no unit for {expression}"
    return Integer(1)


@pytest.mark.parametrize("equation", sorted(EQUATIONS, key=str), ids=lambda e: f"{e.number}-{e.lhs}")
def test_both_sides_of_every_equation_have_the_same_unit(equation):
    assert dimension(equation.lhs) == dimension(equation.rhs)


def test_the_conversion_of_equation_5_is_the_one_its_units_demand():
    # E counts kilowatt hours, tau seconds and TDP watts: as quantities, E * kWh = tau * s * TDP * W.
    (energy,) = (e for e in pipeline.EQUATIONS if e.number == "5")
    assert energy.rhs * KWH == tau * second * TDP * watt


def test_a_wrong_unit_is_noticed():
    with pytest.raises(AssertionError, match="different unit"):
        dimension(tau + TDP)


def test_every_symbol_has_a_meaning_a_unit_and_a_field_of_its_own():
    assert all(entry.meaning and entry.unit in UNITS for entry in NOTATION.values())
    assert len({entry.field for entry in NOTATION.values()}) == len(NOTATION)
    assert all(symbol.is_nonnegative for symbol in NOTATION)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, 0, 1e300, "4", None, True, [4]])
def test_what_is_not_a_valid_batch_is_refused_in_one_line(value):
    with pytest.raises(InputError) as refusal:
        NOTATION[B].check(value)
    assert "batch" in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_guidance_scale_is_told_apart_from_guidance_passes():
    with pytest.raises(InputError, match="not the guidance scale"):
        NOTATION[g].check(7.5)


def test_ranges_include_their_ends():
    assert NOTATION[PUE].check(1) == 1.0
    assert NOTATION[I_grid].check(0) == 0.0
    assert NOTATION[L].check(5e8) == 5e8


FLAGS = """
    dual_stream cross_attention adaln_zero joint_attention several decodes_everywhere ema cached_latents cached_text
    sharded
"""
FRACTIONS = "attention_density steps_skipped check_cost guidance_part waiting_power_fraction recompute"
FROM_ONE = """
    adaln_modules: 16, conditioning_width: 1e5, blocks: 1e4, single_blocks: 1e4, hidden_size: 1e5, attention_heads: 1e4,
    patch_size: 64, vae_spatial_factor: 128, vae_temporal_factor: 64, height: 65536, width: 65536, frames: 1e5,
    batch: 1e6, steps: 1e5, guidance: 3, gpus: 1024, ulysses: 1024, ring: 1024, cfg: 3, decoding_gpus: 1024, vae: 1024,
    training_steps: 1e9, training_batch: 1e7, training_gpus: 1e6, tensor: 1024
"""
FROM_NOTHING = """
    text_encoder_parameters: 1e12, vae_decoder_parameters: 1e11, vae_reuse_factor: 1e4, text_tokens: 1e6,
    references: 16, ell_star: 1e7, B_0: 1e4, seconds_per_exponential: 1e-6, t_launch: 0.01, joule_per_flop: 1e-8,
    joule_per_byte: 1e-5, idle_watt: 1e5, elementwise_left: 10, launches_left: 10, attention_time: 10,
    format_peak_ratio: 16, format_peak_reached: 2, byte_per_weight: 1e3, weight_byte: 8, energy_follows_time: 4,
    host_byte: 1e15, host_byte_per_step: 1e15, grid_gco2eq_per_kwh: 5000, embodied_gco2eq: 1e9, t_wrap: 0.01, t_ring: 1,
    c_copy: 100, c_ring: 1e3, c_vae: 100, moving_power_fraction: 1.5, wue_litre_per_kwh: 20,
    water_litre_per_kwh: 100, host_watt: 1e5, host_watt_per_watt: 5, server_gco2eq: 1e9, backward_traffic: 100
"""
BETWEEN = {
    "mlp_ratio": (0.1, 64), "peak_flop_per_second": (1e9, 1e17), "tdp_watt": (1, 1e5),
    "bandwidth_byte_per_second": (1e9, 1e15), "r_attn": (0.05, 5), "vae_slowdown": (1, 32),
    "byte_per_exponential": (1e-6, 1e3), "joule_per_flop_in_common": (1e-15, 1e-8),
    "host_byte_per_second": (1, 1e13), "pue": (1, 5), "utilisation": (1e-4, 1), "padded_products": (1, 1024),
    "padded_bytes": (1, 1024), "link_byte_per_second": (1e6, 1e15), "e_link": (1e-3, 2),
    "reduction_byte_per_second": (1e6, 1e15), "gradient_byte": (1, 8), "c_train": (0.1, 100),
    **dict.fromkeys(("mu", "mu_sat", "mu_1", "mu_4", "mu_8"), (1e-6, 1)),
    **dict.fromkeys(("e_dense", "e_mem", "e_vae"), (1e-3, 1.5)),
}  # fmt: skip
WHOLE = {"text_tokens", "references"}


def table(text):
    return {field.strip(): float(high) for field, _, high in (x.partition(":") for x in text.split(","))}


LIMITS = {
    **dict.fromkeys(FLAGS.split(), (0, 1, True)),
    **dict.fromkeys(FRACTIONS.split(), (0, 1, False)),
    **{field: (1, high, True) for field, high in table(FROM_ONE).items()},
    **{field: (0, high, field in WHOLE) for field, high in table(FROM_NOTHING).items()},
    **{field: (*ends, False) for field, ends in BETWEEN.items()},
}
"""What users' files and options may hold, kept apart from the code: to change a limit is to break a file somewhere."""
VANISHING = """
    F_text F_VAE F_attn n_exp Q_elem idle_energy_kwh idle_g operational_g embodied_g total_g per_output_g
    attention_bytes attention_layers attention_s padding_s round_s moving_s launching_s decoding_s energy_alone_kwh
    water_on_site_l water_off_site_l host_energy_kwh host_g F_enc F_again F_frozen Q_elem_step Q_opt Q_grad Q_act
    frozen_s optimiser_s reduction_s late_s tensor_s training_launches_s work_j floor_s text_encoder_s vae_decoder_s
"""
"""Results that may be nothing: a network without text or VAE, free power, a new accelerator, one of a kind."""


@pytest.mark.parametrize("entry", NOTATION.values(), ids=lambda entry: entry.field)
def test_the_limits_of_a_field_are_those_that_users_were_told(entry):
    known = (entry.low, entry.high, entry.integer)
    assert known == LIMITS.get(entry.field, (0, math.inf, False))


@pytest.mark.parametrize("entry", NOTATION.values(), ids=lambda entry: entry.field)
def test_a_symbol_is_positive_unless_its_field_may_be_nothing(entry):
    """sympy simplifies by the sign: a division by a symbol that may be zero must not cancel."""
    limited = math.isfinite(entry.high)
    assert entry.symbol.is_nonnegative
    assert bool(entry.symbol.is_positive) == (entry.low > 0 if limited else entry.field not in VANISHING.split())


def test_no_limit_is_told_of_a_field_that_is_not_there():
    assert set(LIMITS) | set(VANISHING.split()) <= set(BY_FIELD)


def test_what_a_models_entry_may_leave_out_is_the_papers_default():
    """No joint attention, one modulation a block (Table 1), each weight of the VAE at three positions (Table 7)."""
    assert dict(MODEL_DEFAULTS) == {j: 0, n_ada: 1, k_VAE: 3}


def test_a_number_that_is_not_whole_is_refused_where_things_are_counted_alone():
    assert NOTATION[f].check(2.5) == 2.5
    with pytest.raises(InputError, match=r"batch = 2\.5 is not a whole number"):
        NOTATION[B].check(2.5)
