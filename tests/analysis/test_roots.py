"""Roots, against equations that are solved by hand."""

import math

import pytest
from hypothesis import given, strategies as st
from sympy import Integer, sqrt, symbols

from ditcarbon_sym.analysis.roots import all_roots, last_within, root_inside
from ditcarbon_sym.errors import InputError

x = symbols("x", positive=True)


def test_every_root_inside_the_bounds_is_found_and_none_outside():
    cubic = (x - 1) * (x - 4) * (x - 9)
    assert all_roots(x, cubic, 0, 10) == pytest.approx([1, 4, 9], rel=1e-12)
    assert all_roots(x, cubic, 1, 4) == pytest.approx([1, 4], rel=1e-12)  # the ends belong to the range
    assert all_roots(x, cubic, 1.01, 3.99) == []
    assert all_roots(x, x**2 + 1, -10, 10) == []  # roots that are not real
    assert all_roots(x, (x - 2) / (x + 5), 0, 10) == [2.0]  # those of the numerator
    assert all_roots(x, Integer(3) / x, 1, 2) == []  # a difference that is a number has none
    assert all_roots(x, (x - 1e9) * (x - 2), 0, 1e10) == pytest.approx([2, 1e9], rel=1e-12)


def test_complex_roots_beside_the_axis_are_none():
    """x^2 - 2 x + 1 + 1e-8 touches nothing: its roots are 1 +- 1e-4 i."""
    assert all_roots(x, x**2 - 2 * x + 1 + Integer(1) / 10**8, 0, 2) == []


@given(st.lists(st.integers(1, 100), min_size=1, max_size=3, unique=True))
def test_changes_of_sign_under_a_root_are_all_found(numbers):
    """A product of square roots is no polynomial."""
    expression = Integer(1)
    for number in numbers:
        expression *= sqrt(x) - sqrt(Integer(number))
    # Whole numbers up to 100 are further apart than a 2,000th of the range by its logarithm, even from 1/2000 on.
    assert all_roots(x, expression, 0.5, 1000) == pytest.approx(sorted(numbers), rel=1e-9)
    assert all_roots(x, expression, 0, 1000) == pytest.approx(sorted(numbers), rel=1e-9)


def test_a_change_of_sign_at_an_end_is_found_or_left_out_with_the_end():
    assert all_roots(x, sqrt(x) - 2, 4, 100) == pytest.approx([4])
    assert all_roots(x, sqrt(x) - 2, 4.01, 100) == []


def test_what_is_the_same_everywhere_has_no_break_even():
    for nothing in (Integer(0) * x, (x - x) * sqrt(x)):
        with pytest.raises(InputError, match="the two cost the same everywhere"):
            all_roots(x, nothing, 1, 2)


@pytest.mark.parametrize(
    ("expression", "low", "high", "root", "how"),
    [
        (3 * x - 12, 0, 10, 4, "closed form"),
        (x**2 - 5 * x + 6, 2.5, 10, 3, "closed form"),  # the larger root
        (x**2 - 5 * x + 6, 0, 2.5, 2, "closed form"),  # the smaller root
        (x**2 - 9, -10, -1, -3, "closed form"),
        (3 * x - 12, 4, 10, 4, "closed form"),  # at an end
        (x**3 - 8, 0, 10, 2, "bracketed root"),
        (sqrt(x) - 3, 0, 100, 9, "bracketed root"),
    ],
)
def test_the_root_inside_the_bounds_is_the_one_by_hand(expression, low, high, root, how):
    found, told = root_inside(x, expression, low, high)
    assert found == pytest.approx(root, rel=1e-9) and told == how


def test_a_root_lost_to_rounding_is_at_the_nearer_end():
    for end, expression in ((1, x**3 - Integer(1) + Integer(1) / 10**15), (2, x**3 - 8 - Integer(1) / 10**12)):
        assert root_inside(x, expression, 1, 2) == (end, "at the end of the range")


def test_a_closed_form_a_hair_outside_the_bounds_is_brought_back():
    assert root_inside(x, x - 1 + Integer(1) / 10**12, 1, 2) == (1, "closed form")
    assert root_inside(x, x - 2 - Integer(1) / 10**12, 1, 2) == (2, "closed form")


@given(st.integers(1, 100), st.integers(2, 99), st.sampled_from([1, -1]))
def test_the_last_value_within_a_condition_is_found_from_either_side(start, limit, step):
    """Upwards the last that is at most the limit; downwards the last that is at least the limit."""
    meets = (lambda k: k <= limit) if step > 0 else (lambda k: k >= limit)
    assert last_within(start, step, (1, 100), meets) == limit


def test_the_search_ends_at_the_bounds_and_says_where_nothing_meets_the_condition():
    assert last_within(50, 1, (1, 100), lambda k: True) == 100
    assert last_within(50, -1, (1, 100), lambda k: True) == 1
    with pytest.raises(InputError, match="no value near the root"):
        last_within(5, 1, (1, 100), lambda k: False)

    def refuses(k):
        if k > 3:
            raise InputError("too large")
        return True

    assert last_within(1, 1, (1, 100), refuses) == 3
    with pytest.raises(InputError, match="too large"):
        last_within(4, 1, (1, 100), refuses)
    assert not math.isnan(last_within(1, 1, (1, 1), lambda k: True))


@pytest.mark.parametrize("start", [1.0, 5e8])
def test_a_far_end_takes_few_questions(start):
    """Each is an estimate: a step at a time, a large budget once took minutes."""
    asked = []
    found = last_within(start, 1, (1, 1e9), lambda k: asked.append(k) or k <= 3e8)
    assert found == 3e8 and len(asked) < 70


@pytest.mark.parametrize("root", [1.0005, 50.0, 999.5])
def test_a_change_of_sign_in_the_first_or_the_last_piece_is_found(root):
    assert all_roots(x, sqrt(x) - sqrt(Integer(round(root * 10_000)) / 10_000), 1, 1000) == pytest.approx([root])
