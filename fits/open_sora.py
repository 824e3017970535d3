"""Counts of Open-Sora's published code on the meta device: writes tests/ground_truth/open_sora.csv.

    python -m fits.open_sora CLONE     # of hpcaitech/Open-Sora, tags too; needs einops and rotary_embedding_torch

Its layers are run as published, out of the tags v1.0.0 and v1.2.0 and the commit of 2.0. Kernels and what spreads them
over several accelerators are replaced by what they compute: scores by torch's, norms and rotations, in which no product
is, by nothing.
"""

import csv
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from diffusers.models import AutoencoderKL, AutoencoderKLTemporalDecoder  # noqa: F401  # look for timm, as the next
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import PretrainedConfig, PreTrainedModel  # noqa: F401  # look for flash_attn, before it is replaced

from ditcarbon_sym.catalog.files import shipped_table

from .reference import counting

VERSIONS = {"STDiT": "v1.0.0", "STDiT3": "v1.2.0", "MMDiTModel": "7ad6a96a", "OpenSoraVAE_V1_2": "v1.2.0"}
TARGET = Path(__file__).parents[1] / "tests" / "ground_truth" / "open_sora.csv"
SMALL = {"depth": 2, "hidden_size": 144, "num_heads": 4, "caption_channels": 64}
RELEASED = {
    "guidance_embed": False, "fused_qkv": False, "use_liger_rope": True, "in_channels": 64, "vec_in_dim": 768,
    "context_in_dim": 4096, "hidden_size": 3072, "mlp_ratio": 4, "num_heads": 24, "depth": 19,
    "depth_single_blocks": 38, "axes_dim": [16, 56, 56], "theta": 10000, "qkv_bias": True, "cond_embed": True,
}  # fmt: skip
OTHERS = {"guidance_embed": True, "cond_embed": False, "fused_qkv": True, "depth": 2, "depth_single_blocks": 1}
CASES: Mapping[str, list[tuple[dict[str, Any], tuple[int, int, int], int]]] = {
    "STDiT": [
        ({"input_size": [16, 64, 64]}, (16, 64, 64), 120),
        ({"input_size": [8, 32, 48]}, (8, 32, 48), 77),
        ({"input_size": [4, 16, 16]}, (4, 16, 16), 30),
        ({**SMALL, "pred_sigma": False, "patch_size": [2, 2, 2], "input_size": [4, 8, 12]}, (4, 8, 12), 11),
    ],
    "STDiT3": [
        ({}, (15, 30, 53), 300), ({}, (5, 32, 48), 77), ({}, (10, 16, 16), 30),
        ({**SMALL, "qk_norm": False}, (4, 8, 12), 11),
    ],
    "MMDiTModel": [
        (RELEASED, (33, 24, 42), 512), (RELEASED, (9, 16, 16), 77), (RELEASED, (1, 32, 32), 20),
        ({**RELEASED, **OTHERS}, (3, 8, 12), 11),
    ],
    "OpenSoraVAE_V1_2": [({}, (15, 30, 54), 0), ({}, (7, 16, 24), 0), ({}, (1, 8, 12), 0)],
}  # fmt: skip
"""Configuration, latent frames, height and width, and tokens of text."""
META = torch.device("meta")
CLIP = 17
"""Frames that Open-Sora 1.2's VAE decodes at a time (OpenSoraVAE_V1_2: micro_frame_size)."""


