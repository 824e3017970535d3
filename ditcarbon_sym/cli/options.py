"""Options that several commands share: written once, and added to a command's own by a decorator."""

import functools
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from .help import ids, words


def whole(text: str | int) -> int:
    """Read a whole number; a default is one already. Unlike typer's message, ours repeats what was typed."""
    if isinstance(text, int):
        return text
    if not re.fullmatch(r"[+-]?[0-9]+", text) or len(text) > 400:
        raise typer.BadParameter(f"{text[:40]!r} is not a whole number")
    return int(text)


def real(text: str | float) -> float:
    """Read a number; a default is one already."""
    if not isinstance(text, str):
        return text
    try:
        if "_" in text or not text.isascii() or text != text.strip():
            raise ValueError
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is not a number") from None


def read_range(text: str) -> tuple[str, tuple[float, float]]:
    """Read a range, such as ``pue=1.1..1.3``."""
    name, _, ends = text.partition("=")
    low, dots, high = ends.partition("..")
    if not (name and dots):
        raise typer.BadParameter(f"{text[:60]!r} is not a range; expected such as pue=1.1..1.3")
    return name.strip(), (real(low), real(high))


def integer_option(help: str, *names: str) -> Any:
    """Return an option that takes a whole number."""
    return typer.Option(*names, help=help, parser=whole, metavar="INTEGER")


def number_option(help: str, *names: str) -> Any:
    """Return an option that takes a number."""
    return typer.Option(*names, help=help, parser=real, metavar="NUMBER")


def id_option(kind: str, help: str, *names: str) -> Any:
    """Return an option that takes ids of the catalogue, ``kind`` being models, gpus or datacenters."""
    return typer.Option(*names, help=help, autocompletion=ids(kind))


def place_option(help: str) -> Any:
    """Return an option that takes a place, which is a data centre, a country or a cloud region."""
    return id_option("datacenters", help, "--datacenter", "--place")


OptionalModel = Annotated[
    str | None,
    typer.Argument(help="Catalogue id; 'ditcarbon models' lists them. Or give --config.", autocompletion=ids("models")),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="A diffusers pipeline's folder, or a transformer's config.json, instead of a model."),
]
CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="TOML file with models, GPUs or data centres of your own.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", help="Write a report to hand over (.html, .md or .tex), and a JSON manifest beside it."),
]
ProfileOption = Annotated[Path | None, typer.Option("--profile", help="CSV with the intensity of each hour, by zone.")]
MonthOption = Annotated[int | None, integer_option("Month of a profile that has all of them, 1 to 12.", "--month")]
OutputOption = Annotated[
    str,
    typer.Option(
        "--output",
        help="per_output_g, total_g, operational_g, embodied_g, energy_kwh, time_s, mu, flops or parameters.",
    ),
]


GPU = "v100-pcie-16gb"
PLACE = "us-average"
"""What is assumed where nothing is said, as in the catalogue's defaults, which a test compares."""
ASSUMED_GPU = f"Assumed: {GPU}, the paper's, of 2017."
ASSUMED_PLACE = f"Assumed: {PLACE}, PUE 1.2 and 390 gCO2eq/kWh."
GpuOption = Annotated[str | None, id_option("gpus", f"Accelerator id; 'ditcarbon gpus' lists them. {ASSUMED_GPU}")]
PueOption = Annotated[float | None, number_option("Power usage effectiveness (with --grid).")]
GridOption = Annotated[float | None, number_option("Grid intensity, gCO2eq/kWh (with --pue).")]
STACKS = ("eager", "compile", "engine", "engine:sglang", "engine:vllm-omni", "engine:onediff")
KERNELS = ("sdpa", "fa2", "fa3", "sage2", "sparse:")
FORMATS = ("bf16", "fp8", "fp8-weight", "int8", "int8-weight", "int4", "nf4", "nvfp4")
"""Words that the shell completes."""
RELEASED = "Assumed: the model's release."


def size_options(
    resolution: Annotated[int | None, integer_option(f"Side of a square output, pixels. {RELEASED}")] = None,
    height: Annotated[int | None, integer_option(f"Output height, pixels. {RELEASED}")] = None,
    width: Annotated[int | None, integer_option(f"Output width, pixels. {RELEASED}")] = None,
    frames: Annotated[int | None, integer_option(f"Output frames (video models). {RELEASED}")] = None,
    batch: Annotated[int | None, integer_option("Outputs made together. Assumed: 1.")] = None,
    steps: Annotated[int | None, integer_option(f"Denoising steps. {RELEASED}")] = None,
) -> None:
    """The size of a request."""


def pass_options(
    guidance: Annotated[
        float | None, number_option(f"Denoiser passes per step: 1, or 2 with guidance (not the scale). {RELEASED}")
    ] = None,
    text_tokens: Annotated[int | None, integer_option(f"Text tokens fed to the denoiser. {RELEASED}")] = None,
    references: Annotated[
        int | None, integer_option("Reference images appended to the latent (FLUX.1 Kontext, FLUX.2, Qwen-Image-Edit).")
    ] = None,
) -> None:
    """Passes of a step, text and reference images of a request."""


