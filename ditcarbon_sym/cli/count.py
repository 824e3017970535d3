"""The command that counts exactly: parse, call, print."""

from typing import Annotated, Any

import typer

from .options import CatalogOption, ConfigOption, JsonOption, OptionalModel, integer_option, number_option
from .printing import print_table, warn


def count(
    model: OptionalModel = None,
    config: ConfigOption = None,
    by: Annotated[str | None, typer.Option(help="Shares by 'operator', 'block' or 'stage'.")] = None,
    macs: Annotated[bool, typer.Option("--macs", help="Count multiply-adds: half the FLOP.")] = False,
    resolution: Annotated[int | None, integer_option("Square output, pixels (not with --height, --width).")] = None,
    height: Annotated[int | None, integer_option("Output height, pixels.")] = None,
    width: Annotated[int | None, integer_option("Output width, pixels.")] = None,
    frames: Annotated[int | None, integer_option("Output frames (video models).")] = None,
    batch: Annotated[int | None, integer_option("Outputs made together.")] = None,
    steps: Annotated[int | None, integer_option("Denoising steps.")] = None,
    guidance: Annotated[
        float | None, number_option("Denoiser passes per step: 1, or 2 with guidance (not the scale).")
    ] = None,
    text_tokens: Annotated[int | None, integer_option("Text tokens fed to the denoiser.")] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count parameters and FLOP exactly, operator by operator, from the released configuration."""
    from ..estimation import exact_count
    from ..estimation.point import chosen_model
    from ..reports import count, formats

    request: dict[str, Any] = {
        "resolution": resolution, "height": height, "width": width, "frames": frames, "batch": batch, "steps": steps,
        "guidance": guidance, "text_tokens": text_tokens,
    }  # fmt: skip
    chosen, notes = chosen_model(model, config, catalog)
    found = exact_count.count(chosen, by=by, **request)
    warn((*found.warnings, *notes))
    if as_json:
        print(formats.json_text(count.as_dict(found, macs=macs)))
        return
    print_table(count.title(found), ("", "value", ""), count.rows(found, macs=macs), right=(1,))
    if by is not None:
        header = count.share_header(by, macs=macs)
        print_table("one pass of each stage, batch 1", header, count.share_rows(found, by, macs=macs),
                    right=(2, 3, 4, 5, 6))  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(count)
