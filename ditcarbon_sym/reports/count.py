"""How an exact count looks: rows, JSON."""

from typing import Any

from ..estimation.counting import CONVENTION
from ..estimation.exact_count import Count, Share
from .formats import count as words, labelled, significant

NAMES = {
    "denoiser": "denoiser", "controlnet": "ControlNet", "text_encoder": "text encoder", "vae_encoder": "VAE encoder",
    "vae_decoder": "VAE decoder",
}  # fmt: skip


def rows(found: Count, *, macs: bool) -> list[tuple[str, str, str]]:
    """Return the table of a count for people."""
    unit, flops, order = ("MAC" if macs else "FLOP"), _work(found, macs), found.leading_order
    approximate = order["denoiser_forward"] / (2 if macs else 1)
    return [
        ("parameters", words(found.parameters), "denoiser"),
        *(
            (f"  {NAMES[stage]}", "unknown" if weight is None else words(weight), "parameters loaded")
            for stage, weight in found.weights.items()
            if stage != "denoiser"
        ),
        ("latent tokens", f"{found.tokens['latent']:,}", _beside(found)),
        (f"{unit}, one denoiser pass", significant(flops["denoiser_forward"]), f"{unit}, batch 1"),
        *((f"{unit}, {name}", significant(flops[stage]), unit) for stage, name in NAMES.items() if stage in flops),
        (f"{unit}, total", significant(flops["total"]), unit),
        (
            "leading order, one pass", significant(approximate),
            f"{unit}, {order['denoiser_forward_error']:+.2%} (paper's flags)",
        ),
        ("leading order, parameters", words(order["parameters"]), f"{order['parameters_error']:+.2%} (Eq. 1)"),
        ("weights at 16 bits", significant(found.memory_gb["bf16"]), f"GB, all stages{_other_sizes(found)}"),
    ]  # fmt: skip


def basis_rows(found: Count, *, macs: bool) -> list[tuple[str, str]]:
    """Return labelled lines: what is counted as one operation, and remarks on the configuration."""
    return [("MAC" if macs else "FLOP", _convention(macs)), *labelled("remarks", found.remarks)]


def _convention(macs: bool) -> str:
    return CONVENTION.replace("= 2 FLOP", "= 1 MAC") if macs else CONVENTION


def _beside(found: Count) -> str:
    """The tokens beside those of the output."""
    images = f"+ {found.tokens['reference']:,} of reference images " if "reference" in found.tokens else ""
    return f"{images}+ {found.tokens['text']:,} text tokens"


def share_rows(found: Count, *, macs: bool) -> list[tuple[str, ...]]:
    """Return the table of shares: one pass of each stage at batch 1."""
    scale = 2.0 if macs else 1.0
    listed = sorted(found.shares, key=lambda share: (share.stage, -share.flop))
    stages: dict[str, float] = {}
    for share in listed:
        stages[share.stage] = stages.get(share.stage, 0.0) + share.flop
    return [
        (
            NAMES[share.stage], share.name, f"{share.parameters:,}", significant(share.flop / scale),
            f"{share.flop / stages[share.stage]:.1%}" if stages[share.stage] else "", significant(share.elementwise),
            significant(share.bytes),
        )
        for share in listed
    ]  # fmt: skip


def share_header(by: str, *, macs: bool) -> tuple[str, ...]:
    """Return the column heads of the shares."""
    return "stage", by, "parameters", "MAC" if macs else "FLOP", "of stage", "elementwise", "bytes moved"


def as_dict(found: Count, *, macs: bool) -> dict[str, Any]:
    """Return the count for JSON; with ``macs`` the key is ``macs`` and every count is half."""
    plain = found.to_dict()
    plain["shares"] = [_share(share, macs) for share in found.shares]
    if macs:
        plain["convention"] = _convention(macs)
        plain["macs"] = _work(found, macs)
        del plain["flops"]
        plain["leading_order"] = {
            **found.leading_order,
            "denoiser_forward": found.leading_order["denoiser_forward"] / 2,
        }
    return plain


def _share(share: Share, macs: bool) -> dict[str, Any]:
    plain = dict(vars(share))
    if macs:
        plain["macs"] = plain.pop("flop") / 2
    return plain


def _work(found: Count, macs: bool) -> dict[str, float | None]:
    return {key: value if value is None or not macs else value / 2 for key, value in found.flops.items()}


def _other_sizes(found: Count) -> str:
    known = {name: size for name, size in found.memory_gb.items() if size is not None and name != "bf16"}
    return f" ({', '.join(f'{name} {significant(size)}' for name, size in known.items())})" if known else ""
