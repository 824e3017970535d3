"""A release says one version everywhere, and a source distribution holds all that rebuilds the figures and the site."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import ditcarbon_sym
from ditcarbon_sym import __version__

ROOT = Path(__file__).parents[1]
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_version_stands_in_one_place_and_the_citation_has_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"] and "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "ditcarbon_sym.version.__version__"}
    assert re.search(rf"^version: {re.escape(__version__)}$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)


def test_the_changelog_has_a_section_for_each_version_the_newest_first():
    headings = re.findall(r"^## (.+)$", CHANGES, re.M)
    assert headings[0] == "Unreleased"
    versions = [heading.split()[0] for heading in headings[1:]]
    assert versions[0] == __version__
    assert versions == sorted(versions, key=lambda x: [int(part) for part in x.split(".")], reverse=True)


def test_the_citation_has_what_the_format_demands():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    keys = set(re.findall(r"^([a-z-]+):", text, re.M))
    assert {"cff-version", "message", "title", "authors", "version", "license", "type"} <= keys


def test_the_source_distribution_takes_every_file_of_its_folders():
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8")
    for folder, patterns in re.findall(r"^recursive-include (\S+) (.+)$", manifest, re.M):
        endings = {pattern.removeprefix("*") for pattern in patterns.split()}
        files = [x for x in (ROOT / folder).rglob("*") if x.is_file() and "__pycache__" not in x.parts]
        assert files and {x.suffix for x in files} <= endings, folder
    for name in re.search(r"^include (.+)$", manifest, re.M)[1].split():
        assert (ROOT / name).exists()


def test_the_package_declares_every_library_that_it_imports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(x for extra in project["optional-dependencies"].values() for x in extra)]
    # nvidia-ml-py brings the module pynvml
    declared = {re.match(r"[\w-]+", x)[0].lower().replace("_", "-") for x in named} | {"pynvml"}
    found = set()
    for file in Path(ditcarbon_sym.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {x.name.partition(".")[0] for x in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    libraries = {x.lower().replace("_", "-") for x in found - sys.stdlib_module_names}
    assert {"sympy", "scipy", "torch"} <= libraries
    assert libraries <= declared, sorted(libraries - declared)
