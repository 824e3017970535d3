"""The one reader of CSV: the csv module's rules first, harmless differences read, doubtful ones refused."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.catalog.csv_table import number, read_table, table_of
from ditcarbon_sym.errors import InputError

PATH = Path("mine.csv")
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12).map(str.strip)
CELLS = st.lists(st.tuples(CELL, CELL.filter(bool)), min_size=1, max_size=5)


@given(CELLS)
def test_whatever_the_csv_module_writes_in_quotes_is_read_back(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    found = table_of(PATH, text.getvalue())
    assert found.comments == () and [tuple(row.values()) for row in found.rows()] == rows


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read(value):
    assert number(repr(value)) == value


@given(st.text(st.sampled_from("0123456789_.eE+-٣ "), min_size=1, max_size=8))
def test_a_number_has_no_underscores_and_no_other_digits(text):
    plain = text.strip()
    try:
        value = number(text)
    except ValueError:
        return
    assert "_" not in plain and plain.isascii() and value == float(plain)


@pytest.mark.parametrize("text", ["6_27", "1e", "", "0x10", "٣", "1 000", "1'000", "--1", "6,27"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        number(text)


@given(st.permutations(["model", "height", "width"]), st.sampled_from([str.lower, str.upper, str.title]), st.text(" "))
def test_capitals_and_blanks_of_a_header_change_nothing(names, case, blanks):
    header = ",".join(f"{blanks}{case(name)}{blanks}" for name in names)
    assert table_of(PATH, f"{header}\n a , b,c \n").rows() == [dict(zip(names, "abc", strict=True))]


@given(st.lists(st.sampled_from(["", ",,", " , ,", "# a comment", "#"]), max_size=4))
def test_blank_rows_and_comments_change_nothing(between):
    lines = ["x,y,z", *between, "1,2,3", *between, "4,5,6", *between]
    assert [row["y"] for row in table_of(PATH, "\n".join(lines)).rows()] == ["2", "5"]


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=5))
def test_semicolons_with_decimal_commas_say_the_same_as_commas_with_points(values):
    plain = "".join(f'flux,"a;b",{x!r}\n' for x in values)
    german = "".join(f'flux;"a;b";{x!r}\n'.replace(".", ",") for x in values)
    assert table_of(PATH, f"model;note;time_s\n{german}").rows() == table_of(PATH, f"model,note,time_s\n{plain}").rows()


def test_a_decimal_comma_beside_a_decimal_point_is_refused():
    with pytest.raises(InputError, match=r"decimal commas \(a = '1,5'\) and decimal points \(b = '1.234'\)"):
        table_of(PATH, "a;b\n1,5;1.234\n").rows()


def test_a_quoted_line_that_begins_with_a_hash_is_part_of_its_cell():
    assert table_of(PATH, 'a,note\n1,"two\n#lines"\n').rows() == [{"a": "1", "note": "two\n#lines"}]


def test_columns_without_a_name_are_left_out():
    assert table_of(PATH, ",a,\n0,x,\n1,y,\n").rows() == [{"a": "x"}, {"a": "y"}]


@pytest.mark.parametrize(("text", "expected"), [
    ("a,b\n1\n", "row 1: has more or fewer cells"),
    ("a,b\n1,2\n1,2,3\n", "row 2: has more or fewer cells"),
    ("a, A\n1,2\n", "'a' stands twice in the header"),
    ('a,b\n1,"2\n', "not valid CSV"),
    ('{"a": 1}', "is JSON; expected CSV"),
    ("\n [1, 2]", "is JSON; expected CSV"),
])  # fmt: skip
def test_what_is_no_table_is_refused_in_one_line(text, expected):
    with pytest.raises(InputError) as refusal:
        table_of(PATH, text).rows()
    assert expected in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("größe\n1\n".encode("latin-1"))
    with pytest.raises(InputError, match="not a text file"):
        read_table(path)
