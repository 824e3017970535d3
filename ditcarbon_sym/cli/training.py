"""The command about a training: train."""

from typing import Annotated, Any

import typer

from .options import (
    ASSUMED_PLACE,
    CatalogOption,
    ConfigOption,
    GpuOption,
    GridOption,
    JsonOption,
    OptionalModel,
    PueOption,
    ReportOption,
    accounting_options,
    integer_option,
    number_option,
    place_option,
    sharing,
)
from .printing import print_pairs, print_table, told_as_json


def sample_options(
    resolution: Annotated[
        int | None,
        integer_option("Side of a square sample, pixels. Assumed: the release.", "--resolution", "--image-size"),
    ] = None,
    height: Annotated[int | None, integer_option("Height of a sample, pixels. Assumed: the release.")] = None,
    width: Annotated[int | None, integer_option("Width of a sample, pixels. Assumed: the release.")] = None,
    frames: Annotated[int | None, integer_option("Frames of a sample (video models). Assumed: the release.")] = None,
    text_tokens: Annotated[int | None, integer_option("Text tokens fed to the denoiser. Assumed: the release.")] = None,
) -> None:
    """The size of a sample."""


def schedule_options(
    steps: Annotated[int | None, integer_option("Steps of training. Needed.")] = None,
    batch: Annotated[int | None, integer_option("Samples of a step, on all accelerators together. Needed.")] = None,
    gpus: Annotated[int | None, integer_option("Accelerators. Assumed: 1.")] = None,
    tensor: Annotated[int | None, integer_option("Accelerators that split each product. Assumed: 1.")] = None,
    recompute: Annotated[
        float | None, number_option("Part of the forward pass that is computed again to save memory. Assumed: 0.")
    ] = None,
    ema: Annotated[bool, typer.Option("--ema", help="Keep a moving average of the weights.")] = False,
    cached_latents: Annotated[
        bool, typer.Option("--cached-latents", help="Latents come from a cache: the VAE does not encode.")
    ] = False,
    cached_text: Annotated[
        bool, typer.Option("--cached-text", help="Embeddings come from a cache: no text encoder is at work.")
    ] = False,
    sharded: Annotated[bool, typer.Option("--sharded", help="Split the optimiser's states (ZeRO).")] = False,
    network_gbit: Annotated[
        float | None, number_option("Gbit/s from a node to others, for each accelerator. Assumed: 200.")
    ] = None,
    gradient_bytes: Annotated[float | None, number_option("Bytes of each gradient. Assumed: 4.")] = None,
    software: Annotated[str | None, typer.Option(help="eager (assumed) or compile.")] = None,
    precision: Annotated[str | None, typer.Option(help="Of products: bf16 (assumed), fp8 or nvfp4.")] = None,
) -> None:
    """How it is trained."""


def place_options(
    gpu: GpuOption = None,
    datacenter: Annotated[str | None, place_option(f"Data centre, country or cloud region. {ASSUMED_PLACE}")] = None,
    pue: PueOption = None,
    grid: GridOption = None,
    lifetime_years: Annotated[float | None, number_option("Years that embodied carbon is spread over.")] = None,
    utilisation: Annotated[float | None, number_option("Part of the lifetime in use. Assumed: 1.")] = None,
) -> None:
    """On what and where."""


@sharing("options", sample_options, schedule_options, place_options, accounting_options)
def train(
    options: dict[str, Any],
    model: OptionalModel = None,
    per_output: Annotated[
        float | None, number_option("Outputs generated over the network's life, to spread the training over.")
    ] = None,
    config: ConfigOption = None,
    catalog: CatalogOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate a training, and what of it falls on an output."""
    from ..reports.footprints import training as shown
    from .reporting import of_training, trained

    asked = {"model": model, "per_output": per_output, "config": config, "catalog": catalog, **options}
    found = trained(**asked)
    if report is not None:
        of_training(report, asked, found)
    if told_as_json(found, as_json):
        return
    print_table(shown.title(found), shown.header(found), shown.rows(found), right=(1,))
    print_table("one step, each accelerator", ("", "value", ""), shown.step_rows(found), right=(1,))
    print_pairs("basis", shown.basis_rows(found))
