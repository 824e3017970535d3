"""What a file of the user says reaches a terminal, a document or a spreadsheet as text alone; no reader runs on."""

import json

import pytest

from ditcarbon_sym.catalog.files import LARGEST, read_text
from ditcarbon_sym.errors import InputError, nearest, visible
from ditcarbon_sym.reports import formats

HOSTILE = "\x1b]0;title\x07\x1b[2J\u202egnp\u2069\nerror: forged <script>|=cmd()"


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        f"[gpus.mine]\nname = {json.dumps(HOSTILE)}\nprecision = {json.dumps(HOSTILE)}\n"
        "peak_flop_per_second = 1e14\ntdp_watt = 300\n"
    )
    return path


@pytest.mark.parametrize("how", [(), ("--json",), ("--markdown",), ("--latex",), ("--csv",)], ids=str)
def test_a_name_of_a_users_file_is_printed_without_what_a_terminal_obeys(ditcarbon, catalog, how):
    outcome = ditcarbon("gpus", "--catalog", catalog, *how)
    shown = [*outcome.out.replace("\n", ""), *outcome.err.replace("\n", "")]
    assert outcome.code == 0 and all(x.isprintable() for x in shown)
    assert not any(line.startswith("error:") for line in outcome.out.splitlines() + outcome.err.splitlines())
    if how == ("--markdown",):
        assert "<script>" not in outcome.out and r"\|=cmd" in outcome.out


def test_json_gives_the_name_back_as_it_was(ditcarbon, catalog):
    entries = json.loads(ditcarbon("gpus", "--catalog", catalog, "--json").out)["entries"]
    assert HOSTILE in [entry["name"] for entry in entries]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|'/C calc'!A0", "-1+cmd|0"])
def test_a_cell_that_begins_like_a_formula_is_text_for_a_spreadsheet(text):
    assert f"'{text}" in formats.csv_text(("a",), [(text,)])
    assert f"\n\\t{text}" in formats.csv_text(("a",), [(f"\t{text}",)])  # a tab is written as it is spelled


@pytest.mark.parametrize("text", ["-0.5", "+12 %", "- 3", "1=1", "flux.1-dev"])
def test_other_cells_stay_as_they_are(text):
    assert formats.harmless(text) == text


def test_a_message_about_a_hostile_name_is_one_line_that_prints(refused, tmp_path):
    message = refused("estimate", HOSTILE)
    assert message.isprintable() and visible(HOSTILE) in message


@pytest.mark.parametrize("kind", LARGEST)
def test_a_file_without_end_is_refused_at_the_size_that_no_such_file_has(kind, tmp_path, monkeypatch):
    monkeypatch.setitem(LARGEST, kind, 2**20)
    path = tmp_path / "long"
    path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(InputError, match=f"longer than 1 MB; expected {kind}"):
        read_text(path, kind)
    path.write_bytes(b"#" * 2**20)
    assert len(read_text(path, kind)) == 2**20


def test_an_endless_device_ends(refused):
    assert "longer than 4 MB" in refused("estimate", "pixart-alpha", "--catalog", "/dev/zero")


def test_keys_with_thousands_of_dots_are_refused_at_once(refused, tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text(f"a{'.a' * 50_000} = 1\n")
    assert "nested too deep" in refused("estimate", "pixart-alpha", "--catalog", path)


def test_a_suggestion_looks_at_some_of_very_many_names_and_prints_few():
    names = [f"model-{k}" for k in range(300_000)]
    assert len(nearest("x" * 10**6, names)) < 3000
