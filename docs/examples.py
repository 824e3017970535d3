"""The code blocks of a page are run in order, in a folder of the page's own, and must print what the page shows.

A block with a title (``toml title="my.toml"``) is a file. A block of ``python`` is run; a block of ``text`` right after
it is what it prints. A block of ``console`` holds command lines after ``$``, each with its output. A block of ``sh``
is not run, since it installs or measures: what it names must exist.

``python -m docs.examples`` writes into README.md and all pages what their blocks print now.
"""

import contextlib
import difflib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "pages").rglob("*.md")))
_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.S | re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its title, its text, and where in the page the text stands."""

    language: str
    title: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Result:
    """What a block shows, what it prints, and where in the page the shown text stands."""

    shown: str
    printed: str
    start: int
    end: int

    @property
    def difference(self) -> str:
        """The difference between what is shown and printed, whatever the spaces; empty if there is none."""
        shown, printed = squeezed(self.shown), squeezed(self.printed)
        return "" if shown == printed else "\n".join(difflib.unified_diff(shown, printed, "shown", "printed", n=1))


def squeezed(text: str) -> list[str]:
    r"""Return the lines that are not empty, with single spaces.

    >>> squeezed("a   b\n\n c")
    ['a b', 'c']
    """
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(x[1], x[2] or "", x[3], x.start(3), x.end(3)) for x in _FENCE.finditer(page)]


def run_page(page: str, folder: Path) -> list[Result]:
    """Run the blocks of a page in ``folder``; return what each that shows an output prints."""
    results: list[Result] = []
    namespace: dict[str, Any] = {"__name__": "__main__"}
    found = blocks(page)
    with contextlib.chdir(folder):
        for block, following in zip_longest(found, found[1:]):
            if block.title:
                Path(block.title).write_text(block.text, encoding="utf-8")
            if block.language == "python":
                printed = run_python(block.text, namespace)
                if following is not None and _answers(page, block, following):
                    results.append(Result(following.text, printed, following.start, following.end))
            elif block.language == "console":
                results += _run_console(block)
    return results


def _answers(page: str, block: Block, following: Block) -> bool:
    """Whether a block of text stands right after a block of code."""
    return following.language == "text" and not page[block.end + 4 : following.start].partition("```")[0].strip()


def run_python(code: str, namespace: dict[str, Any]) -> str:
    """Run code in this process, where fits are kept; return what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "<page>", "exec"), namespace)
    return out.getvalue()


def _run_console(block: Block) -> Iterator[Result]:
    place = block.start
    for piece in re.split(r"^(?=\$ )", block.text, flags=re.M):
        if piece:
            line, _, shown = piece.partition("\n")
            start = place + len(line) + 1
            yield Result(shown, run_line(line.removeprefix("$ ")), start, start + len(shown))
        place += len(piece)


def run_line(line: str) -> str:
    """Run a command line: ``ditcarbon``, ``cp`` or ``head``, with filters ``| head -N`` and ``| grep PATTERN``.

    >>> run_line("ditcarbon formula 5 | grep TDP").strip()
    'E = TDP*tau/3600000    (Eq. 5)'
    """
    words = shlex.split(line)
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            commands.append([])
        else:
            commands[-1].append(word)
    (name, *arguments), *filters = commands
    if name == "ditcarbon":
        out, err = run_ditcarbon(arguments)
    elif name == "cp":
        out, err = "", ""
        shutil.copy(ROOT / arguments[0], arguments[1])
    elif name == "head":
        out, err = "".join(Path(arguments[1]).read_text().splitlines(keepends=True)[: -int(arguments[0])]), ""
    else:
        raise ValueError(f"{name!r} is not a command that a page may run")
    for which, *options in filters:
        lines = out.splitlines(keepends=True)
        if which == "head":
            lines = lines[: -int(options[0])]
        elif which == "grep":
            lines = [x for x in lines if re.search(options[-1], x)]
        else:
            raise ValueError(f"{which!r} is not a filter that a page may use")
        out = "".join(lines)
    return out + err


def run_ditcarbon(arguments: list[str]) -> tuple[str, str]:
    """Run the command line in this process; return stdout and stderr. Its exit code must be 0 or 2."""
    from ditcarbon_sym.cli import app

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")  # some rows are written as bytes, as to a terminal
    err, before = io.StringIO(), sys.argv
    try:
        sys.argv = ["ditcarbon", *arguments]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            app.main()
    except SystemExit as ended:
        if ended.code not in (0, 2, None):
            raise RuntimeError(f"ditcarbon {shlex.join(arguments)} ended with {ended.code}: {err.getvalue()}") from None
    finally:
        sys.argv = before
    out.seek(0)
    return out.read(), err.getvalue()


def refreshed(page: str, folder: Path) -> str:
    """Return a page with what its blocks print now."""
    for result in sorted(run_page(page, folder), key=lambda x: -x.start):
        if result.difference:
            lines = (line.rstrip() for line in result.printed.strip("\n").splitlines() if line.strip())
            page = page[: result.start] + "\n".join(lines) + "\n" + page[result.end :]
    return page


def shell_lines() -> Iterator[tuple[Path, str]]:
    """Return the command lines of all blocks of ``sh``, with their pages, without comments."""
    for path in PAGES:
        for block in blocks(path.read_text(encoding="utf-8")):
            if block.language == "sh":
                for line in block.text.replace("\\\n", " ").splitlines():
                    command = line.partition(" #")[0].strip()
                    if command and not command.startswith("#"):
                        yield path, command


def main(names: list[str]) -> None:
    """Write outputs into the pages named, or into all."""
    os.environ["COLUMNS"] = "80"
    for path in [Path(name).resolve() for name in names] or PAGES:
        text = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            new = refreshed(text, Path(folder))
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
