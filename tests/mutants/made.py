"""The changes: cosmic-ray makes them, a seed draws some, and a list names those that nobody could see."""

import ast
import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = "ditcarbon_sym"
ROOMS = ("equations", "architectures", "estimation", "calibration", "analysis", "sweeps")
"""Rooms whose code is changed."""
FILES = {"architectures": ("operators.py", "layers.py", "network.py", "attentions.py", "adaln.py")}
"""Of a room with very many files, those that are changed."""
ABSURD = ("_LShift", "_RShift", "_BitOr", "_BitAnd", "_BitXor", "_Pow", "_FloorDiv", "_Mod", "NoOp", "RemoveDecorator")
"""Changes that nobody makes by mistake: a sum that becomes a shift fails at once, and would flatter the score."""
ALIKE = ("_Is_Eq", "_IsNot_NotEq", "_Eq_Is", "_NotEq_IsNot")
"""Identity for equality: the same of None, which is all that the package compares by identity; ruff refuses both."""
CHECKED = (("strict=True", "strict=False"), ("*,", "/,"))
"""A zip that checks lengths which are equal however it is called, and the mark after which arguments go by name: seen
by nobody until another mistake is made."""
EQUIVALENT = HERE / "equivalent.csv"
KILLED = HERE / "killed.csv"


@dataclass(frozen=True)
class Mutant:
    """One line of one file, and what it is changed to."""

    file: str
    line: int
    code: str
    changed: str

    @property
    def room(self) -> str:
        """The room of its file."""
        return self.file.split("/")[1]

    def applied(self, text: str) -> str | None:
        """The file with this change, made at the line nearest to where it was; None where that line is gone."""
        lines = text.splitlines(keepends=True)
        places = [n for n, line in enumerate(lines) if line.strip() == self.code]
        if not places:
            return None
        at = min(places, key=lambda n: abs(n + 1 - self.line))
        lines[at] = lines[at].replace(self.code, self.changed)
        return "".join(lines)


def modules(room: str) -> list[Path]:
    """The files of a room that are changed."""
    folder = ROOT / PACKAGE / room
    found = [folder / name for name in FILES[room]] if room in FILES else sorted(folder.rglob("*.py"))
    return [path for path in found if path.name != "__init__.py"]


@dataclass(frozen=True)
class Place:
    """Where cosmic-ray could change something: the how-manieth place in a file that one of its operators finds."""

    file: str
    operator: str
    occurrence: int

    @property
    def room(self) -> str:
        """The room of its file."""
        return self.file.split("/")[1]

    def mutant(self) -> Mutant | None:
        """The change; None where it takes more than one line, is `CHECKED`, or leaves no Python: ``*`` that unpacks is
        taken for a product.
        """
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        text = (ROOT / self.file).read_text(encoding="utf-8")
        before = text.splitlines()
        changed = mutate_code(text, get_operator(self.operator)(), self.occurrence)
        try:
            ast.parse(changed)
        except SyntaxError:
            return None
        after = changed.splitlines()
        differ = [n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]]
        if len(after) != len(before) or len(differ) != 1:
            return None
        found = Mutant(self.file, differ[0] + 1, before[differ[0]].strip(), after[differ[0]].strip())
        return None if any(found.code.replace(*x) == found.changed.replace(*x) for x in CHECKED) else found


def places(room: str) -> list[Place]:
    """Every place of a room."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    found = []
    for path in modules(room):
        text = path.read_text(encoding="utf-8")
        words, nodes = _words(text), list(ast_nodes(get_ast(text)))
        for name in operator_names():
            if name.endswith((*ABSURD, *ALIKE)) or get_operator(name).arguments():
                continue
            operator = get_operator(name)()
            starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            seen = [n for n, at in enumerate(starts) if not any(first <= at < last for first, last in words)]
            found += [Place(str(path.relative_to(ROOT)), name, n) for n in seen]
    return found


def _words(code: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where docstrings and annotations begin and end, in which a change is seen by nobody or fails at once."""
    found = []
    for node in ast.walk(ast.parse(code)):
        inside: list[ast.expr | None] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside = [node.value]
        elif isinstance(node, ast.FunctionDef):
            inside = [node.returns]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            inside = [node.annotation]
        found += [
            ((x.lineno, x.col_offset), (x.end_lineno or 0, x.end_col_offset or 0)) for x in inside if x is not None
        ]
    return found


Drawn = TypeVar("Drawn", Place, Mutant)


def drawn(every: Sequence[Drawn], number: int, seed: int) -> list[Drawn]:
    """So many (0: all), as nearly as can be equally many of each room; more with one seed begin as fewer do."""
    rooms = [[x for x in every if x.room == room] for room in ROOMS]
    for room, found in zip(ROOMS, rooms, strict=True):
        random.Random(f"{seed} {room}").shuffle(found)
    turns = [x for turn in range(max(map(len, rooms))) for found in rooms for x in found[turn : turn + 1]]
    return turns[: number or len(turns)]


def listed(path: Path) -> dict[Mutant, str]:
    """Mutants that a table names, each with the last column: the reason, or the test that noticed."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {Mutant(x["file"], int(x["line"]), x["code"], x["changed"]): [*x.values()][-1] for x in rows}


def same(mutant: Mutant) -> tuple[str, str, str]:
    """What two mutants share that are one, though lines above them have come or gone."""
    return mutant.file, mutant.code, mutant.changed
