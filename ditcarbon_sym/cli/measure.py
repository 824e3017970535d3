"""Commands that measure an accelerator and plan what to measure: measure, plan-calibration."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .help import ids
from .options import JsonOption, id_option, integer_option, number_option, whole
from .printing import print_pairs, print_table, remark, waiting, warn

if TYPE_CHECKING:
    from ..measure.grid import Point


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str | None) -> list[int] | None:
    return None if text is None else [whole(part) for part in _names(text) or ()]


ModelsOption = Annotated[str | None, id_option("models", "Catalogue ids, joined by commas.")]
SidesOption = Annotated[
    str | None, typer.Option("--resolutions", help="Sides of square outputs, such as 256,512,1024.")
]
FramesOption = Annotated[str | None, typer.Option(help="Output frames of video models, such as 1,17,49.")]
BatchesOption = Annotated[str | None, typer.Option(help="Batch sizes. Assumed: 1,4,8.")]
BudgetOption = Annotated[float | None, number_option("Minutes to spend; the most useful configurations come first.")]


def measure(
    out: Annotated[Path, typer.Option(help="Write the sweep to this file (CSV).")],
    device: Annotated[str, typer.Option(help="'cuda' or 'cpu'.")] = "cuda",
    models: ModelsOption = None,
    resolutions: SidesOption = None,
    frames: FramesOption = None,
    batches: BatchesOption = None,
    steps: Annotated[
        int | None, integer_option("Denoising steps that time_s counts; the model's own if absent.")
    ] = None,
    budget_minutes: BudgetOption = None,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the denoiser with torch.compile.")] = False,
    attention: Annotated[
        str, typer.Option(help="'sdpa': fused kernels; 'eager': separate products and softmax.")
    ] = "sdpa",
    dtype: Annotated[str | None, typer.Option(help="'bf16', 'fp16' or 'fp32'; bf16 on cuda, fp32 on cpu.")] = None,
    parts: Annotated[
        str | None, typer.Option("--stages", help="Stages to measure: denoiser (always), vae_decoder, text_encoder.")
    ] = None,
    threads: Annotated[
        int | None, integer_option("Threads of the processor; as many as torch takes if absent.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the sweep in --out.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two small models at few sizes: about a minute, as a first try.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure an accelerator with real networks.

    The networks have random weights and are timed over a grid; 'fit' reads the file.
    """
    from ..catalog import stages
    from ..errors import InputError
    from ..measure import campaign
    from ..reports import formats

    given = {
        "models": _names(models), "sides": _numbers(resolutions), "frames": _numbers(frames),
        "batches": _numbers(batches), "parts": _names(parts),
    }  # fmt: skip
    for name in given["parts"] or ():
        if name not in stages.STAGES:
            raise InputError(f"stages: {name!r} is unknown; expected of {', '.join(stages.STAGES)}")
    wish = campaign.Wish(
        device=device, steps=steps, budget_minutes=budget_minutes, compiled=compiled, attention=attention, dtype=dtype,
        resume=resume, threads=threads,
        **{key: tuple(value) for key, value in given.items() if value is not None},  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        with _progress() as tell:
            told, swept, skipped = campaign.measure(out, campaign.quick(wish) if quick else wish, tell, _begun)
    except KeyboardInterrupt:
        print(f"the rows so far are in {out}; --resume goes on", file=sys.stderr)
        raise
    warn(skipped)
    if as_json:
        counts = {"rows": dict(swept.statuses), "kept": swept.kept, "left_out": swept.left_out}
        print(formats.json_text({"out": str(out), "device": told, **counts, "seconds": swept.seconds}))
        return
    from ..measure import report

    print_pairs(f"wrote {out}", report.swept_rows(told, swept))
    remark(f"calibrate with: ditcarbon fit {out} --out mine.toml", apart=True)


def _begun(told: Mapping[str, Any]) -> None:
    """Before time is spent, say what is measured, and warn if its energy is not."""
    from ..measure import report

    for name, words in report.device_rows(told):
        print(f"{name}: {words}", file=sys.stderr, flush=True)
    warn(report.without_joules(told))


class _progress:
    """Progress on stderr: a bar with the time left on a terminal, a line for each row elsewhere."""

    def __enter__(self) -> Callable[..., None]:
        from rich.console import Console

        console = Console(stderr=True)
        self._bar: Any = None
        if not console.is_terminal:
            return _line
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.completed}/{task.total}"), BarColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=console, transient=True)
        self._bar.start()
        task = self._bar.add_task("", total=None)

        def tell(point: "Point", number: int, of: int, left: float, found: dict[str, Any]) -> None:
            words = f"{_minutes(left)} left; {point.words}: {_result(found)}"
            self._bar.update(task, completed=number, total=of, description=words)

        return tell

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _line(point: "Point", number: int, of: int, left: float, found: dict[str, Any]) -> None:
    print(f"[{number}/{of}] {point.words}: {_result(found)}; {_minutes(left)} left", file=sys.stderr, flush=True)


def _result(found: dict[str, Any]) -> str:
    from ..reports.formats import significant

    if found["status"] == "ok":
        return f"{significant(found['step_s'], 3)} s"
    return f"{found['status']} ({found['note']})" if found.get("note") else str(found["status"])


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def plan_calibration(
    gpu: Annotated[
        str, typer.Argument(help="Accelerator id; 'ditcarbon gpus' lists them.", autocompletion=ids("gpus"))
    ],
    models: ModelsOption = None,
    resolutions: SidesOption = None,
    frames: FramesOption = None,
    batches: BatchesOption = None,
    number: Annotated[int, integer_option("Configurations to choose.", "--number")] = 12,
    budget_minutes: BudgetOption = None,
    law: Annotated[str, typer.Option(help="'roofline': the operator law; 'bgr': Eq. (3).")] = "roofline",
    gpus: Annotated[int, integer_option("Accelerators that share each request; 1 plans for the law of one.")] = 1,
    catalog: Annotated[Path | None, typer.Option("--catalog", help="TOML file with GPUs of your own.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the few configurations worth measuring.

    They make the tightest calibration; the table shows how the intervals shrink.
    """
    from ..measure import plan, report
    from ..reports import formats

    with waiting("choosing configurations"):
        found = plan.plan(
            gpu, _names(models), sides=_numbers(resolutions), frames=_numbers(frames), batches=_numbers(batches),
            number=number, budget_minutes=budget_minutes, law=law, gpus=gpus, catalog=catalog,
        )  # fmt: skip
    warn(found.notes)
    if as_json:
        print(formats.json_text(report.plan_as_dict(found)))
        return
    header, rows = report.plan_rows(found)
    print_table(report.plan_title(found), header, rows, right=(0, *range(3, len(header))))
    print_pairs("basis", report.plan_basis(found))
