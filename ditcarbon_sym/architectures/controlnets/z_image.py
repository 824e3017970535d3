"""The ControlNets of Z-Image.

Released as diffusers' ``ZImageControlNetModel`` (src/diffusers/models/controlnets/controlnet_z_image.py). It uses the
denoiser's layers in and its refiners, and so computes them once more with the denoiser's weights.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from ...equations.notation import ell, m
from ..denoisers.z_image import ZImageTransformer2DModel, held
from ..network import Network
from ..operators import Operator, Size, dense, repeated, residual, shared

Refiner = Literal["control_layers", "control_noise_refiner"]


@dataclass(frozen=True, kw_only=True)
class ZImageControlNetModel(Network):
    """A block for each of ``control_layers_places``, the first of which is 0, and refiners of the control image.

    ``add_control_noise_refiner`` says which blocks refine it: plain ones, ones that hand their rows to the denoiser's
    refiner, or the control blocks themselves. The widths that only the denoiser's configuration has are Z-Image's.
    """

    control_layers_places: tuple[int, ...]
    control_in_dim: int
    control_refiner_layers_places: tuple[int, ...] | None = None
    add_control_noise_refiner: Refiner | None = None
    all_patch_size: tuple[int, ...] = (2,)
    all_f_patch_size: tuple[int, ...] = (1,)
    dim: int = 3840
    n_refiner_layers: int = 2
    n_heads: int = 30
    qk_norm: bool = True

    passed_over = frozenset({"n_kv_heads", "norm_eps"})
    latent_channels: ClassVar[int] = 16
    text_channels: ClassVar[int] = 2560

    @property
    def denoiser(self) -> ZImageTransformer2DModel:
        """The denoiser that it is beside."""
        return ZImageTransformer2DModel(
            all_patch_size=self.all_patch_size, all_f_patch_size=self.all_f_patch_size, dim=self.dim, n_layers=0,
            in_channels=self.latent_channels, n_refiner_layers=self.n_refiner_layers, n_heads=self.n_heads,
            cap_feat_dim=self.text_channels, qk_norm=self.qk_norm,
        )  # fmt: skip

    def operators(self) -> list[Operator]:
        sizes = list(dict.fromkeys(zip(self.all_patch_size, self.all_f_patch_size, strict=True)))
        layers = [
            dense(f"control_all_x_embedder.{side}-{depth}", ell, side**2 * depth * self.control_in_dim, self.dim)
            for side, depth in sizes
        ]
        output = ("all_final_layer",)
        borrowed = [x for x in self.denoiser.operators() if not x.name.startswith(output)]
        return [
            *shared(borrowed),
            layers[0],
            *map(held, layers[1:]),
            *self.refined(),
            *self.controlled("control_layers", len(self.control_layers_places), ell + m),
        ]

    def refined(self) -> list[Operator]:
        """The control image alone through the blocks that refine it."""
        places, kind = len(self.control_layers_places), self.add_control_noise_refiner
        if kind == "control_layers":
            return shared(self.controlled("control_layers", places, ell))
        if kind == "control_noise_refiner":
            return self.controlled(kind, self.n_refiner_layers, ell)
        return repeated("control_noise_refiner", self.n_refiner_layers, self.denoiser.block(ell))

    def controlled(self, name: str, blocks: int, rows: Size) -> list[Operator]:
        """Blocks whose rows are handed over, the first after the rows of the latent are added to those of control."""
        before = [dense("before_proj", rows, self.dim, self.dim), residual("before_proj.add", rows, self.dim)]
        after = [dense("after_proj", rows, self.dim, self.dim), residual("after_proj.add", rows, self.dim)]
        return [*repeated(name, 1, before), *repeated(name, blocks, [*self.denoiser.block(rows), *after])]
