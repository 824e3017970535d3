import json

import pytest
from sympy import expand

from ditcarbon_sym import InputError
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.closed_forms import crossover, polynomial, read_flags, variable
from ditcarbon_sym.equations.equation import exact
from ditcarbon_sym.equations.notation import d, ell, f, m


@pytest.mark.parametrize("model", sorted(load().models))
def test_at_the_crossover_scores_are_half_of_the_block(model):
    values = {**load().model(model).values, **load().model(model).request}
    tokens = float(crossover({x: exact(value) for x, value in values.items()}).rhs)
    block = float(flops.block({**values, ell: tokens}))
    rows = float(flops.rows.subs({**values, ell: tokens}))
    assert 4 * rows**2 * values[d] == pytest.approx(block / 2, rel=1e-9)


def test_without_text_the_crossover_is_two_plus_f_times_d():
    assert crossover(read_flags("s=0,c=0,a=0,j=0")).rhs == d * (f + 2)


def test_the_polynomial_is_the_package_s_block():
    flags = read_flags("s=0,c=1,a=1,j=0")
    equation, coefficients = polynomial(flags)
    assert (
        expand(sum(value * ell**power for power, value in coefficients.items()) - flops.block.rhs.xreplace(flags)) == 0
    )
    assert expand(equation.rhs - flops.block.rhs.xreplace(flags)) == 0


def test_the_polynomial_may_be_in_another_symbol():
    _, coefficients = polynomial(read_flags("s=1,c=0,a=0,j=0"), m)
    assert coefficients[2] == 4 * d


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--flags", "c=1"], "2*f + 8"),
        (["--flags", "s=1,a=1"], "4*f + 20"),
        (["--flags", "c=1", "--latex"], r"\kappa = 2 f + 8"),
        (["--flags", "c=1", "--coefficients", "--latex"], r"[\ell^{2}] = 4 d"),
        (["--flags", "c=1", "--in", "m"], "coefficient of m^1"),
    ],
)
def test_derive_prints_closed_forms(ditcarbon, arguments, expected):
    outcome = ditcarbon("derive", *arguments)
    assert outcome.code == 0 and expected in outcome.out


def test_derive_prints_json(ditcarbon):
    table = json.loads(ditcarbon("derive", "--flags", "c=1", "--json").out)
    assert table["per_block"] == "2*f + 8" and table["crossover_tokens"] is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "give a model or --flags"),
        (["pixart-alpha", "--flags", "s=1"], "one of them"),
        (["--flags", "x=1"], "unknown flag 'x'"),
        (["--flags", "s=2"], "s = '2' is not 0 or 1"),
        (["--flags", ""], "nothing given"),
        (["--flags", "s=1", "--numbers"], "flags have no sizes"),
        (["--flags", "s=1", "--in", "tau"], "no polynomial in tau"),
        (["--flags", "s=1", "--crossover", "scores=MLP"], "needs a model with a released network"),
        (["pixart-alpha", "--in", "tau"], "no polynomial in tau"),
        (["pixart-alpha", "--crossover", "scores"], "expected A=B"),
        (["pixart-alpha", "--crossover", "score=MLP"], "did you mean scores?"),
        (["pixart-alpha", "--in", "zeta"], "unknown symbol 'zeta'"),
        (["sora"], "unknown model 'sora'"),
    ],
)
def test_mistakes_are_refused_in_one_line(refused, arguments, expected):
    assert expected in refused("derive", *arguments)


def test_variables_are_looked_up_never_evaluated():
    with pytest.raises(InputError, match="unknown symbol"):
        variable("__import__('os')")
