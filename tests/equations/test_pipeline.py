import pytest
from hypothesis import given
from sympy import Poly, expand

from ditcarbon_sym import estimate
from ditcarbon_sym.equations import operator_law, parallel, pipeline, training
from ditcarbon_sym.equations.around import boundaries
from ditcarbon_sym.equations.equation import exact
from ditcarbon_sym.equations.notation import (
    NOTATION,
    PUE,
    TDP,
    B,
    C_chip,
    C_emb,
    C_op,
    C_total,
    E,
    I_grid,
    N,
    S,
    Theta_peak,
    mu,
    tau,
)
from ditcarbon_sym.errors import InputError
from tests.strategies import configurations


def test_the_numbered_equations_stand_in_the_papers_order():
    assert [equation.number for equation in pipeline.EQUATIONS] == list("12345678")


@pytest.mark.parametrize(
    "law", [operator_law.EQUATIONS, parallel.EQUATIONS, training.EQUATIONS], ids=["one", "several", "training"]
)
def test_closing_an_equation_puts_in_what_its_own_law_says(law):
    for equation in law:
        closed = pipeline.closed(equation)
        assert closed.number == equation.number and not {x.lhs for x in law} & {*closed.inputs}
        assert N not in closed.inputs  # the paper's depth: an operator list has no such input


@pytest.mark.parametrize("account", boundaries.ACCOUNTS.values(), ids=boundaries.ACCOUNTS)
def test_an_account_closes_with_its_own_boundary(account):
    defined = {x.lhs for x in (*account, *pipeline.chain())}
    for equation in account:
        closed = {*pipeline.closed(equation).inputs}
        assert {*equation.inputs} - defined <= closed and not defined & closed - {equation.lhs}


def test_a_symbol_of_one_law_needs_no_law_before_it():
    assert pipeline.find("J_work") is pipeline.find("roofline.J_work")


def test_an_equation_is_found_by_the_name_that_a_basis_gives_it():
    for options in (
        {},
        {"gpu": "h100-sxm-80gb", "boundary": "facility", "utilisation": 0.5},
        {"gpu": "b200-sxm", "gpus": 4},
    ):
        for name in estimate("flux.1-dev", **options).basis["equations"]:
            found = pipeline.find(name)
            assert name in (found.number, f"Eq. ({found.number})")


def test_total_carbon_is_one_closed_form_in_the_inputs():
    total = pipeline.closed_form(C_total)
    defined = {equation.lhs for equation in pipeline.chain()}
    assert not set(total.inputs) & defined
    assert {PUE, I_grid, TDP, C_chip, B, S} <= set(total.inputs)


def test_a_measured_efficiency_is_an_input_of_its_route():
    assert mu in pipeline.closed_form(C_total, "measured").inputs


@pytest.mark.parametrize("symbol", [PUE, I_grid, TDP, C_chip])
def test_carbon_is_affine_in_pue_grid_power_and_embodied_carbon(symbol):
    rhs = pipeline.closed_form(C_total, "measured").rhs
    assert rhs.diff(symbol, 2) == 0
    assert rhs.diff(symbol) != 0


def test_embodied_carbon_does_not_depend_on_the_grid():
    assert not {I_grid, PUE, TDP} & set(pipeline.closed_form(C_emb).inputs)


@given(configurations())
def test_compiled_equals_exact_rational_evaluation(configuration):
    numbers = {x: exact(v) for x, v in configuration.items()}
    results = pipeline.evaluate(configuration)
    for symbol in pipeline.OUTPUTS:
        truth = pipeline.closed_form(symbol).rhs.xreplace(numbers)
        assert float(results[symbol]) == pytest.approx(float(truth), rel=1e-12, abs=1e-300), symbol


@given(configurations())
def test_the_chain_and_the_closed_form_agree(configuration):
    results = pipeline.evaluate(configuration)
    assert pipeline.closed_form(C_total)(configuration) == pytest.approx(results[C_total], rel=1e-12)
    assert results[C_total] == pytest.approx(results[C_op] + results[C_emb], rel=1e-15)


@given(configurations())
def test_doubling_peak_throughput_halves_time_energy_and_carbon(configuration):
    one = pipeline.evaluate(configuration)
    two = pipeline.evaluate({**configuration, Theta_peak: 2 * configuration[Theta_peak]})
    for symbol in (tau, E, C_total):
        assert two[symbol] == pytest.approx(one[symbol] / 2, rel=1e-14)


def test_an_unknown_equation_is_told_the_nearest():
    with pytest.raises(InputError, match=r"did you mean F_block\?"):
        pipeline.find("F_blok")
    with pytest.raises(InputError, match=r"the nearest of \d+ are"):
        pipeline.find("nine")


def test_every_output_has_a_field_name_for_json():
    assert all(NOTATION[x].field for x in pipeline.OUTPUTS)


def test_steps_enter_total_carbon_affinely():
    rhs = pipeline.closed_form(C_op, "measured").rhs
    assert Poly(expand(rhs), S).degree() == 1
