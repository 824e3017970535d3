"""The tests for a mutant: those that run its line, the quickest first.

``python -m tests.mutants --map`` runs the tests of the rooms once under coverage and writes which test ran which line,
into ``build/mutants.json``. Without it, or for a line that is run on import, the tests of the room are taken, those
that mirror the file first.
"""

import ast
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from .made import PACKAGE, ROOMS, ROOT, Mutant

MAP = ROOT / "build" / "mutants.json"
ALSO = ("derivations", "answers", "cli", "reports", "test_laws.py", "test_consistency.py")
"""Tests of several rooms."""
ANSWERS = "tests/answers/"
"""Tests that see any change of an answer, and do not say that it is wrong: they come last."""
VALUES, PROOFS = ("tests/test_values.py",), "tests/derivations/"
FIRST, FEWEST, SECONDS = 40, 8, 60.0
"""Tests that are tried at once; those that are tried however long they take; the time of all others."""


class Chooser:
    """Which tests to run for a mutant."""

    def __init__(self, most: float = SECONDS, path: Path = MAP) -> None:
        self.most = most
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"seconds": {}, "lines": {}}
        self.seconds: dict[str, float] = known["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = known["lines"]

    @cached_property
    def of_file(self) -> dict[str, set[str]]:
        """Tests that run a function of a file."""
        return {file: {test for tests in lines.values() for test in tests} for file, lines in self.lines.items()}

    def seconds_of(self, file: str) -> float:
        """The time of the tests of a file."""
        return sum(seconds for test, seconds in self.seconds.items() if test.startswith(file))

    def rounds(self, mutant: Mutant) -> list[list[str]]:
        """Rounds of tests: those that mirror the file, for a line that is run on import; the others by their time.

        What such a line makes may be used without a function of its file being called: the room's tests come then, and
        last the answers that are kept.
        """
        own = self.lines.get(mutant.file, {}).get(str(mutant.line), []) if in_function(mutant) else []
        others, room = (
            self.of_file.get(mutant.file, set()),
            {x for x in self.seconds if f"/{mutant.room}/" in x or x.startswith(PROOFS)},
        )
        near = [mutant.file, *(str(x) for x in mirrors(mutant)), *(VALUES if "@dataclass" in mutant.code else ())]
        if not (own or others or room):
            return [near, [f"tests/{mutant.room}"]]
        whole = [] if own else near
        order: list[str] = []
        for tests in (own, others - set(own), () if own else room - others):
            left = [x for x in tests if not x.startswith((*whole, ANSWERS))]
            order += sorted(left, key=lambda x: (not x.startswith(tuple(near)), self.seconds.get(x, 1.0), x))
        spent, kept = 0.0, []
        for test in order:
            spent += self.seconds.get(test, 1.0)
            if spent < self.most or len(kept) < FEWEST:
                kept.append(test)
        late = [x for x in near if self.seconds_of(x) < self.most and not whole]  # tests that the map does not know yet
        answers = [x for x in own if x.startswith(ANSWERS)] or [ANSWERS]
        return [whole, kept[:FIRST], kept[FIRST:], late, answers]


def in_function(mutant: Mutant) -> bool:
    """Whether a line is run when a function is called, not once when the file is imported."""
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    functions = [x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.Lambda)]
    bodies = [x.body if isinstance(x.body, list) else [x.body] for x in functions]
    return any(x[0].lineno <= mutant.line <= (x[-1].end_lineno or 0) for x in bodies)


def mirrors(mutant: Mutant) -> list[Path]:
    """Test files in the mirror of the room that have the name of the file, or of a folder in the room that holds it."""
    _, _, *folders, name = Path(mutant.file).parts
    stems = [Path(name).stem, *folders]
    found = [path for stem in stems for path in sorted((ROOT / "tests" / mutant.room).rglob(f"test_{stem}*.py"))]
    return [path.relative_to(ROOT) for path in dict.fromkeys(found)]


class Watch:
    """A plugin of pytest: each test is a context of coverage, and its time is kept."""

    def __init__(self) -> None:
        import coverage

        self.coverage = coverage.Coverage(data_file=None, source=[PACKAGE])
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)
            print(f"{report.nodeid} fails under coverage and is left out", file=sys.stderr, flush=True)

    def lines(self) -> dict[str, dict[str, list[str]]]:
        """Of each file, which tests ran a line."""
        data, found = self.coverage.get_data(), {}
        for file in sorted(data.measured_files()):
            tests = {line: sorted(set(x) - {"", *self.failed}) for line, x in data.contexts_by_lineno(file).items()}
            found[str(Path(file).relative_to(ROOT))] = {str(line): x for line, x in tests.items() if x}
        return found


def mapped(jobs: int = 1) -> None:
    """Run the tests of the rooms under coverage, a process for each, so many at once, and write the map; minutes.

    The map is written after each: one that is broken off knows the rooms before.
    """
    seconds: dict[str, float] = {}
    lines: dict[str, dict[str, list[str]]] = {}
    MAP.parent.mkdir(exist_ok=True)
    begun = time.monotonic()

    def run(what: str) -> dict[str, Any]:
        line = [sys.executable, "-m", "tests.mutants.chosen", what]
        told = subprocess.run(line, cwd=ROOT, env=os.environ | {"COLUMNS": "120"}, stdout=subprocess.PIPE, check=True)
        return dict(json.loads(told.stdout.splitlines()[-1]))

    every = (*(f"tests/{room}" for room in ROOMS[::-1]), *(f"tests/{x}" for x in ALSO), PACKAGE)
    with ThreadPoolExecutor(jobs) as pool:
        for what, part in zip(every, pool.map(run, every), strict=True):
            seconds |= part["seconds"]
            for file, tests in part["lines"].items():
                of_file = lines.setdefault(file, {})
                for number, names in tests.items():
                    of_file[number] = sorted({*of_file.get(number, ()), *names})
            MAP.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")
            print(f"{what}: {len(part['seconds'])} tests mapped in {time.monotonic() - begun:.0f} s", flush=True)


def _watched(what: str) -> dict[str, Any]:
    import pytest

    watch = Watch()
    watch.coverage.start()
    pytest.main(
        ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:unraisableexception", "--assert=plain", what],
        plugins=[watch],
    )
    watch.coverage.stop()
    return {"seconds": watch.seconds, "lines": watch.lines()}


if __name__ == "__main__":
    print(json.dumps(_watched(sys.argv[1])))
