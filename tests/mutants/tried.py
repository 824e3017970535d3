"""One change, one process: a copy of one that has imported the large libraries already, so that it starts at once.

Each worker has a copy of the repository, in which it changes a line, runs tests until one fails, and changes it back.
"""

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from compileall import compile_dir
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path
from pkgutil import walk_packages
from py_compile import PycInvalidationMode
from typing import Any

from .made import PACKAGE, ROOMS, ROOT, Mutant

ORDER = ("numerics", "equations", "architectures", "catalog", "estimation")
"""Rooms in the order of imports; the others stand above all of these."""
LARGE = ("pytest", "hypothesis", "numpy", "sympy", "lmfit", "matplotlib", "pydantic", "typer", "rich", "pandas",
         "pyarrow", "dask.array", "numba", "SALib")  # fmt: skip
PASSED, USAGE, NOTHING, MISSING = 0, 4, 5, "missing"
"""What pytest says: all passed; a test is not there, or a fixture file cannot be imported; there is no test at all."""
PROCESSOR_SECONDS, WALL_SECONDS, BYTES = 240, 1800, 8 * 2**30
"""A change that makes a loop endless or an array huge is noticed, too."""


def preload() -> None:
    """Import what every trial needs and no change concerns."""
    for name in LARGE:
        with contextlib.suppress(ImportError):
            import_module(name)


def _below(copy: Path) -> dict[str, set[str]]:
    """Import the package from a copy, room by room, and say what was loaded before each: that no change of it concerns.

    Imports go down the rooms, which a test of the rooms makes sure of.
    """
    sys.path.insert(0, str(copy))
    found = {}
    for room in ORDER:
        found[room] = {x for x in sys.modules if x.split(".")[0] == PACKAGE}
        for module in walk_packages([str(copy / PACKAGE / room)], f"{PACKAGE}.{room}."):
            import_module(module.name)
    loaded = {x for x in sys.modules if x.split(".")[0] == PACKAGE}
    estimate = import_module(f"{PACKAGE}.estimation.estimator").estimate
    for model, gpu in (("pixart-alpha", None), ("flux.1-dev", "h100-sxm-80gb")):  # what many tests begin with
        estimate(model, gpu=gpu)
    return found | dict.fromkeys(set(ROOMS) - set(ORDER), loaded)


class Noticed:
    """A plugin of pytest that writes the first failure to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _write(self, report: Any) -> None:
        if report.failed and not self.path.exists():
            self.path.write_text(report.nodeid, encoding="utf-8")

    pytest_runtest_logreport = pytest_collectreport = _write


class Trial:
    """A copy of the repository in which changes are tried, one at a time."""

    def __init__(self, copy: Path) -> None:
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "dist", "__pycache__"))
        for folder in (copy / PACKAGE, copy / "tests"):
            compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        self.copy = copy
        self.below = _below(copy)
        self.sound: dict[tuple[str, str], bool] = {}

    def verdict(self, mutant: Mutant, rounds: list[list[str]]) -> str:
        """The test that notices the change (``late`` where it never ends), or nothing."""
        path = self.copy / mutant.file
        before = path.read_text(encoding="utf-8")
        after = mutant.applied(before)
        if after is None:
            return "gone"
        for tests in rounds:
            while tests:
                with self._changed(path, before, after):
                    test = self._failing(tests, mutant.room)
                if test == MISSING:
                    if self._failing(tests, mutant.room) != MISSING:
                        return tests[0]
                    print(f"no longer there, left out (see --map): {tests}", file=sys.stderr, flush=True)
                    break
                if not test:
                    break
                if test == "late" or self._is_sound(test, mutant.room):
                    return test
                print(f"{test} fails where nothing is changed and is left out", file=sys.stderr, flush=True)
                tests = [x for x in tests if x != test]
        return ""

    @contextlib.contextmanager
    def _changed(self, path: Path, before: str, after: str) -> Any:
        """The file as changed; what was compiled of it is put away, for the copy trusts it unseen."""
        compiled = Path(cache_from_source(str(path)))
        away = compiled.with_suffix(".away")
        compiled.rename(away)
        path.write_text(after, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")
            away.rename(compiled)

    def _is_sound(self, test: str, room: str) -> bool:
        """Whether a test passes where nothing is changed."""
        if (test, room) not in self.sound:
            self.sound[test, room] = not self._failing([test], room)
        return self.sound[test, room]

    def _failing(self, tests: list[str], room: str) -> str:
        """The first of the tests that fails, ``late``, or nothing."""
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "told"
            child = os.fork()
            if not child:
                os._exit(self._run(tests, room, told, Path(folder)))
            end = time.monotonic() + WALL_SECONDS
            while True:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    break
                if time.monotonic() > end:
                    os.killpg(child, signal.SIGKILL)
                time.sleep(0.02)
            if told.exists():
                found = told.read_text(encoding="utf-8")
                return found if found in tests or "::" in found else tests[0]
            if os.WIFSIGNALED(status):
                return "late"
            code = os.WEXITSTATUS(status)
            return MISSING if code == USAGE else "" if code in (PASSED, NOTHING) else tests[0]

    def _run(self, tests: list[str], room: str, told: Path, folder: Path) -> int:
        import pytest

        code = 1
        try:
            os.setsid()
            os.chdir(self.copy)
            sys.path.insert(0, str(self.copy))
            sys.dont_write_bytecode = True
            os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.copy), "TMPDIR": str(folder)}
            tempfile.tempdir = None
            for name in [x for x in sys.modules if x.split(".")[0] in ("tests", PACKAGE)]:
                if name not in self.below[room]:
                    del sys.modules[name]
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 5))
            resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
            options = [
                "-x",
                "--assert=plain",
                "--tb=no",
                *(f"-pno:{x}" for x in ("cacheprovider", "xdist", "cov", "unraisableexception")),
            ]
            code = int(pytest.main([*options, *tests], plugins=[Noticed(told)]))
        finally:
            os._exit(code)
