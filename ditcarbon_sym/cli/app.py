"""The command line: parse, call, print. No arithmetic; heavy modules load only in the command that needs them."""

import contextlib
import copy
import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..version import __version__
from . import startup
from .options import CatalogOption, JsonOption, OptionalModel, at_operating_point, number_option, whole
from .printing import print_pairs, print_table, progress, warn

if TYPE_CHECKING:
    from ..equations.equation import Equation

app = typer.Typer(
    add_completion=False,
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


@app.command()
@at_operating_point
def estimate(
    options: dict[str, Any],
    model: OptionalModel = None,
    per_day: Annotated[float | None, number_option("Outputs per day, to scale the result to a service.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate parameters, FLOP, time, energy and carbon of one request."""
    from ..estimation import estimator
    from ..reports import estimate, formats

    result = estimator.estimate(model, per_day=per_day, **options)
    warn(result.warnings)
    if as_json:
        print(formats.json_text(result.to_dict()))
        return
    print_table(
        estimate.estimate_title(result), estimate.estimate_header(result), estimate.estimate_rows(result), right=(1,)
    )
    print_pairs("basis", estimate.basis_rows(result))


@app.command()
def models(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """List the models with their flags, sizes and default requests."""
    from ..catalog.loading import load
    from ..reports import estimate

    _print_catalog(*estimate.model_rows(load(catalog)), as_json=as_json)


@app.command()
def gpus(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """List the accelerators."""
    from ..catalog.loading import load
    from ..reports import estimate

    _print_catalog(*estimate.gpu_rows(load(catalog)), as_json=as_json)


@app.command()
def datacenters(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """List the data centres."""
    from ..catalog.loading import load
    from ..reports import estimate

    _print_catalog(*estimate.datacenter_rows(load(catalog)), as_json=as_json)


@app.command()
def formula(
    name: Annotated[
        str, typer.Argument(help="A number (1 to 8) or a left-hand side (F_block, mu, roofline.tau, transfer.e_mem).")
    ],
    closed: Annotated[bool, typer.Option("--closed", help="In the inputs alone: every intermediate put in.")] = False,
    model: Annotated[str | None, typer.Option(help="Put this model's numbers in.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    symbols: Annotated[bool, typer.Option("--symbols", help="Explain the symbols, with units.")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Print an equation: plain, in LaTeX, in closed form, or with a model's numbers in it."""
    from ..catalog.loading import load
    from ..equations import pipeline
    from ..errors import InputError
    from ..estimation import work

    equation = pipeline.find(name)
    if closed:
        if equation.number.startswith("operator law"):
            raise InputError(f"{name} has no closed form: its work is a model's operator list; leave --closed out")
        equation = pipeline.closed_form(equation.lhs)
    if model is not None:
        equation, notes = work.with_model(equation, load(catalog).model(model))
        warn(notes)
    print(equation.latex() if latex else f"{equation}    ({_label(equation)})")
    if symbols:
        from ..reports import estimate

        print_table("", ("symbol", "meaning", "unit"), estimate.symbol_rows(equation))


@app.command()
def claims(
    status: Annotated[str | None, typer.Option(help="Only this status, such as 'not reproducible'.")] = None,
    where: Annotated[str | None, typer.Option(help="Only where place, quantity, number or id holds this text.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the ledger: every number the paper prints, and whether it holds."""
    from ..catalog import loading
    from ..errors import InputError, nearest
    from ..reports import formats

    rows = loading.claims()
    statuses = dict.fromkeys(row["status"] for row in rows)
    if status is not None and status not in statuses:
        raise InputError(f"unknown status {status!r}{nearest(status, statuses)}")
    wanted, sought = (where or "").lower(), ("id", "where", "quantity", "printed")
    chosen = [
        row
        for row in rows
        if (status is None or row["status"] == status) and wanted in " ".join(row[x] for x in sought).lower()
    ]
    if as_json:
        print(formats.json_text({"claims": chosen}))
        return
    if status or where:
        header = ("where", "quantity", "printed", "unit", "computed", "status", "note")
        print_table("", header, [tuple(row[column] for column in header) for row in chosen])
    print_table(
        "",
        ("status", "numbers"),
        [(name, str(sum(row["status"] == name for row in chosen))) for name in statuses],
        right=(1,),
    )
    print(f"{len(chosen)} of the {len(rows)} numbers that the paper prints; --status or --where lists them")


@app.command()
def fit(
    sweep: Annotated[Path, typer.Argument(help="CSV of measurements: model, height, width, batch, and mu or time_s.")],
    gpu: Annotated[
        str | None, typer.Option(help="Accelerator the sweep ran on, if it does not say; 'ditcarbon gpus' lists them.")
    ] = None,
    law: Annotated[
        str | None,
        typer.Option(help="'roofline': the operator law, default for a sweep of 'ditcarbon measure'; 'bgr': Eq. (3)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the calibration to this file (TOML).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the residuals to this file (.png, .pdf or .svg).")] = None,
    loss: Annotated[str, typer.Option(help="absolute (the paper's), relative or log residuals.")] = "absolute",
    bootstrap: Annotated[
        int, typer.Option(help="Residual bootstrap draws; 0 for none.", parser=whole, metavar="INTEGER")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", parser=whole, metavar="INTEGER")] = 0,
    workers: Annotated[int, typer.Option(help="Processes for the bootstrap.", parser=whole, metavar="INTEGER")] = 1,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a law to measurements of your own, and say what they identify."""
    from ..calibration import efficiency, operator_law
    from ..reports import calibration, formats

    calibration.check_paths(sweep, out, plot)
    if operator_law.chosen_law(sweep, law) != "bgr":
        result = operator_law.calibrate(sweep, gpu, catalog)
    else:
        result = efficiency.calibrate(
            sweep,
            gpu,
            loss=loss,
            bootstrap=bootstrap,
            seed=seed,
            workers=workers,
            catalog=catalog,
            track=progress("bootstrap"),
        )
    contents: dict[Path, str | bytes] = {}
    if out is not None:
        contents[out] = formats.toml_text(result.table, f"Fitted by ditcarbon fit to {sweep.name}.")
    if plot is not None:
        contents[plot] = calibration.residual_plot(result, plot.suffix)
    formats.write_together(contents)
    warn(result.warnings)
    if as_json:
        print(formats.json_text(formats.plain(result.table)))
        return
    print_table(result.title, *calibration.knowledge_table(result))
    print_pairs("", calibration.calibration_rows(result))
    if out is not None:
        print(f"\nwrote {out}; use it with: ditcarbon estimate MODEL --calibration {out}")


def _label(equation: "Equation") -> str:
    return f"Eq. {equation.number}" if equation.number[0].isdigit() else equation.number


def _print_catalog(header: tuple[str, ...], rows: list[dict[str, Any]], *, as_json: bool) -> None:
    from ..reports import estimate, formats

    if as_json:
        print(formats.json_text({"entries": rows}))
    else:
        print_table("", header, [tuple(estimate.cell(row[column]) for column in header) for row in rows])


INTERRUPTED = 130
TERMINATED = 143


def _terminate(*_: Any) -> None:
    """Leave in order, so that files half written are removed."""
    raise SystemExit(TERMINATED)


def main() -> None:
    """Run the command line; every mistake of the user's is one line on stderr and exit code 2."""
    startup.quick()
    if sys.stderr is None:  # closed by whoever started this
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        _fail("standard output is closed; there is nowhere to print to", 2)
    with contextlib.suppress(ValueError):  # outside the main thread
        signal.signal(signal.SIGTERM, _terminate)
    usage_error: Any = typer.BadParameter.__mro__[2]  # ClickException, wherever typer keeps its copy of click
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a letter gets a question mark
            stream.reconfigure(errors="replace")
    try:
        code = _asked_for(sys.argv)(standalone_mode=False)
        sys.stdout.flush()
    except usage_error as error:
        _fail(str(error.format_message()), error.exit_code)
    except typer.Abort:
        _fail("interrupted", INTERRUPTED)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _close_quietly()
        sys.exit(0)
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):  # which typer answers with 1
            raise
        _close_quietly()
        sys.exit(0)
    except OSError as error:
        _close_quietly()
        _fail(f"cannot write the output: {error.strerror}", 2)
    except Exception as error:
        if not _is_input_error(error):
            raise
        _fail(str(error), 2)
    else:
        if code == INTERRUPTED:  # typer answers Ctrl-C itself, without a word
            _fail("interrupted", INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _asked_for(arguments: list[str]) -> typer.Typer:
    """The app with the command asked for alone, where one is: making the options of all takes longer than an answer."""
    wanted = arguments[1] if len(arguments) > 1 else ""
    found = copy.copy(app)
    found.registered_commands = _named(wanted, app)
    if not found.registered_commands:
        from . import analysis, count, measure, sweep, validate

        found.registered_commands = list(app.registered_commands)
        for others in (analysis, count, measure, validate, sweep):
            others.register(found)
        found.registered_commands = _named(wanted, found) or found.registered_commands
    return found


def _named(name: str, commands: typer.Typer) -> list[Any]:
    wanted = name.replace("-", "_")
    return [x for x in commands.registered_commands if x.callback is not None and x.callback.__name__ == wanted]


def _close_quietly() -> None:
    """Give stdout up: what is left in its buffer must not fail once more when the interpreter ends."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _is_input_error(error: Exception) -> bool:
    # Asked by name, so that a mistake in an option does not cost the import of sympy.
    return any(kind.__name__ == "InputError" for kind in type(error).__mro__)


def _fail(message: str, code: int) -> None:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
