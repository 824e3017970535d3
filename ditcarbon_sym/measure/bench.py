"""Measuring one configuration: make its network, time it, read its joules, and report what fails."""

import gc
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

from ..catalog import stages
from ..errors import InputError
from . import networks, timing
from .device import TORCH, Device
from .grid import Point, weight_bytes
from .table import LOST

MARGIN = 1.1
"""A network is tried only if this many times its weights are free."""
EXHAUSTED = ("allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
"""Words of exceptions, other than torch's own, that mean that memory ran out."""


class Bench:
    """Measures points on a device, with one network loaded at a time."""

    def __init__(
        self, device: Device, dtype: str, *, attention: str = "sdpa", compiled: bool = False,
        warm_up: int = timing.WARM_UP, least: int = timing.REPEATS,
    ) -> None:  # fmt: skip
        import torch
        from diffusers.utils import logging

        logging.set_verbosity_error()
        self.device, self.name = device, dtype
        self.dtype = getattr(torch, TORCH[dtype])
        self.attention, self.compiled, self.warm_up, self.least = attention, compiled, warm_up, least
        self.idle: float | None = None
        self._loaded: tuple[str, str] | None = None
        self._net: Any = None
        self._parameters: int | None = None

    def __call__(self, point: Point) -> dict[str, Any]:
        """Measure a point, and return the columns of its row; a failure is a row, too, and says why."""
        found = self._attempted(point)
        if found["status"] != "ok":  # not earlier: an exception that is handled keeps its tensors alive
            self._tidy()
            if (silence := self._silence()) is not None:
                return {"status": LOST, "note": silence}
        return found

    def _attempted(self, point: Point) -> dict[str, Any]:
        """Return a point's columns, whatever happens: a network that fails must not end the sweep."""
        import torch

        try:
            if not self._fits(point):
                return {"status": "does not fit", "note": f"the weights alone exceed the free memory at {self.name}"}
            with torch.inference_mode(), self._kernels():
                return self._measured(point)
        except (torch.OutOfMemoryError, MemoryError):
            return {"status": "out of memory"}
        except Exception as error:
            if any(words in str(error) for words in EXHAUSTED):
                return {"status": "out of memory"}
            return {"status": "failed", "note": _first_line(error)}

    def _silence(self) -> str | None:
        """Say why the device no longer answers, which it will not until the process ends; None if it answers."""
        import torch

        if self.device.kind != "cuda":
            return None
        try:
            torch.cuda.synchronize()
            self.device.free_bytes()
        except Exception as error:
            return _first_line(error)
        return None

    def _measured(self, point: Point) -> dict[str, Any]:
        import torch

        if self.compiled:  # compile each size anew: past a limit of sizes torch goes on without compiling
            torch.compiler.reset()
        work = self._work(point)
        if self.device.kind == "cuda":
            torch.cuda.reset_peak_memory_stats()
        found = timing.timed(
            work, self.device.lap, self.device.counter, self.warm_up, self.least, self.device.kind, self.device.state
        )
        memory = torch.cuda.max_memory_allocated() / 1e9 if self.device.kind == "cuda" else None
        return {
            "status": "ok", "time_s": point.steps * found.seconds, "step_s": found.seconds,
            "step_spread": found.spread, "repeats": found.repeats, "window_s": found.window,
            "energy_j": None if found.joules is None else point.steps * found.joules, "power_w": found.watts,
            "idle_w": self.idle, "memory_gb": memory, "parameters": self._parameters, **found.state,
        }  # fmt: skip

    def _work(self, point: Point) -> networks.Pass:
        """Return what is timed at a point; make the network if another one is loaded."""
        makers: dict[str, Callable[..., Any]] = {
            stages.DENOISER: networks.denoiser, stages.DECODER: networks.decoder, stages.TEXT: networks.encoders,
        }  # fmt: skip
        if self._loaded != (point.model, point.stage):
            self._release()
            net = makers[point.stage](point.model, self.device.kind, self.dtype)
            self._parameters = networks.parameters(net if isinstance(net, list) else [net])
            self._net = self._compiled(net) if point.stage == stages.DENOISER else net
            self._loaded = (point.model, point.stage)
        size = {key: value for key, value in point.row().items() if isinstance(value, int)}
        if point.stage == stages.TEXT:
            return networks.encoding(point.model, self._net, size, self.device.kind)
        if point.stage == stages.DECODER:
            return networks.decoding(point.model, self._net, size, self.device.kind, self.dtype)
        return networks.denoising(point.model, self._net, size, self.device.kind, self.dtype)

    def _compiled(self, net: Any) -> Any:
        import torch

        return torch.compile(net, dynamic=False) if self.compiled else net

    def _kernels(self) -> Any:
        """Fused attention as torch chooses it, or its products and softmax one by one."""
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel

        if self.device.kind == "cuda":  # otherwise torch computes these products in 32 bits
            torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)
        return sdpa_kernel(SDPBackend.MATH) if self.attention == "eager" else nullcontext()

    def _fits(self, point: Point) -> bool:
        if self._loaded == (point.model, point.stage):
            return True
        self._release()
        return MARGIN * weight_bytes(point.model, point.stage, self.name) < self.device.free_bytes()

    def _release(self) -> None:
        self._net, self._loaded = None, None
        if self.compiled:  # compiled code keeps the weights alive
            import torch

            torch.compiler.reset()
        self._tidy()

    def _tidy(self) -> None:
        import torch

        gc.collect()
        if self.device.kind == "cuda":
            with suppress(RuntimeError):  # a device that no longer answers has nothing to give back
                torch.cuda.empty_cache()


def _first_line(error: Exception) -> str:
    """Return an exception as a note: its first line, after its kind unless it is an `InputError`."""
    kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
    return f"{kind}{(str(error).splitlines() or [''])[0]}"[:200]