class Mlp(nn.Module):  # type: ignore[misc]
    """timm's: two matrices."""

    def __init__(
        self, in_features: int, hidden_features: int, out_features: int | None = None,
        act_layer: Callable[[], nn.Module] = nn.GELU, drop: float = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.fc1, self.act = nn.Linear(in_features, hidden_features), act_layer()
        self.fc2 = nn.Linear(hidden_features, out_features or in_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.act(self.fc1(x)))


class Norm:
    @staticmethod
    def apply(x: torch.Tensor, scale: torch.Tensor, *_: Any) -> torch.Tensor:
        return x * scale


class Rotation:
    @staticmethod
    def apply(queries: torch.Tensor, keys: torch.Tensor, *_: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return queries, keys


class Registry:
    def register_module(self, *_: Any) -> Callable[[Any], Any]:
        return lambda kind: kind


class Mask:
    @staticmethod
    def from_seqlens(*_: Any) -> None:
        return None


def scores(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, **_: Any) -> torch.Tensor:
    """Attention with heads after rows, as the kernels have it."""
    made = scaled_dot_product_attention(*(x.transpose(1, 2) for x in (queries, keys, values)))
    return made.transpose(1, 2).contiguous()


def replaced(root: Path) -> None:
    """The modules that the published files import, besides their own."""
    unused = dict.fromkeys(
        ("all_to_all", "split_forward_gather_backward", "gather_forward_split_backward", "load_checkpoint",
         "get_sequence_parallel_group"),
    )  # fmt: skip
    modules: dict[str, dict[str, Any]] = {
        "timm": {}, "timm.models": {}, "timm.models.layers": {"DropPath": nn.Identity},
        "timm.models.vision_transformer": {"Mlp": Mlp},
        "xformers": {}, "xformers.ops": {"memory_efficient_attention": scores},
        "xformers.ops.fmha": {"BlockDiagonalMask": Mask}, "flash_attn": {"flash_attn_func": scores},
        "liger_kernel": {}, "liger_kernel.ops": {}, "liger_kernel.ops.rms_norm": {"LigerRMSNormFunction": Norm},
        "liger_kernel.ops.rope": {"LigerRopeFunction": Rotation},
        "opensora": {}, "opensora.registry": {"MODELS": Registry(), "build_module": None},
        "opensora.acceleration": {}, "opensora.utils": {},
        "opensora.acceleration.checkpoint": {"auto_grad_checkpoint": lambda part, *given: part(*given)},
        "opensora.acceleration.communications": unused, "opensora.acceleration.parallel_states": unused,
        "opensora.utils.ckpt_utils": unused, "opensora.utils.ckpt": unused, "opensora.models": {},
        "opensora.models.layers": {}, "opensora.models.stdit": {}, "opensora.models.mmdit": {},
        "opensora.models.vae": {},
    }  # fmt: skip
    for name in [x for x in sys.modules if x.partition(".")[0] in {y.partition(".")[0] for y in modules}]:
        del sys.modules[name]
    for name, content in modules.items():
        module = sys.modules[name] = ModuleType(name)
        module.__dict__.update(content)
        module.__path__ = [str(root / name.replace(".", "/"))]
        package, _, last = name.rpartition(".")
        if package:
            setattr(sys.modules[package], last, module)


class Both(nn.Module):  # type: ignore[misc]
    """The decoding halves of Open-Sora 1.2's VAE, which the published pipeline has decode one after the other."""

    def __init__(self) -> None:
        super().__init__()
        published: Any = import_module("opensora.models.vae.vae")
        sdxl = counting.build({**shipped_table("vaes", "kl-f8-4ch"), "_class_name": "AutoencoderKL"})
        published.AutoencoderKL = SimpleNamespace(from_pretrained=lambda *_, **__: sdxl)
        temporal = import_module("opensora.models.vae.vae_temporal").VAE_Temporal_SD()
        spatial = published.VideoAutoencoderKL(micro_batch_size=4)
        size = temporal.get_latent_size([CLIP, None, None])[0]
        self.whole = {
            "temporal_vae": temporal, "spatial_vae": spatial, "micro_frame_size": CLIP, "micro_z_frame_size": size,
            "cal_loss": True,  # returns what lies between the two, and scales nothing
        }  # fmt: skip
        self.decoding = published.VideoAutoencoderPipeline.decode
        halves = temporal.decoder, temporal.post_quant_conv, sdxl.decoder, sdxl.post_quant_conv
        self.halves = nn.ModuleList(halves)

    def forward(self, z: torch.Tensor) -> Any:
        """Latent frames make 17 frames for each five, and four less three of what is left."""
        clips, left = divmod(z.shape[2], self.whole["micro_z_frame_size"])
        return self.decoding(SimpleNamespace(**self.whole), z, CLIP * clips + max(4 * left - 3, 0))


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(*shape, device=META)


def built(kind: str, fields: Mapping[str, Any]) -> nn.Module:
    """The published class on the meta device; it asks some numbers of tensors, which are made on the CPU."""
    line, decorated = torch.linspace, torch.compile
    torch.linspace = lambda *x, **more: line(*x, **{**more, "device": "cpu"})
    torch.compile = lambda *_, **__: lambda function: function
    try:
        with META:
            if kind == "STDiT":
                net = import_module("opensora.models.stdit.stdit").STDiT(**fields)
            elif kind == "STDiT3":
                published = import_module("opensora.models.stdit.stdit3")
                net = published.STDiT3(published.STDiT3Config(**fields))
            elif kind == "OpenSoraVAE_V1_2":
                return Both()
            else:
                published = import_module("opensora.models.mmdit.model")
                net = published.MMDiTModel(published.MMDiTConfig(from_pretrained="", cache_dir="", **fields))
    finally:
        torch.linspace, torch.compile = line, decorated
    return net.to(META).eval()


def work(kind: str, net: Any, fields: Mapping[str, Any], shape: tuple[int, int, int], text: int) -> Callable[[], Any]:
    """One pass."""
    frames, tall, wide = shape
    if kind == "MMDiTModel":
        tokens, channels = frames * tall * wide // 4, fields["in_channels"]
        return partial(
            net, img=zeros(1, tokens, channels), img_ids=zeros(1, tokens, 3), txt=zeros(1, text, 4096),
            txt_ids=zeros(1, text, 3), timesteps=zeros(1), y_vec=zeros(1, 768), cond=zeros(1, tokens, channels + 4),
            guidance=zeros(1),
        )  # fmt: skip
    if kind == "OpenSoraVAE_V1_2":
        return partial(net, zeros(1, 4, *shape))
    given = zeros(1, 4, *shape), zeros(1), zeros(1, 1, text, fields.get("caption_channels", 4096))
    if kind == "STDiT":
        return partial(net, *given)
    sides = torch.tensor([tall * 8.0]), torch.tensor([wide * 8.0])
    return partial(net, *given, fps=zeros(1), height=sides[0], width=sides[1])


def main(clone: str) -> None:
    """Count every case and write the file."""
    rows = []
    for kind, version in VERSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(["git", "-C", clone, "archive", version, "opensora"], check=True, capture_output=True)
            with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
                archive.extractall(folder, filter="data")
            replaced(Path(folder))
            for fields, shape, text in CASES[kind]:
                net = built(kind, fields)
                found = counting.count(net, work(kind, net, fields, shape, text))
                rows.append((kind, version, json.dumps(fields), *shape, text, found.parameters, found.flop))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# hpcaitech/Open-Sora, counted on the meta device with torch {torch.__version__.split('+')[0]}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["class", "version", "configuration", "frames", "height", "width", "text_tokens", "parameters", "flop"]
        )
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
