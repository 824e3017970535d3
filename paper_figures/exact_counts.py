"""Every model of the catalogue, counted exactly, beside the paper's leading order."""

from functools import lru_cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ditcarbon_sym.architectures.operators import ATTENTION, CONVOLUTION, DENSE, LINEAR_ATTENTION
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import NOTATION, N, a, c, d, f, j, n_ada, s, t
from ditcarbon_sym.estimation.exact_count import Count, count
from ditcarbon_sym.reports.formats import Mathematics, significant

from .tables import Table

FLAGS = (s, c, a, j, n_ada, t, N, d, f)
SHOWN = (DENSE, ATTENTION, LINEAR_ATTENTION, CONVOLUTION)


@lru_cache(maxsize=1)
def counts() -> dict[str, Count]:
    """The exact count of every model at the default request of its pipeline."""
    return {name: count(name, by="operator") for name in load().models}


def table() -> Table:
    """Model, flags, exact count, leading order and its error."""
    header = (
        "model", *(Mathematics(f"${NOTATION[x].latex}$") for x in FLAGS), "parameters", "Eq. (1)", "error",
        "latent tokens", "text tokens", "FLOP of a pass", "Table 2", "error", "text encoder", "VAE decoder",
    )  # fmt: skip
    rows = [_row(name, found) for name, found in counts().items()]
    return Table(
        "Exact counts and the leading order",
        header,
        rows,
        "Parameters and FLOP of one denoiser pass at batch 1 and the default request, exactly, operator by operator "
        "(1 fused multiply-add = 2 FLOP); Eq. (1) and Table 2 with the flags that come nearest, and their error. Text "
        "encoder and VAE decoder: FLOP for one output, negative prompt included where guidance needs one.",
        data_header=(
            "model", *(NOTATION[x].field for x in FLAGS), "parameters", "leading_order_parameters",
            "parameters_error", "latent_tokens", "text_tokens", "denoiser_forward_flop", "leading_order_flop",
            "flop_error", "text_encoder_flop", "vae_decoder_flop",
        ),
        data=[_data(name, found) for name, found in counts().items()],
    )  # fmt: skip


def _row(name: str, found: Count) -> list[str]:
    order, flops, values = found.leading_order, found.flops, load().model(name).values
    batch = found.request["batch"]
    return [
        name, *(f"{values[x]:.4g}" for x in FLAGS), f"{found.parameters:,}", f"{order['parameters']:,.0f}",
        f"{order['parameters_error']:+.1%}", f"{found.tokens['latent']:,}", f"{found.tokens['text']:,}",
        significant(flops["denoiser_forward"]), significant(order["denoiser_forward"]),
        f"{order['denoiser_forward_error']:+.1%}", *(_one(flops[x], batch) for x in ("text_encoder", "vae_decoder")),
    ]  # fmt: skip


def _one(flop: float | None, batch: int) -> str:
    return "unknown" if flop is None else significant(flop / batch)


def _data(name: str, found: Count) -> list[object]:
    order, flops, values = found.leading_order, found.flops, load().model(name).values
    return [
        name, *(values[x] for x in FLAGS), found.parameters, order["parameters"], order["parameters_error"],
        found.tokens["latent"], found.tokens["text"], flops["denoiser_forward"], order["denoiser_forward"],
        order["denoiser_forward_error"], flops["text_encoder"], flops["vae_decoder"],
    ]  # fmt: skip


def figure() -> Figure:
    """The FLOP of a pass by kind of operator, and the error of the leading order."""
    ordered = sorted(counts().items(), key=lambda item: abs(item[1].leading_order["denoiser_forward_error"]))
    names = [name for name, _ in ordered]
    places = np.arange(len(names))
    drawn, (left, right) = plt.subplots(1, 2, figsize=(7.2, 7.6), sharey=True, width_ratios=(3, 2))
    start = np.zeros(len(names))
    for number, kind in enumerate(SHOWN):
        share = np.array([_share(found, kind) for _, found in ordered])
        left.barh(
            places, share, left=start, label=kind, color=f"C{number}", hatch=("", "////", "....", "xx")[number],
            edgecolor="white", linewidth=0,
        )  # fmt: skip
        start += share
    left.set(xlim=(0, 1), xlabel="share of the FLOP of a pass", yticks=places, ylim=(-0.6, len(names) - 0.4))
    left.set_yticklabels(names)
    left.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0%}"))
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    for key, marker, label in (
        ("denoiser_forward_error", "o", "FLOP of a pass (Table 2)"),
        ("parameters_error", "D", "parameters (Eq. 1)"),
    ):
        errors = [found.leading_order[key] for _, found in ordered]
        right.plot(errors, places, marker, ms=4, mfc="none" if marker == "D" else None, label=label)
    right.axvline(0, lw=0.8, color="0.5")
    right.set_xlabel("error of the leading order")
    right.set_xscale("symlog", linthresh=0.1)
    ticks = (-0.4, -0.1, 0, 0.1, 0.4, 2)
    right.set_xlim(-0.6, 3)
    right.set_xticks(ticks)
    right.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+.0%}" if x else "0"))
    right.minorticks_off()
    right.grid(axis="x", lw=0.4)
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1, frameon=False)
    return drawn


def _share(found: Count, kind: str) -> float:
    denoiser = [share for share in found.shares if share.stage == "denoiser"]
    return sum(x.flop for x in denoiser if x.name == kind) / sum(x.flop for x in denoiser)
