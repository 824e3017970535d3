"""Count what the real classes read and write outside their products, into ``tests/ground_truth/traffic.csv``.

``python -m fits.traffic`` runs every released denoiser once on the meta device, at the first shape of
`fits.ground_truth`, under a dispatch mode that sees every kernel. It needs the extra ``verify``.

What is counted, and what is not:

* A *norm* is one read and one write of what its module is given, however many kernels it takes: layer norms are fused,
  and torch takes others apart. Kernels inside a norm's module are not counted again.
* An *elementwise pass* is a kernel that computes on single elements (sums, products, activations, sines). Its
  operands are read, each as large as it is stored (a vector that is spread over the rows is read once), and its result
  is written.
* Products, convolutions, lookups and the inside of attention are counted elsewhere (`fits.ground_truth`). Copies move
  bytes, too: joined streams, turned heads, casts. They stand in a column of their own, since the operator lists have
  none of them: their bytes are in the fitted part of bandwidth.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import DATA, read_toml
from fits.ground_truth import TARGET, references, shapes, versions
from fits.reference import counting

COMPUTED = frozenset(
    "abs add addcmul clamp cos div exp gelu hardtanh leaky_relu lerp log masked_fill mul neg pow reciprocal relu rsqrt "  # noqa: SIM905
    "rsub sigmoid silu sin softplus sqrt square sub tanh where".split()
)
"""Kernels that compute on single elements."""
COPIES = frozenset(
    ("cat", "stack", "clone", "copy_", "_to_copy", "repeat", "repeat_interleave", "roll", "constant_pad_nd")
)
FUSED = torch.nn.functional.scaled_dot_product_attention


class Traffic(TorchDispatchMode):  # type: ignore[misc]
    """Elements read and written by every kernel outside norms and attention."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0
        self.read: Counter[str] = Counter()
        self.written: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a kernel, and count it."""
        found = func(*args, **(kwargs or {}))
        name = func._schema.name.partition("::")[2].removesuffix("_") if not self.hidden else ""
        kind = "elementwise" if name in COMPUTED else "copied" if name in COPIES or f"{name}_" in COPIES else ""
        if kind:
            operands = [x for y in args for x in (y if isinstance(y, list | tuple) else (y,)) if torch.is_tensor(x)]
            self.read[kind] += sum(_stored(x) for x in operands)
            self.written[kind] += _numbers(found) * found.numel() if torch.is_tensor(found) else 0
        return found


def _numbers(tensor: torch.Tensor) -> int:
    """Real numbers in an element: two in a complex one."""
    return 2 if tensor.is_complex() else 1


def _stored(tensor: torch.Tensor) -> int:
    """Real numbers that a tensor has in memory: what is spread by a stride of zero is there once."""
    sides = zip(tensor.shape, tensor.stride(), strict=True)
    return _numbers(tensor) * math.prod(size for size, stride in sides if stride)


class Fused(TorchFunctionMode):  # type: ignore[misc]
    """Hides what is inside attention, which runs as one kernel."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__()
        self.traffic = traffic

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a function of torch's."""
        self.traffic.hidden += func is FUSED
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.traffic.hidden -= func is FUSED


def is_norm(module: Any) -> bool:
    """Whether a module normalises, and nothing else: adaptive norms hold one of these."""
    name = type(module).__name__
    return not list(module.children()) and name.endswith(("LayerNorm", "RMSNorm", "GroupNorm"))


def count(net: Any, work: Any) -> dict[str, int]:
    """Count one pass of a network."""
    traffic, norms = Traffic(), Counter[str]()

    def before(module: Any, given: Any) -> None:
        if not traffic.hidden:
            norms["elements"] += given[0].numel()
            norms["calls"] += 1
        traffic.hidden += 1

    def after(module: Any, given: Any, found: Any) -> None:
        traffic.hidden -= 1

    hooks = [x for module in net.modules() if is_norm(module)
             for x in (module.register_forward_pre_hook(before), module.register_forward_hook(after))]  # fmt: skip
    with torch.no_grad(), torch.device("meta"), traffic, Fused(traffic):
        work()
    for hook in hooks:
        hook.remove()
    return {
        "norm_elements": norms["elements"], "norm_calls": norms["calls"],
        "elementwise_read": traffic.read["elementwise"], "elementwise_written": traffic.written["elementwise"],
        "copied": traffic.read["copied"] + traffic.written["copied"],
    }  # fmt: skip


def rows(names: Any = None) -> Iterator[dict[str, Any]]:
    """Count every released denoiser at the request that it was released with."""
    inputs, patches, released = references("DENOISERS"), references("PATCHES"), references("RELEASED_AS")
    for name in names or sorted(stages.of_diffusers()):
        networks = stages.shipped(name)
        configuration: Mapping[str, Any] = read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]
        kind = configuration["_class_name"]
        net = counting.build({**configuration, "_class_name": released.get(kind, kind)})
        patches.get(kind, lambda net: None)(net)
        height, width, frames, tall, wide, depth, text = next(iter(shapes(name, networks)))
        work = lambda: net(**inputs[kind](net, tall, wide, depth, text))  # noqa: B023, E731
        yield {
            "id": name, "height": height, "width": width, "frames": frames, "latent_height": tall,
            "latent_width": wide, "latent_frames": depth, "text_tokens": text, **count(net, work),
        }  # fmt: skip


def main() -> None:
    """Write the file."""
    listed = list(rows())
    with (TARGET / "traffic.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(f"# elements, counted on the meta device with {versions()}, by fits/traffic.py\n")
        writer = csv.DictWriter(file, fieldnames=list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    print(f"wrote {TARGET.name}/traffic.csv")


if __name__ == "__main__":
    main()
