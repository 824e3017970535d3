"""The accelerator: what it says of itself, what it reaches, and the state it is in while it works."""

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..catalog.loading import load
from ..equations.notation import NOTATION, TDP, Theta_peak, bandwidth
from ..errors import InputError
from ..version import __version__
from . import energy, timing

SIDES = {"cuda": (4096, 8192, 16384), "cpu": (512, 1024, 2048)}
"""Sides of the square matrix products whose fastest is taken for the peak."""
COPIED = {"cuda": 2**30, "cpu": 2**28}
"""Bytes that are copied to measure the bandwidth: far more than any cache holds."""
THROTTLED = {0x4: "power cap", 0x8: "slowdown", 0x20: "temperature", 0x40: "temperature", 0x80: "power brake"}
"""NVML's reasons for lower clocks, apart from the user's own settings: bits of the mask."""


@dataclass(frozen=True)
class Device:
    """An accelerator ready to measure on; ``handle`` is NVML's, ``counter`` that of joules, where there are any."""

    kind: str
    name: str
    handle: Any
    counter: energy.Counter | None

    @property
    def lap(self) -> timing.Lap:
        """The function that times passes on it."""
        return timing.by_events if self.kind == "cuda" else timing.by_clock

    @property
    def id(self) -> str:
        """Its id in the catalogue, or one made of its name."""
        known = load().gpu_of_driver(self.name)
        if known is not None:
            return known.id
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-")[:64]

    def free_bytes(self) -> float:
        """Memory that is free now; infinite where the system does not say."""
        import torch

        if self.kind == "cuda":
            return float(torch.cuda.mem_get_info()[0])
        found = re.search(r"MemAvailable:\s+(\d+) kB", _text(Path("/proc/meminfo")))
        return float(found[1]) * 1024 if found else float("inf")

    def state(self) -> dict[str, Any]:
        """Return clocks, temperature and why it is slowed, now; empty if the driver does not say."""
        if self.handle is None:
            return {}
        import pynvml

        reasons = _asked(lambda: pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(self.handle))
        named = dict.fromkeys(word for bit, word in THROTTLED.items() if (reasons or 0) & bit)
        return {
            "clock_mhz": _asked(lambda: pynvml.nvmlDeviceGetClockInfo(self.handle, pynvml.NVML_CLOCK_SM)),
            "memory_clock_mhz": _asked(lambda: pynvml.nvmlDeviceGetClockInfo(self.handle, pynvml.NVML_CLOCK_MEM)),
            "temperature_c": _asked(lambda: pynvml.nvmlDeviceGetTemperature(self.handle, pynvml.NVML_TEMPERATURE_GPU)),
            "throttled": None if reasons is None else "; ".join(named) or "no",
        }


@contextmanager
def opened(kind: str, threads: int | None = None) -> Iterator[Device]:
    """The first accelerator of a kind, "cuda" or "cpu"; raises `InputError` if there is none.

    ``threads`` are those of the processor, which launches an accelerator's kernels; as many as torch takes, if None.
    """
    import torch

    if threads is not None:
        torch.set_num_threads(threads)

    if kind not in ("cuda", "cpu"):
        raise InputError(f"device = {kind!r} is unknown; expected 'cuda' or 'cpu'")
    if kind == "cpu":
        yield Device("cpu", _processor(), None, energy.rapl())
        return
    if not torch.cuda.is_available():
        raise InputError("no CUDA device is available to torch; --device cpu measures the processor")
    handle = _nvml_handle()
    yield Device("cuda", torch.cuda.get_device_name(0), handle, None if handle is None else energy.nvml(handle))


def _processor() -> str:
    """The processor's name, and the threads it is used with."""
    import torch

    found = re.search(r"model name\s*:\s*(.+)", _text(Path("/proc/cpuinfo")))
    name = found[1].strip() if found else platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    return f"CPU {re.sub(r'[(]R[)]|[(]TM[)]', '', name).strip()}, {threads} thread{'s' * (threads != 1)}"


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _nvml_handle() -> Any:
    """NVML's handle of torch's first device: by its identity, since torch may see a part of them only.

    None without NVML, or where it does not know the device by that name and has several.
    """
    try:
        import pynvml
        import torch
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}".encode())
    except (AttributeError, pynvml.NVMLError):
        return _asked(lambda: pynvml.nvmlDeviceGetHandleByIndex(0) if pynvml.nvmlDeviceGetCount() == 1 else None)


