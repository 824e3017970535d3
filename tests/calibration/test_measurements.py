import pytest

from ditcarbon_sym.calibration.measurements import read_csv
from ditcarbon_sym.errors import InputError

HEADER = "model,height,width,batch,mu,note\n"
ROW = "pixart-alpha,512,512,4,0.4,warm\n"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "sweep.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_columns_are_read_and_the_others_kept(write):
    (row,) = read_csv(write("# a comment\n" + HEADER + ROW))
    assert row.model == "pixart-alpha"
    assert row.request == {"height": 512.0, "width": 512.0, "batch": 4.0}
    assert row.measured == {"mu": 0.4} and row.extra == {"note": "warm"}


def test_optional_columns_may_be_empty(write):
    (row,) = read_csv(write("model,height,width,frames,batch,mu\ncogvideox-2b,480,480,,1,0.4\n"))
    assert "frames" not in row.request


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "no column 'model'"),
        (HEADER, "no rows"),
        ("model,height,width,batch\n", "nothing measured"),
        ("height,width,batch,mu\n", "no column 'model'"),
        (HEADER.replace("note", "mu") + ROW, "stands twice"),
        (HEADER + "pixart-alpha,512,512,4\n", "more or fewer cells"),
        (HEADER + "pixart-alpha,512,512,4,0.4,x,y\n", "more or fewer cells"),
        (HEADER + ROW.replace("0.4", "nan"), "row 1: mu = nan"),
        (HEADER + ROW + ROW.replace("0.4", "1.4"), "row 2: mu = 1.4"),
        (HEADER + ROW.replace("0.4", ""), "none of mu, time_s and an energy"),
        (HEADER + ROW.replace("0.4", "fast"), "mu = 'fast' is not a number"),
        (HEADER + ROW.replace(",4,", ",-4,"), "batch = -4"),
        (b"\xff\xfe\x00", "not a text file"),
    ],
)
def test_a_bad_table_is_refused_in_one_line_that_names_it(write, content, expected):
    path = write(content)
    with pytest.raises(InputError) as refusal:
        read_csv(path)
    message = str(refusal.value)
    assert expected in message and message.startswith(str(path)) and "\n" not in message


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_csv(tmp_path / "none.csv")
