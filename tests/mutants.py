"""Mutation testing: change the package a little, and ask whether any test notices. `make mutants` takes a sample.

cosmic-ray makes the mutants. This draws ``--number`` of them by ``--seed`` (0 for all), runs for each the tests of its
room until one fails, and prints killed of tried by room. Mutants that change nothing that anyone could see are listed
in ``mutants_equivalent.csv``, each with the reason; they are not tried. Survivors go to ``build/mutants.csv``.
"""

import argparse
import ast
import csv
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGE = "ditcarbon_sym"
ROOMS = {
    "equations": ("equations", "estimation/test_terms_of_the_law.py", "test_laws.py", "estimation/test_intervals.py"),
    "architectures": ("architectures", "estimation/test_exact_count.py"),
    "estimation": ("estimation", "test_consistency.py"),
    "calibration": ("calibration",),
    "analysis": ("analysis",),
    "sweeps": ("sweeps", "test_consistency.py"),
}
"""Rooms whose code is changed, and the tests that should notice, besides the examples in the file itself."""
FILES = {"architectures": ("operators.py", "layers.py", "network.py")}
"""Of a room with very many files, those that are changed."""
ABSURD = ("_LShift", "_RShift", "_BitOr", "_BitAnd", "_BitXor", "_Pow", "_FloorDiv", "_Mod", "NoOp", "RemoveDecorator")
"""Changes that nobody makes by mistake: a sum that becomes a shift fails at once, and would flatter the score."""
EQUIVALENT = HERE / "mutants_equivalent.csv"
SECONDS = 900


def modules(room: str) -> list[Path]:
    """The files of a room."""
    folder = ROOT / PACKAGE / room
    found = [folder / name for name in FILES[room]] if room in FILES else sorted(folder.rglob("*.py"))
    return [path for path in found if path.name != "__init__.py"]


def mutants(room: str) -> list[dict[str, Any]]:
    """Every mutant of a room: file, operator, occurrence, line and the line as changed."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    found = []
    for path in modules(room):
        code = path.read_text(encoding="utf-8")
        nodes, words = list(ast_nodes(get_ast(code))), _words(code)
        for name in operator_names():
            if name.endswith(ABSURD) or get_operator(name).arguments():
                continue
            operator, occurrence = get_operator(name)(), 0
            for node in nodes:
                for start, _ in operator.mutation_positions(node):
                    line = code.splitlines()[start[0] - 1].strip()
                    if start[0] not in words:
                        found.append({
                            "room": room, "file": str(path.relative_to(ROOT)), "operator": name,
                            "occurrence": occurrence, "line": start[0], "code": line,
                        })  # fmt: skip
                    occurrence += 1
    return found


def _words(code: str) -> set[int]:
    """Lines of docstrings, annotations and imports, in which a change is seen by nobody."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, ast.FunctionDef):
            arguments = [x.annotation for x in [*node.args.args, *node.args.kwonlyargs] if x.annotation]
            for x in [*arguments, *([node.returns] if node.returns else [])]:
                found |= {x.lineno} if isinstance(x, ast.BinOp) else set()
    return found


def equivalent() -> set[tuple[str, str]]:
    """Mutants that are not tried: file and line as changed."""
    with EQUIVALENT.open(encoding="utf-8", newline="") as file:
        return {(row["file"], row["changed"]) for row in csv.DictReader(file)}


def killed(mutant: dict[str, Any], copy: Path, known: set[tuple[str, str]]) -> str:
    """Try a mutant in a copy of the repository: "killed", "survived", "late" (which is killed, too) or "equivalent"."""
    from cosmic_ray.mutating import apply_mutation
    from cosmic_ray.plugins import get_operator

    path = copy / mutant["file"]
    before = path.read_text(encoding="utf-8")
    apply_mutation(path, get_operator(mutant["operator"])(), mutant["occurrence"])
    lines = zip(before.splitlines(), path.read_text(encoding="utf-8").splitlines(), strict=False)
    mutant["changed"] = next((new.strip() for old, new in lines if old != new), "")
    tests = [f"tests/{name}" for name in ROOMS[mutant["room"]]]
    if (mutant["file"], mutant["changed"]) in known:
        path.write_text(before, encoding="utf-8")
        return "equivalent"
    line = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant["file"], *tests]
    try:
        done = subprocess.run(line, cwd=copy, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "late"
    finally:
        path.write_text(before, encoding="utf-8")
    return "survived" if done.returncode == 0 else "killed"


def main() -> None:
    """Try a sample, and print killed of tried by room."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=60, help="mutants to try; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", nargs="*", default=[*ROOMS], choices=[*ROOMS])
    given = parser.parse_args()
    known = equivalent()
    every = [x for room in given.rooms for x in mutants(room)]
    sample = random.Random(given.seed).sample(every, min(given.number or len(every), len(every)))
    tried, dead, alive = Counter[str](), Counter[str](), []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "build", "dist", "__pycache__"))
        for number, mutant in enumerate(sample, start=1):
            told = killed(mutant, copy, known)
            tried[mutant["room"]] += told != "equivalent"
            dead[mutant["room"]] += told in ("killed", "late")
            alive += [mutant] if told == "survived" else []
            print(f"[{number}/{len(sample)}] {told}: {mutant['file']}:{mutant['line']} {mutant['changed']}", flush=True)
    for room in tried:
        print(f"{room}: {dead[room]} of {tried[room]} killed")
    print(f"all: {sum(dead.values())} of {sum(tried.values())} killed; {len(every)} mutants in all, seed {given.seed}")
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "mutants.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["room", "file", "line", "operator", "occurrence", "code", "changed"])
        writer.writeheader()
        writer.writerows(alive)


if __name__ == "__main__":
    main()
