"""At the end of `make fuzz`: how many cases each test had, what they came to, and what they cost."""

import os

from tests.fuzz.command import TALLY

COLUMNS = ("cases", "answered", "refused", "seconds")
_FROM_WORKERS: dict[str, dict[str, float]] = {}


def pytest_sessionfinish(session):
    output = getattr(session.config, "workeroutput", None)  # of a worker of xdist
    if output is not None:
        output["fuzz"] = {name: dict(tally) for name, tally in TALLY.items()}


def pytest_testnodedown(node):
    _FROM_WORKERS.update(getattr(node, "workeroutput", {}).get("fuzz", {}))


def pytest_terminal_summary(terminalreporter):
    found = {**_FROM_WORKERS, **TALLY}
    if "FUZZ_CASES" not in os.environ or not found:
        return
    line = "{:60} {:>8} {:>8} {:>8} {:>10} {:>8}".format
    terminalreporter.write_line(line("test", *COLUMNS, "ms/case"))
    rows = {name: [tally.get(x, 0) for x in COLUMNS] for name, tally in found.items() if name.startswith("test_any")}
    for name, row in {**rows, "all": [sum(x) for x in zip(*rows.values(), strict=True)]}.items():
        *counts, seconds = row
        cells = [f"{x:.0f}" for x in counts]
        terminalreporter.write_line(line(name, *cells, f"{seconds:.1f}", f"{1000 * seconds / max(counts[0], 1):.1f}"))
