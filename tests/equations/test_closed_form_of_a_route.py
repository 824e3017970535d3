import pytest
from sympy import Symbol

from ditcarbon_sym.equations import operator_law, pipeline
from ditcarbon_sym.equations.notation import B, C_output, E, F_dense, I_grid, n_exp, tau
from ditcarbon_sym.errors import InputError


def test_the_operator_law_without_a_model_is_a_closed_form_in_the_work_of_its_operators():
    assert pipeline.closed_form(tau, "roofline").rhs == operator_law.limited.rhs
    assert pipeline.closed_form(E, "roofline").rhs == operator_law.energy.rhs
    carbon = pipeline.closed_form(C_output, "roofline")
    assert {F_dense, n_exp, B, I_grid} <= set(carbon.inputs) and not {E, tau} & set(carbon.inputs)


@pytest.mark.parametrize(("name", "meant"), [("rooflien", "did you mean roofline"), ("bgrr", "did you mean bgr")])
def test_an_unknown_route_is_refused_with_the_one_that_may_have_been_meant(name, meant):
    with pytest.raises(InputError, match=f"unknown route '{name}'; {meant}"):
        pipeline.closed_form(tau, name)


def test_a_symbol_that_the_table_lacks_is_refused():
    with pytest.raises(InputError, match="unknown symbol 'C_otal'; did you mean"):
        pipeline.closed_form(Symbol("C_otal"))


@pytest.mark.parametrize("symbol", [E, "E", Symbol("E")], ids=["ours", "name", "another"])
def test_a_quantity_may_be_given_by_its_name(symbol):
    assert pipeline.closed_form(symbol, "measured") == pipeline.closed_form(E, "measured")


def test_an_input_is_its_own_closed_form():
    assert pipeline.closed_form("B").rhs == B and pipeline.closed_form("B").number == "input"
