import numpy as np
import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym import InputError
from ditcarbon_sym.sweeps.filters import Condition, kept, read_filter

FIELDS = ("time_s", "total_g", "batch")


@pytest.mark.parametrize(
    "text",
    [
        "", "time_s", "time_s<", "<5", "time_s<5 or batch>1", "time_s<5 and", "time_s<5; batch>1", "time_s<total_g",
        "__import__('os').system('x')<1", "time_s<5e", "time_s<1..2", "time_s < nan", "time_s<5 and and batch>1",
        "time_s<" + "9" * 500,
    ],
)  # fmt: skip
def test_what_is_not_a_condition_is_refused_in_one_line(text):
    with pytest.raises(InputError, match="where: ") as refusal:
        read_filter(text, FIELDS)
    assert "\n" not in str(refusal.value)


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(InputError, match="unknown column 'times'; did you mean time_s"):
        read_filter("times<3", FIELDS)


@pytest.mark.parametrize("comparison", ["<", "<=", ">", ">=", "="])
def test_a_condition_compares_as_it_says(comparison):
    values = np.array([1.0, 2.0, 3.0, np.nan])
    (condition,) = read_filter(f"time_s {comparison} 2", FIELDS)
    expected = {"<": [1, 0, 0], "<=": [1, 1, 0], ">": [0, 0, 1], ">=": [0, 1, 1], "=": [0, 1, 0]}[comparison]
    assert condition.holds(values).tolist() == [bool(x) for x in (*expected, 0)]


def test_all_conditions_must_hold():
    columns = {"time_s": np.array([1.0, 2.0, 3.0]), "batch": np.array([1.0, 1.0, 2.0])}
    assert kept(read_filter("time_s>=2 and batch<2", FIELDS), columns).tolist() == [False, True, False]
    assert kept((), columns)


@given(
    st.sampled_from(["<", "<=", ">", ">=", "="]),
    st.integers(-3, 3),
    st.lists(st.integers(-3, 3), min_size=1, max_size=6),
)
def test_bounds_never_exclude_a_value_for_which_a_condition_holds(comparison, number, values):
    condition = Condition("x", comparison, float(number))
    array = np.array(values, dtype=float)
    if condition.holds(array).any():
        assert condition.can_hold(array.min(), array.max())