def setting_options(
    gpu: GpuOption = None,
    gpus: Annotated[int | None, integer_option("Accelerators that share the request. Assumed: 1.")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Their degrees, such as ulysses=4,ring=2,cfg=1,vae=8. Assumed: those that take least time, cfg=vae=1."
        ),
    ] = None,
    datacenter: Annotated[
        str | None,
        place_option(f"Data centre, country or cloud region; 'ditcarbon places' lists them. {ASSUMED_PLACE}"),
    ] = None,
    pue: PueOption = None,
    grid: GridOption = None,
) -> None:
    """The accelerator and the place."""


def accounting_options(
    method: Annotated[
        str | None,
        typer.Option(
            help="Figure of the grid: 'location' (assumed), 'market' or 'marginal'.",
            autocompletion=words("location", "market", "marginal"),
        ),
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            help="What is counted: 'chip' (the paper's), 'board', 'server' or 'facility'. Assumed: the widest with "
            "sources; chip on the paper's V100.",
            autocompletion=words("chip", "board", "server", "facility"),
        ),
    ] = None,
) -> None:
    """How carbon is counted."""


def law_options(
    lifetime_years: Annotated[
        float | None, number_option("Years that embodied carbon is spread over. Assumed: 5.")
    ] = None,
    utilisation: Annotated[
        float | None, number_option("Part of the lifetime in which the accelerator works. Assumed: 1, as in the paper.")
    ] = None,
    mu: Annotated[float | None, number_option("A measured efficiency, as a fraction of peak.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="A calibration file of your own (TOML).")] = None,
    efficiency: Annotated[
        str | None,
        typer.Option(
            help="'roofline' (assumed): the operator law; 'bgr': the paper's fit, even outside its range.",
            autocompletion=words("roofline", "bgr"),
        ),
    ] = None,
    embodied_boundary: Annotated[
        str | None, typer.Option(help="Boundary of the embodied carbon, one that the accelerator has. Assumed: die.")
    ] = None,
) -> None:
    """The law of time and energy, and the embodied carbon."""


def kernel_options(
    software: Annotated[
        str | None,
        typer.Option(
            help="eager (assumed), compile, engine, or engine:NAME (sglang, vllm-omni, onediff); in sweeps several.",
            autocompletion=words(*STACKS),
        ),
    ] = None,
    attention: Annotated[
        str | None,
        typer.Option(
            help="sdpa (assumed), fa2, fa3, sage2, or sparse:DENSITY, the part of the scores computed.",
            autocompletion=words(*KERNELS),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="bf16 (assumed), fp8, int8, nvfp4; of weights alone fp8-weight, int8-weight, int4, nf4.",
            autocompletion=words(*FORMATS),
        ),
    ] = None,
) -> None:
    """How a request runs: software, kernels and number format. In a sweep they take several values."""


def mode_options(
    cache: Annotated[float | None, number_option("Part of the steps that a cache skips. Assumed: 0.")] = None,
) -> None:
    """How much a cache skips."""


def more_mode_options(
    guidance_steps: Annotated[float | None, number_option("Part of the steps with guidance. Assumed: 1.")] = None,
    offload: Annotated[
        str | None,
        typer.Option(
            help="Weights wait in the host's memory: by 'model' or 'sequential'. Assumed: they do not.",
            autocompletion=words("model", "sequential"),
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="A published setting by name, such as wan-lightning-4step or flux-dbcache-0.08.")
    ] = None,
) -> None:
    """How a request runs: guidance, offloading and presets."""


def file_options(config: ConfigOption = None, catalog: CatalogOption = None) -> None:
    """Files that a model or other entries are read from."""


Command = Callable[..., None]


def sharing(
    name: str, *groups: Command, read: Callable[[dict[str, Any]], dict[str, Any]] = dict
) -> Callable[[Command], Command]:
    """Give a command the options of ``groups``; it receives their values, as ``read`` returns them, as ``name``."""
    shared = {x.name: x for group in groups for x in inspect.signature(group).parameters.values()}

    def decorate(command: Command) -> Command:
        own = inspect.signature(command)

        @functools.wraps(command)
        def wrapper(**arguments: Any) -> None:
            given = {x: arguments.pop(x) for x in shared}
            command(**arguments, **{name: read(given)})

        first = [x for x in own.parameters.values() if x.name == "model"]
        last = [x for x in own.parameters.values() if x.name not in ("model", name)]
        parameters = [x.replace(kind=inspect.Parameter.KEYWORD_ONLY) for x in (*first, *shared.values(), *last)]
        wrapper.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {x.name: x.annotation for x in parameters}
        return wrapper

    return decorate


of_a_request = sharing("request", size_options, pass_options)
"""Give a command the options of a request; it receives them as the dictionary ``request``."""
at_operating_point = sharing("options", size_options, pass_options, setting_options, accounting_options, kernel_options,
                             mode_options, more_mode_options, law_options, file_options)  # fmt: skip
"""Give a command the options of an operating point; it receives them as the dictionary ``options``."""
