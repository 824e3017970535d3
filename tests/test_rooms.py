"""Imports only go down: parsed from the sources, so that a lazy import counts too."""

import ast
from pathlib import Path

import pytest

import ditcarbon_sym

PACKAGE = Path(ditcarbon_sym.__file__).parent
FLOORS = [
    {"notation"},
    {"files"},
    {"program"},
    {"blocks", "monomials"},
    {"fused", "lines"},
    {"arrays"},
    {"equation", "evaluate", "chunks"},
    {"parameters", "flops", "efficiency", "carbon", "operators"},
    {"architectures", "roofline"},
    {"stages"},
    {"entries"},
    {"schema", "catalog", "pipeline", "request", "measurements", "derivatives"},
    {"diffusers_config", "counting", "request_count"},
    {"flags_work"},
    {"work", "transfer"},
    {"runs", "measured_device"},
    {"routes"},
    {"operating"},
    {"filters", "panel", "sweep_schema"},
    {"table"},
    {"sweep_block"},
    {
        "estimation",
        "fitting",
        "held_out",
        "confidence",
        "calibration",
        "planning",
        "sweep",
        "sensitivity",
        "uncertainty",
        "solve",
        "closed_forms",
        "variance",
        "codecarbon",
        "validation",
    },
    {"fitting_operators"},
    {"calibration_operators"},
    {"compare", "request_list", "streaming", "sweep_input"},
    {"pareto", "ranking"},
    {"formats"},
    {"document", "sensitivity_words"},
    {"report", "sensitivity_figures"},
    {
        "calibration_report",
        "compare_report",
        "count_report",
        "closed_forms_report",
        "sensitivity_report",
        "solve_report",
        "sweep_report",
    },
    {"pareto_figure"},
    {"uncertainty_report", "validation_report"},
    {"measure"},
    {"startup"},
    {"cli", "cli_analysis", "cli_count", "cli_measure", "cli_options", "cli_print", "cli_sweep", "cli_validate"},
    {"__main__"},
]
FLOOR = {module: level for level, modules in enumerate(FLOORS) for module in modules}
SAME_FLOOR = {
    ("equation", "evaluate"),
    ("evaluate", "chunks"),
    ("chunks", "evaluate"),
    ("catalog", "schema"),
    ("request", "catalog"),
    ("derivatives", "pipeline"),
    ("held_out", "fitting"),
    ("calibration", "held_out"),
    ("calibration_operators", "held_out"),
    ("fitting_operators", "held_out"),
    ("confidence", "fitting"),
    ("calibration", "fitting"),
    ("calibration", "confidence"),
    ("request_count", "counting"),
    ("fitting_operators", "fitting"),
    ("calibration_operators", "calibration"),
    ("calibration_operators", "confidence"),
    ("calibration_operators", "fitting"),
    ("calibration_operators", "fitting_operators"),
    ("fitting_operators", "planning"),
    ("estimation", "uncertainty"),
    ("solve", "sensitivity"),
    ("variance", "sensitivity"),
    ("cli", "cli_analysis"),
    ("cli", "cli_count"),
    ("cli", "cli_sweep"),
    ("cli_sweep", "cli_options"),
    ("cli_sweep", "cli_print"),
    ("cli_count", "cli_options"),
    ("cli_count", "cli_print"),
    ("cli", "cli_measure"),
    ("cli_measure", "cli_options"),
    ("cli_measure", "cli_print"),
    ("cli", "cli_validate"),
    ("cli_validate", "cli_options"),
    ("cli_validate", "cli_print"),
    ("validation", "codecarbon"),
    ("validation", "uncertainty"),
    ("cli", "cli_options"),
    ("cli", "cli_print"),
    ("cli_analysis", "cli_options"),
    ("cli_analysis", "cli_print"),
}
"""Within a floor, these may build on each other; nothing else may."""
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def imports(path: Path) -> set[str]:
    """The package's own modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ditcarbon_sym"):
            found.add(node.module.removeprefix("ditcarbon_sym").lstrip(".") or "__init__")
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("ditcarbon_sym") for alias in node.names), path
    return found & set(FLOOR)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_lower_floors(module):
    for imported in imports(PACKAGE / f"{module}.py"):
        allowed = FLOOR[imported] < FLOOR[module] or (module, imported) in SAME_FLOOR
        assert allowed, f"{module} (floor {FLOOR[module]}) imports {imported} (floor {FLOOR[imported]})"


@pytest.mark.parametrize("path", sorted((PACKAGE / "architectures").glob("*.py")), ids=lambda path: path.stem)
def test_an_architecture_is_made_of_operators_alone(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            assert node.module in ("notation", "operators"), node.module
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module.split(".")[0] in (
                "sympy",
                "dataclasses",
                "collections",
                "typing",
                "abc",
                "importlib",
                "math",
                "functools",
            )


@pytest.mark.parametrize("path", sorted((PACKAGE / "measure").glob("*.py")), ids=lambda path: path.stem)
def test_what_measures_imports_only_from_lower_floors(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            for name in [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]:
                assert name == "__version__" or FLOOR[name] < FLOOR["measure"], name


def test_every_module_has_a_floor():
    assert set(MODULES) <= set(FLOOR)


@pytest.mark.parametrize("module", MODULES)
def test_the_package_never_imports_what_is_built_on_it(module):
    text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert not names & {"fits", "paper_figures", "derivations", "tests"}


def test_the_estimate_imports_neither_scipy_nor_lmfit_nor_matplotlib(run_python):
    run_python(
        "import sys; from ditcarbon_sym import estimate; estimate('pixart-alpha');"
        "assert not {'scipy', 'lmfit', 'matplotlib', 'pydantic'} & set(sys.modules)"
    )


def test_version_and_help_need_no_sympy(run_python):
    run_python("import sys, ditcarbon_sym.cli.app; assert 'sympy' not in sys.modules and 'numpy' not in sys.modules")
