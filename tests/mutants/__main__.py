"""Try mutants, and print killed of tried by room.

``make mutants`` draws NUMBER of them by SEED, equally many of each room. Those that nobody could see are listed in
``equivalent.csv``, each with the reason, and are not tried. Survivors go to ``build/survivors.csv``; with ``--keep``
the others go to ``killed.csv``, each with the test that noticed it. ``--again`` draws from that table: each must be
noticed again, by the same test or by another.
"""

import argparse
import csv
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from .chosen import SECONDS, Chooser, mapped
from .made import EQUIVALENT, KILLED, ROOMS, ROOT, Mutant, Place, drawn, listed, places, same
from .tried import Trial, preload

SURVIVORS = ROOT / "build" / "survivors.csv"
TRIAL: list[Trial] = []
"""The copy of a worker."""


def start(folder: str) -> None:
    """Give a worker its copy."""
    TRIAL.append(Trial(Path(folder) / str(os.getpid())))


def tried(mutant: Mutant, rounds: list[list[str]]) -> str:
    """What a worker finds out."""
    return TRIAL[0].verdict(mutant, rounds)


def verdicts(
    sample: Iterable[Mutant], first: Mapping[tuple[str, str, str], str], seconds: float, jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with the test that noticed it, which ``first`` may guess."""
    chooser = Chooser(seconds)
    preload()
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), start, (folder,)) as workers,
    ):
        waiting: deque[tuple[Mutant, Future[str]]] = deque()
        for mutant in sample:
            guess = [first[same(mutant)]] if same(mutant) in first else []
            waiting.append((mutant, workers.submit(tried, mutant, [guess, *chooser.rounds(mutant)])))
            if len(waiting) == 4 * jobs:
                mutant, verdict = waiting.popleft()
                yield mutant, verdict.result()
        yield from ((mutant, verdict.result()) for mutant, verdict in waiting)


def write(path: Path, last: str, found: dict[Mutant, str]) -> None:
    """Write mutants as a table."""
    path.parent.mkdir(exist_ok=True)
    order = sorted(found, key=lambda x: (x.file, x.line, x.changed))
    whole = path.with_suffix(".new")
    with whole.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "line", "code", "changed", last])
        writer.writerows([x.file, x.line, x.code, x.changed, found[x]] for x in order)
    whole.replace(path)


def main() -> int:
    """Try a sample; the exit code is 1 where one survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=60, help="mutants to try; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip", type=int, default=0, help="so many of the sample are left out, to go on after them")
    parser.add_argument("--rooms", nargs="*", default=[*ROOMS], choices=[*ROOMS])
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time of the tests for one mutant, at most")
    parser.add_argument("--keep", action="store_true", help="write into killed.csv what was noticed, and by which test")
    parser.add_argument("--trust", action="store_true", help="those in killed.csv are not tried once more")
    parser.add_argument("--again", action="store_true", help="draw from killed.csv")
    parser.add_argument("--map", action="store_true", help="find out first which test runs which line; minutes")
    given = parser.parse_args()
    if given.map:
        mapped(given.jobs)
    killed, alike = listed(KILLED), {same(x) for x in listed(EQUIVALENT)}
    if given.again:
        every: Sequence[Mutant | Place] = [x for x in killed if x.room in given.rooms]
    else:
        every = [x for room in given.rooms for x in places(room)]
    first = {same(x): test for x, test in killed.items()}
    found: dict[Mutant, str] = {}
    equal, known = Counter[str](), 0

    def left() -> Iterator[Mutant]:
        nonlocal known
        for x in drawn(every, given.number, given.seed)[given.skip :]:
            mutant = x.mutant() if isinstance(x, Place) else x
            if mutant is None or mutant in found or not (ROOT / mutant.file).is_file():
                continue
            if same(mutant) in alike:
                equal[mutant.room] += 1
            elif given.trust and same(mutant) in first:
                found[mutant], known = first[same(mutant)], known + 1
            else:
                yield mutant

    begun = time.monotonic()
    for mutant, test in verdicts(left(), first, given.seconds, given.jobs):
        if test == "gone":
            continue
        found[mutant] = test
        told = f"noticed by {test}" if test else "SURVIVED"
        print(f"{time.monotonic() - begun:5.0f} s {mutant.file}:{mutant.line} {mutant.changed}: {told}", flush=True)
        if not test:
            write(SURVIVORS, "reason", {x: "" for x, test in found.items() if not test})
        elif given.keep:
            others = {x: y for x, y in listed(KILLED).items() if same(x) != same(mutant)}
            write(KILLED, "test", {**others, mutant: test})
    alive = sum(not test for test in found.values())
    for room in given.rooms:
        tries = [test for x, test in found.items() if x.room == room]
        print(f"{room}: {sum(map(bool, tries))} of {len(tries)} noticed, {equal[room]} equivalent")
    seconds = (time.monotonic() - begun) / max(len(found) - known, 1)
    print(
        f"all: {len(found) - alive} of {len(found)} noticed, {sum(equal.values())} equivalent, "
        f"{len(every)} to draw from, seed {given.seed}, {seconds:.1f} s each"
    )
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
