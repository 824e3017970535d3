"""One run of the command line in this process, and what must hold of it whatever a user types or writes into a file."""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from ditcarbon_sym.cli import app
from ditcarbon_sym.reports.formats import FORMULA

CASES = int(os.environ.get("FUZZ_CASES", "300"))
"""Cases of all properties together; `make fuzz` takes 100,000, and CI 2,000."""
SECONDS = 5
"""Most time of the processor that a command may take; each case is one with little work."""
NO_NUMBER = re.compile(r"(?<![\w.'\"/-])[+-]?(nan|inf|infinity)(?![\w.'\"/-])", re.IGNORECASE)
SCRIPT, INPUT = "<script>", r"\input{/etc/passwd}"
"""What a browser and LaTeX would obey."""


SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where a case has its folder: in memory, where that can be had."""
TALLY: dict[str, Counter] = {}
"""Cases, answers, refusals and seconds of the processor of each test; `conftest` prints them."""


class TooLong(BaseException):
    """The command did not end; no `except Exception` of the package may catch this."""


@dataclass(frozen=True)
class Ran:
    """A command line, its exit code, what it printed, and the files that it wrote."""

    line: tuple[str, ...]
    code: int
    out: str
    err: str
    written: dict[str, bytes]
    said: str
    """All that the user typed and wrote."""


def cases(share: float) -> settings:
    """The settings of a property that gets this part of all cases; `make fuzz` takes other cases each time.

    A case that fails has at most a few changes: it need not be made smaller.
    """
    ordinary = "FUZZ_CASES" not in os.environ
    return settings(
        max_examples=max(1, round(CASES * share)), derandomize=ordinary, deadline=None, database=None,
        phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _too_long(*_: object) -> None:
    raise TooLong("it takes too long")


@contextlib.contextmanager
def limited(seconds: int):
    """Raise `TooLong` in the code that takes more than its seconds of the processor, or waits for a hundred times that.

    It is raised again each second: what Python calls while it collects garbage swallows it.
    """
    before = [signal.signal(x, _too_long) for x in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds, 1)
    signal.setitimer(signal.ITIMER_REAL, 100 * seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def run(arguments: Any, files: dict[str, str | bytes], seconds: int = SECONDS) -> Ran:
    """Run a command line in an empty folder with these files; an exception that it lets out fails the test."""
    tally = TALLY.setdefault(os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[2].partition(" ")[0], Counter())
    began = time.process_time()
    ran = _run(arguments, files, seconds)
    ended = {0: "answered", 2: "refused"}.get(ran.code, "other")
    tally.update({"cases": 1, "seconds": time.process_time() - began, ended: 1})
    return ran


def _run(arguments: Any, files: dict[str, str | bytes], seconds: int) -> Ran:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=SCRATCH))
    before, argv = Path.cwd(), sys.argv
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    line = tuple(str(x) for x in arguments)
    try:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chdir(folder)
        sys.argv = ["ditcarbon", *line]
        code: Any = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), limited(seconds):
            try:
                app.main()
            except SystemExit as ended:
                code = ended.code or 0
            except TooLong as late:
                raise AssertionError(f"{late}: {line} {files}") from None
        found = [x for x in folder.rglob("*") if x.is_file() and str(x.relative_to(folder)) not in files]
        written = {str(x.relative_to(folder)): x.read_bytes() for x in found}
    finally:
        os.chdir(before)
        sys.argv = argv
        shutil.rmtree(folder)
    said = " ".join((*line, *(x if isinstance(x, str) else x.decode(errors="replace") for x in files.values())))
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return Ran(line, code, *texts, written, said)


def check(ran: Ran, *, also: tuple[int, ...] = ()) -> None:
    """Assert what holds of every run."""
    assert ran.code in (0, 2, *also), ran
    shows_only_what_prints(ran)
    refuses_in_one_line(ran)
    if ran.code == 0:
        _output_is_harmless(ran)
        for name, content in ran.written.items():
            _document_is_harmless(name, content, ran.said)


def shows_only_what_prints(ran: Ran) -> None:
    """No control character and no mark that turns the direction of writing reaches the terminal."""
    hidden = [x for text in (ran.out, ran.err) for x in text if not (x.isprintable() or x == "\n")]
    assert not hidden, (hidden, ran)


def refuses_in_one_line(ran: Ran) -> None:
    """A refusal is one line that begins with ``error: ``; only it begins so, and it leaves nothing behind."""
    errors = [x for x in (ran.out + "\n" + ran.err).splitlines() if x.startswith("error:")]
    assert len(errors) == (1 if ran.code == 2 else 0), ran
    if ran.code == 2:
        assert ran.err.splitlines()[-1].startswith("error: ") and len(ran.err) < 20_000, ran
        assert ran.out == "" and not ran.written, ran


def _output_is_harmless(ran: Ran) -> None:
    if "--json" in ran.line:
        json.loads(ran.out, parse_constant=_refuse)
    elif "--markdown" in ran.line:
        assert SCRIPT not in ran.out, ran
    elif "--latex" in ran.line:
        assert INPUT not in ran.out, ran
    elif "--csv" in ran.line or ran.line[0] == "sweep":
        _cells_are_text(ran.out)
    if not _typed_no_number(ran.said):
        assert not NO_NUMBER.search(ran.out), ran


def _typed_no_number(said: str) -> bool:
    return re.search(r"\b(nan|inf|infinity)\b", said, re.IGNORECASE) is not None


def _document_is_harmless(name: str, content: bytes, said: str) -> None:
    kind = Path(name).suffix
    if kind in (".html", ".svg", ".md", ".tex", ".csv", ".json", ".toml"):
        text = content.decode()
        assert all(x.isprintable() or x in "\n" for x in text), name
    if kind in (".html", ".svg", ".md"):
        assert SCRIPT not in text, text
    elif kind == ".tex":
        assert INPUT not in text, text
    elif kind == ".csv":
        _cells_are_text(text)
    elif kind == ".json":
        json.loads(text, parse_constant=_refuse)
    if kind in (".csv", ".toml", ".md", ".tex") and not _typed_no_number(said):
        assert not NO_NUMBER.search(text), text


def _cells_are_text(text: str) -> None:
    """No cell begins like a formula of a spreadsheet."""
    for row in csv.reader(io.StringIO(text)):
        assert not any(FORMULA.match(cell) for cell in row), row


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")
