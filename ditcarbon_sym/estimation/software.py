"""The software that a calibration was measured with, as far as its sources say: times and joules hold for it alone."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..catalog.entries import Calibration
from ..catalog.files import DATA, read_toml

FIELDS = ("framework", "precision", "attention", "torch", "diffusers")
Software = dict[str, str | None]


@lru_cache(maxsize=1)
def known_software() -> Mapping[str, Any]:
    """Return what each source of the shipped calibrations ran, by its key in the bibliography."""
    return read_toml(DATA / "software.toml")


def software_of(calibration: Calibration | None) -> list[Software]:
    """Return, for each source of a calibration, what it ran; None is unknown. Without a calibration nothing is known.

    >>> from ditcarbon_sym.catalog.loading import shipped_calibration
    >>> for x in software_of(shipped_calibration("h100-sxm-80gb", "roofline"))[:2]:
    ...     print(x["source"], x["precision"], x["attention"])
    mlenergy2025 bf16 FlashAttention 2
    delavande2025video bf16, Wan's decoder in fp32 None
    """
    if calibration is None:
        return []
    data = calibration.data
    if "torch" in data:  # a sweep of `ditcarbon measure` says what it ran
        framework = f"{'compiled' if data.get('compiled') else 'eager'} PyTorch, diffusers"
        return [
            _row(
                str(data.get("file", calibration.origin)),
                {**data, "framework": framework, "precision": data.get("dtype")},
            )
        ]
    if "source" not in data:
        return [_row(str(data.get("file", calibration.origin)), {})]
    keys = [part.partition(":")[0].strip() for part in str(data["source"]).split(";")]
    return [_row(key, known_software().get(key, {})) for key in keys]


def _row(source: str, told: Mapping[str, Any]) -> Software:
    return {"source": source, **{name: None if told.get(name) is None else str(told[name]) for name in FIELDS}}
