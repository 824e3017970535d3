import math

import pytest
from sympy import Add, Integer, Mul, Pow, symbols

from ditcarbon_sym.equations import efficiency, flops, operator_law, parallel, parameters, pipeline, training
from ditcarbon_sym.equations.around import boundaries, water
from ditcarbon_sym.equations.notation import NOTATION, PUE, TDP, B, I_grid, L, g, tau
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
