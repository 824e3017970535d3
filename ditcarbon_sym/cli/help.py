"""How help reads: commands in groups, options in panels, an example each, and ids that the shell completes."""

from collections.abc import Callable, Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

OWN = "Choices"
"""Panel of the options that only a few commands have."""
PANELS = {
    name: frozenset(options.split())
    for name, options in {
        "What is made": "model config resolution height width frames batch steps guidance text_tokens references "
        "per_day requests hours kwh outputs window",
        "On what": "gpu gpus split device lifetime_years utilisation boundary embodied_boundary price_per_hour catalog",
        "How it is trained": "tensor recompute ema cached_latents cached_text sharded gradient_bytes network_gbit "
        "per_output",
        "How it runs": "software attention precision cache guidance_steps offload preset",
        "Where": "datacenter places capacity provider region method pue grid profile month earliest deadline",
        "How sure": "efficiency law mu calibration level draws seed sobol samples ranges intervals bootstrap loss",
        "Output": "output by macs code symbols closed out shard plot report as_json latex markdown csv help",
    }.items()
}
"""Panels of options and the parameters in them, in the order in which help prints them."""
EXAMPLES = {
    "estimate": "ditcarbon estimate flux.1-dev --gpu h100-sxm-80gb --resolution 1024 --steps 28",
    "count": "ditcarbon count wan2.1-t2v-14b --by operator",
    "compare": "ditcarbon compare flux.1-dev@1024 flux.1-schnell@1024 --gpu h100-sxm-80gb",
    "models": "ditcarbon models --csv",
    "gpus": "ditcarbon gpus --markdown",
    "datacenters": "ditcarbon datacenters",
    "places": "ditcarbon places --where france",
    "formula": "ditcarbon formula C_op --closed --symbols",
    "derive": "ditcarbon derive flux.1-dev --crossover scores=MLP",
    "sensitivity": "ditcarbon sensitivity sd3-medium --gpu h100-sxm-80gb --no-sobol",
    "uncertainty": "ditcarbon uncertainty flux.1-dev --gpu rtx-4090 --draws 20000",
    "solve": "ditcarbon solve flux.1-dev --gpu h100-sxm-80gb --for steps --budget-g 1",
    "sweep": "ditcarbon sweep --model flux.1-dev,sd3-medium --gpu h100-sxm-80gb,l4 --batch 1,4 --top 5",
    "pareto": "ditcarbon pareto --model flux.1-dev --gpu h100-sxm-80gb,l40s,l4 --batch 1,2,4",
    "measure": "ditcarbon measure --budget-minutes 25 --resume --out sweep.csv",
    "plan-calibration": "ditcarbon plan-calibration l40s --models flux.1-dev,sd3-medium --number 4",
    "fit": "ditcarbon fit sweep.csv --out mine.toml --plot residuals.png",
    "validate": "ditcarbon validate measured.csv --gpu rtx-4090 --plot ratios.png",
    "scorecard": "ditcarbon scorecard published.csv --add runs.csv",
    "route": "ditcarbon route requests.csv --places FRA,DEU,SWE --capacity 8 --deadline 24 --gpu h100",
    "train": "ditcarbon train dit-xl-2-256 --steps 400000 --batch 256 --gpu a100-sxm-80gb --gpus 64 --cached-latents",
    "account": "ditcarbon account --gpu h100 --hours 1000 --place gcp:us-central1 --boundary server",
    "rerun": "ditcarbon rerun report.json",
    "claims": "ditcarbon claims --where 'Table 5'",
}
"""One command line for each command; the tests run those that need no file."""


def panel(name: str) -> str:
    """Return the panel in which a parameter stands.

    >>> panel("pue"), panel("crossover")
    ('Where', 'Choices')
    """
    return next((title for title, options in PANELS.items() if name in options), OWN)


class Command(TyperCommand):
    """A command whose help has its arguments, then its options in panels, then an example."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the panels."""
        _write_panels(self.get_params(ctx), ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the example, on one line that can be copied."""
        with formatter.section("Example"):
            formatter.write(f"  {EXAMPLES[str(self.name)]}\n")


class Group(TyperGroup):
    """The list of commands, in groups named by the panel that each command was added with."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the groups of commands, then the options."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            groups.setdefault(command.rich_help_panel, []).append((name, command.get_short_help_str(200).rstrip(".")))
        longest = max(len(name) for rows in groups.values() for name, _ in rows)
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(longest), words) for name, words in rows])
        with formatter.section("Options"):
            formatter.write_dl([x for x in (one.get_help_record(ctx) for one in self.get_params(ctx)) if x])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Say where to begin."""
        with formatter.section("Begin with"):
            formatter.write(f"  {EXAMPLES['estimate']}\n  ditcarbon COMMAND --help\n")


def _write_panels(parameters: Iterable[Any], ctx: Any, formatter: Any) -> None:
    panels: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Arguments", OWN, *PANELS)}
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is not None:
            is_argument = parameter.param_type_name == "argument"
            panels["Arguments" if is_argument else panel(parameter.name)].append(record)
    for title, rows in panels.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def ids(kind: str) -> Callable[[str], list[str]]:
    """Return what completes ids of the catalogue, ``kind`` being models, gpus or datacenters; also after a comma."""

    def complete(incomplete: str) -> list[str]:
        from ..catalog.loading import load

        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{key}" for key in getattr(load(), kind) if key.startswith(last)]

    return complete


def words(*offered: str) -> Callable[[str], list[str]]:
    """Return what completes one of a few words.

    >>> words("roofline", "bgr")("b")
    ['bgr']
    """

    def complete(incomplete: str) -> list[str]:
        return [word for word in offered if word.startswith(incomplete)]

    return complete
