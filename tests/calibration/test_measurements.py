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


def test_a_square_output_has_one_side_as_in_a_list_of_requests(write):
    (row,) = read_csv(write("model,resolution,batch,mu\npixart-alpha,512,4,0.4\n"))
    assert row.request == {"height": 512.0, "width": 512.0, "batch": 4.0}
    (row,) = read_csv(write("model,resolution,height,width,batch,mu\npixart-alpha,high,512,768,4,0.4\n"))
    assert row.request["width"] == 768 and row.extra == {"resolution": "high"}
    for text, expected in (
        ("", "row 1: resolution is empty"),
        ("wide", "row 1: resolution = "),
        ("-1", "resolution = -1"),
    ):
        with pytest.raises(InputError, match=expected):
            read_csv(write(f"model,resolution,batch,mu\npixart-alpha,{text},4,0.4\n"))


def test_one_energy_is_the_same_in_every_unit(write):
    """Half a kilowatt hour is 500 Wh and 1.8 MJ; a batch of four has a quarter of it in each output."""
    for column, told in (("energy_kwh", 0.5), ("energy_wh", 500), ("energy_j", 1.8e6), ("energy_j_per_output", 4.5e5)):
        (row,) = read_csv(write(f"model,height,width,batch,{column}\npixart-alpha,512,512,4,{told}\n"))
        assert row.measured["energy_j"] == pytest.approx(1.8e6, rel=1e-12)


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


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("model;height;width;batch;mu\npixart-alpha;512;512;4;0,4\n;;;;\n", 0),
        (" Model , HEIGHT,Width,batch, MU \n pixart-alpha , 512,512,4,0.4 \n\n,,,,\n", 0),
        ("model\theight\twidth\tbatch\tmu\npixart-alpha\t512\t512\t4\t0,4\n", 0),
        ('model,height,width,batch,mu,note\nsd3-medium,512,512,1,0.3,"two\n#lines"\npixart-alpha,512,512,4,0.4,\n', 1),
        (",model,height,width,batch,mu\n0,pixart-alpha,512,512,4,0.4\n", 0),
    ],
)
def test_tables_that_differ_in_harmless_ways_say_the_same(write, content, row):
    found = read_csv(write(content))[row]
    assert (found.number, found.model, found.measured) == (row + 1, "pixart-alpha", {"mu": 0.4})
    assert found.request == {"height": 512.0, "width": 512.0, "batch": 4.0}


@pytest.mark.parametrize("text", ["6_27", "0x1p-3", "1 000", "٠.٤", "0,4"])
def test_what_python_reads_as_a_number_and_people_do_not_is_refused(write, text):
    with pytest.raises(InputError, match=r"row 1: time_s = .* is not a number"):
        read_csv(write(f'model,height,width,batch,time_s\npixart-alpha,512,512,4,"{text}"\n'))


@pytest.mark.parametrize(
    "text",
    [
        '{"Model": "a/b", "GPU model": "NVIDIA A100-SXM4-40GB", "Batch size": 1, "Batch energy (J)": 562.3}',
        '[{"model_id": "x", "energy_per_image": 5.0, "iteration_energy_measurements": []}]',
    ],
)
def test_a_result_of_mlenergys_benchmark_is_named_with_the_way_out(refused, write, text):
    for command in ("validate", "fit"):
        line = refused(command, write(text), "--gpu", "a100-sxm-40gb")
        assert "is a result of the ML.ENERGY benchmark, in JSON; write its runs into a CSV with the columns" in line
        assert "gpu, model, height, width, batch, steps, time_s (seconds of a batch) and energy_j_per_output" in line


def test_other_json_is_named_too(refused, write):
    assert "is JSON; expected CSV" in refused("validate", write('{"model": "flux.1-dev"}'), "--gpu", "l4")


def test_a_row_keeps_its_place_in_a_sweep_whose_other_rows_are_not_read(write):
    rows = ["pixart-alpha,512,512,1,vae_decoder,ok,1.0", "pixart-alpha,512,512,1,denoiser,ok,2.0"]
    header = '#: gpu = "l4"\nmodel,height,width,batch,stage,status,time_s'
    (row,) = read_csv(write("\n".join([header, *rows, "pixart-alpha,512,5"])))
    assert (row.number, row.measured) == (2, {"time_s": 2.0})