def _asked(question: Callable[[], Any]) -> Any:
    """Ask NVML; None if this accelerator does not answer."""
    import pynvml

    try:
        return question()
    except pynvml.NVMLError:
        return None


def peak(device: Device, dtype: Any) -> tuple[float, int]:
    """FLOP/s of the fastest square matrix product, and its side."""
    import torch

    rates = {}
    for side in SIDES[device.kind]:
        a, b = (torch.randn(side, side, device=device.kind, dtype=dtype) for _ in range(2))
        rates[side] = 2 * side**3 / _seconds(device, partial(torch.matmul, a, b))
    best = max(rates, key=lambda side: rates[side])
    return rates[best], best


def copy_rate(device: Device) -> float:
    """Bytes read and written in a second by the copy of a large tensor."""
    import torch

    source = torch.ones(COPIED[device.kind] // 4, device=device.kind)
    target = torch.empty_like(source)
    return 2 * COPIED[device.kind] / _seconds(device, lambda: target.copy_(source))


def _seconds(device: Device, work: Callable[[], Any]) -> float:
    """Return the fastest of ten laps, since the peak is what can be reached."""
    import torch

    with torch.inference_mode():
        device.lap(work, 3, None)
        return min(device.lap(work, 10, None))


def facts(
    device: Device, dtype: str, attention: str, compiled: bool, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a sweep says on top of itself: accelerator, peak, power if known, libraries, date.

    Peak and bandwidth are measured, or those of ``before``, where a sweep is taken up again.
    """
    import torch

    limit = None if device.handle is None else _asked(lambda: _limit(device.handle))
    driver = None if device.handle is None else _asked(_driver)
    found = {
        "schema_version": 1,
        "gpu": device.id, "device": device.name, "kind": device.kind,
        **(_reached(device, dtype) if before is None else {key: before.get(key) for key in REACHED}),
        NOTATION[TDP].field: limit, "power_from": None if limit is None else "NVML, enforced power limit",
        "memory_gb": torch.cuda.get_device_properties(0).total_memory / 1e9 if device.kind == "cuda" else None,
        "energy_from": "nothing" if device.counter is None else device.counter.name,
        "energy_period_s": None if device.counter is None else device.counter.period,
        "dtype": dtype, "attention": attention, "compiled": compiled, "threads": torch.get_num_threads(),
        "date": datetime.now(UTC).date().isoformat(), "driver": driver, "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if device.kind == "cuda" else None,
        "torch": str(torch.__version__), "diffusers": version("diffusers"), "transformers": version("transformers"),
        "ditcarbon": __version__, "python": platform.python_version(), "processors": os.cpu_count(),
    }  # fmt: skip
    return {key: value for key, value in found.items() if value is not None}


REACHED = (NOTATION[Theta_peak].field, "peak_from", NOTATION[bandwidth].field, "bandwidth_from")
"""What is measured before a sweep starts."""


def _reached(device: Device, dtype: str) -> dict[str, Any]:
    import torch

    rate, side = peak(device, getattr(torch, TORCH[dtype]))
    words = f"{dtype}, measured: product of {side} x {side} matrices"
    return dict(zip(REACHED, (rate, words, copy_rate(device), "measured: copy of a large tensor"), strict=True))


TORCH = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
"""Precisions, as torch calls them."""


def _limit(handle: Any) -> float:
    import pynvml

    return float(pynvml.nvmlDeviceGetEnforcedPowerLimit(handle)) / 1e3


def _driver() -> str:
    import pynvml

    told = pynvml.nvmlSystemGetDriverVersion()
    return told.decode() if isinstance(told, bytes) else str(told)
