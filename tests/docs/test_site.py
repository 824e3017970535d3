"""The site's own code: links are checked, every script of the gallery has a title and a figure, schemas hold."""

import ast
import json

import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.files import DATA, read_toml
from docs import check, examples
from docs.generated import api, formats, gallery


def test_the_gallery_has_at_least_fifteen_scripts_each_with_a_title_words_and_a_figure():
    assert len(gallery.SCRIPTS) >= 15
    for path in gallery.SCRIPTS:
        title, words = gallery.told(path)
        assert 10 < len(title) < 70 and len(words) > 80, path
        names = {x.id for node in ast.walk(ast.parse(path.read_text())) for x in ast.walk(node)
                 if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)}  # fmt: skip
        assert "figure" in names, path
        assert len(gallery.code(path).splitlines()) <= 50, path


def test_a_script_is_run_and_its_figure_drawn():
    drawn, printed = gallery.run(gallery.SCRIPTS[12])
    assert drawn.startswith(b"\x89PNG") and "gCO2eq/kWh" in printed


def test_notebooks_hold_no_output_of_an_earlier_run():
    for path in (examples.ROOT / "docs" / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path


def test_every_room_has_a_page_with_all_its_public_names():
    made = api.pages()
    assert "::: ditcarbon_sym.sweeps.grid.Grid" in made["reference/api/sweeps.md"]
    assert made["reference/api/index.md"].count("\n| ") >= 38


def test_the_schemas_name_the_fields_of_what_ships():
    schemas = formats.schemas()
    gpu = read_toml(DATA / "gpus" / "h100-sxm-80gb.toml")
    table = schemas["catalog"]["properties"]["gpus"]["additionalProperties"]
    assert set(gpu) <= set(table["properties"])
    assert table["properties"]["tdp_watt"]["description"]
    found = estimate("pixart-alpha").to_dict()
    assert set(found) - {"schema_version", "stack"} == set(schemas["estimate"]["properties"])
    for law in ("bgr", "roofline"):
        written = read_toml(DATA / "calibrations" / f"v100-pcie-16gb{'' if law == 'bgr' else '-roofline'}.toml")
        assert set(written) <= set(schemas[f"calibration-{law}"]["properties"])


@pytest.mark.parametrize(("body", "expected"), [
    ('<a href="other.html#there">x</a>', []),
    ('<a href="missing.html">x</a>', ["index.html links to missing.html, which is not there"]),
    ('<a href="other.html#nowhere">x</a>', ["index.html links to other.html#nowhere, which has no such place"]),
    ('<img src="https://example.org/x.png">', ["index.html loads https://example.org/x.png from a network"]),
])  # fmt: skip
def test_broken_links_and_files_from_a_network_are_found(tmp_path, body, expected):
    (tmp_path / "index.html").write_text(body)
    (tmp_path / "other.html").write_text('<p id="there">')
    assert check.problems(tmp_path) == expected
