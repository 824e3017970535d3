"""The app and its entry point: which commands there are, and how a mistake, an interrupt or a closed pipe ends one."""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer

from ..errors import InputError
from ..version import __version__
from . import help, printing

GROUPS = {
    "Estimate": ("estimation.estimate", "estimation.count", "analysis.compare"),
    "Look up": ("catalog.models", "catalog.gpus", "catalog.datacenters", "catalog.places"),
    "Understand": ("equations.formula", "equations.derive", "analysis.sensitivity", "analysis.uncertainty"),
    "Plan": ("analysis.solve", "sweeps.sweep", "sweeps.pareto", "footprint.route"),
    "Calibrate": (
        "measure.measure",
        "measure.plan_calibration",
        "calibration.fit",
        "calibration.validate",
        "calibration.scorecard",
    ),
    "Train": ("training.train",),
    "Account": ("footprint.account", "footprint.rerun"),
    "Paper": ("catalog.claims",),
}
"""The commands in groups, in the order in which --help lists them: each its module and its function."""
PLACES = {
    place.partition(".")[2].replace("_", "-"): (title, *place.split(".")) for title, g in GROUPS.items() for place in g
}
"""The group, module and function of each command."""
INTERRUPTED = 130
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command in order: kill, and a terminal that is closed."""


def function(name: str) -> Callable[..., None]:
    """Return the function of a command; its module is loaded now."""
    _, module, own = PLACES[name]
    found: Callable[..., None] = getattr(import_module(f"{__package__}.{module}"), own)
    return found


class OnDemand(help.Group):
    """The commands, each loaded when it is asked for: an estimate does not wait for the options of a sweep."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the groups."""
        return list(PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build one command; None if there is none of this name."""
        return _command(cmd_name) if cmd_name in PLACES else None


@cache
def _command(name: str) -> Any:
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    title = PLACES[name][0]
    alone.command(name, cls=help.Command, rich_help_panel=title)(printing.with_formats(function(name)))
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=OnDemand,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="What a diffusion transformer costs the climate, in closed form, before it runs.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ditcarbon {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line; every mistake of the user's is one line on stderr and exit code 2."""
    if sys.stderr is None:  # closed by whoever started this
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        _fail("standard output is closed; there is nowhere to print to", 2)
    os.environ["MPLBACKEND"] = "agg"  # figures go to files: a notebook's backend may not be installed here
    with contextlib.suppress(ValueError):  # outside the main thread
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, _terminate)
    usage_error: Any = typer.BadParameter.__mro__[2]  # ClickException, wherever typer keeps its copy of click
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a letter gets a question mark
            stream.reconfigure(errors="replace")
    try:
        code = app(prog_name="ditcarbon", standalone_mode=False)
        sys.stdout.flush()
    except usage_error as error:
        _fail(str(error.format_message()), error.exit_code)
    except InputError as error:
        _fail(str(error), 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _close_quietly()
        sys.exit(0)
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):  # typer answers a closed pipe with 1
            raise
        _close_quietly()
        sys.exit(0)
    except OSError as error:
        _close_quietly()
        _fail(f"cannot write the output: {error.strerror}", 2)
    else:
        if code == INTERRUPTED:  # typer answers Ctrl-C itself, without a word
            _fail("interrupted", INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _terminate(number: int, _: Any) -> None:
    """Leave in order, so that files half written are removed; the exit code is that of the signal."""
    raise SystemExit(128 + number)


def _close_quietly() -> None:
    """Close stdout for good, so that its buffer does not fail again when the interpreter ends."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _fail(message: str, code: int) -> None:
    print(f"{printing.coloured('error:', 31)} {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
