"""Imports go down the rooms and never in a circle; folders and files stay small. Lazy imports count, too."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

import ditcarbon_sym

ROOT = Path(ditcarbon_sym.__file__).parents[1]
ROOMS = (
    "errors version display|numerics|equations|architectures|catalog|estimation|calibration analysis sweeps|reports|"
    "measure|cli"
)
LEVEL = {room: level for level, rooms in enumerate(ROOMS.split("|")) for room in rooms.split()}
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "ditcarbon_sym").rglob("*.py"))
}


def imports(module: str, types: bool = True) -> Iterator[str]:
    """What a file imports, wherever in it, by full names; ``from a import b`` is ``a.b`` if that is a file of ours."""
    here = module if FILES[module].stem == "__init__" else module.rpartition(".")[0]
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    checked = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    never_run = set() if types else {node for x in checked for node in ast.walk(x)}
    for node in set(ast.walk(tree)) - never_run:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), here)
            for alias in node.names:
                yield f"{source}.{alias.name}" if f"{source}.{alias.name}" in FILES else source


IMPORTS = {module: set(imports(module)) - {module} for module in FILES}


def room(module: str) -> str:
    """The room of a file of the package; empty for the files on top, and for what is not the package's."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0].strip("_") if package == "ditcarbon_sym" else ""


def test_imports_stay_in_a_room_or_go_down():
    assert {room(module) for module in FILES} == {"", "main", *LEVEL}
    wrong = [
        f"{module} imports {imported}"
        for module in FILES
        if room(module) in LEVEL
        for imported in IMPORTS[module]
        if imported.startswith("ditcarbon_sym") and room(imported) != room(module)
        if LEVEL.get(room(imported), len(FILES)) >= LEVEL[room(module)]
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("here", LEVEL)
def test_no_files_of_a_room_import_each_other_in_a_circle(here):
    """An import for the type checker alone never runs, and so makes no circle."""
    members = [module for module in FILES if room(module) == here]
    TopologicalSorter({module: {*imports(module, types=False)} - {module} for module in members}).prepare()


def test_a_folder_has_at_most_fourteen_files():
    """But that of the denoisers, which has a file for each family of networks. A room's ``__init__`` is not counted."""
    folders = [path.parent.name for path in FILES.values() if path.stem != "__init__"]
    assert {x: folders.count(x) for x in folders if x != "denoisers" and folders.count(x) > 14} == {}


def test_a_file_has_at_most_three_hundred_lines():
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in FILES.items()}
    assert {module: many for module, many in lines.items() if many > 300} == {}


def test_the_package_never_imports_what_is_built_on_it():
    above = {"derivations", "fits", "paper_figures", "docs", "tests"}
    assert [module for module in FILES if above & {x.partition(".")[0] for x in IMPORTS[module]}] == []


def test_torch_and_what_runs_on_it_load_only_inside_functions():
    """So that a laptop without them can plan a sweep."""
    heavy = {"torch", "diffusers", "transformers", "pynvml"}
    for module, path in FILES.items():
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names = {x.module or "" for x in body if isinstance(x, ast.ImportFrom) and not x.level}
        names |= {alias.name for x in body if isinstance(x, ast.Import) for alias in x.names}
        assert not {name.partition(".")[0] for name in names} & heavy, module


def test_an_architecture_is_made_of_symbols_and_operators_alone():
    allowed = ("ditcarbon_sym.architectures", "ditcarbon_sym.errors", "ditcarbon_sym.equations.notation")
    for module in FILES:
        if room(module) == "architectures":
            foreign = {x for x in IMPORTS[module] if not x.startswith(allowed)}
            assert {x.partition(".")[0] for x in foreign} <= {"sympy", *sys.stdlib_module_names}, module


def test_the_estimate_imports_neither_scipy_nor_lmfit_nor_matplotlib_nor_pydantic(run_python):
    run_python(
        "import sys; from ditcarbon_sym import estimate; estimate('pixart-alpha');"
        "assert not {'scipy', 'lmfit', 'matplotlib', 'pydantic'} & set(sys.modules)"
    )


def test_version_and_help_need_neither_sympy_nor_numpy(run_python):
    run_python(
        "import sys; from ditcarbon_sym.__main__ import main\n"
        "for option in ('--version', '--help'):\n"
        "    sys.argv = ['ditcarbon', option]\n"
        "    try: main()\n"
        "    except SystemExit as ended: assert not ended.code\n"
        "assert not {'sympy', 'numpy'} & set(sys.modules)"
    )
