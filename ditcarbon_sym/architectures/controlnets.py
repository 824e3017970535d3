"""ControlNets: blocks of a denoiser beside it, fed with a control image too; each block's rows go to the denoiser.

Released as diffusers' ``FluxControlNetModel`` (src/diffusers/models/controlnets/controlnet_flux.py).
"""

from dataclasses import dataclass, fields
from typing import Any

from sympy import Expr

from ..equations.notation import ell, m
from .denoisers.flux import FluxTransformer2DModel
from .network import Network
from .operators import Operator, dense, embedding, residual


@dataclass(frozen=True, kw_only=True)
class FluxControlNetModel(Network):
    """The first blocks of FLUX.1 with a linear layer for the rows of each.

    ``num_mode``: of how many kinds the control image may be; its kind then is one row more of text.
    """

    num_layers: int
    num_single_layers: int
    in_channels: int = 64
    patch_size: int = 1
    num_attention_heads: int = 24
    attention_head_dim: int = 128
    joint_attention_dim: int = 4096
    pooled_projection_dim: int = 768
    guidance_embeds: bool = False
    num_mode: int | None = None
    conditioning_embedding_channels: None = None
    # This does not change the count.
    axes_dims_rope: tuple[int, ...] = (16, 56, 56)

    @property
    def denoiser(self) -> FluxTransformer2DModel:
        """The denoiser whose blocks it has."""
        shared = {x.name for x in fields(FluxTransformer2DModel)} & {x.name for x in fields(self)}
        return FluxTransformer2DModel(**{name: getattr(self, name) for name in shared})

    def operators(self) -> list[Operator]:
        width, blocks = self.denoiser.width, self.num_layers + self.num_single_layers
        inside = [x for x in self.denoiser.operators() if x.block or not x.name.startswith(("norm_out", "proj_out"))]
        if self.num_mode is not None:
            inside = [embedding("controlnet_mode_embedder", 1, self.num_mode, width), *map(_with_a_row, inside)]
        return [
            *inside,
            dense("controlnet_x_embedder", ell, self.in_channels, width),
            residual("controlnet_x_embedder.add", ell, width),
            *([] if blocks == 0 else [_all(dense("controlnet_blocks", ell, width, width), blocks)]),
            *([] if blocks == 0 else [_all(residual("controlnet_blocks.add", ell, width), blocks)]),
        ]


def _with_a_row(operator: Operator) -> Operator:
    """The same operator with one row of text more; the embedder of the text does not see that row."""
    if operator.name == "context_embedder":
        return operator
    more: dict[str, Any] = {key: x.subs(m, m + 1) if isinstance(x, Expr) else x for key, x in vars(operator).items()}
    return Operator(**more)


def _all(operator: Operator, times: int) -> Operator:
    return Operator(**{**vars(operator), "times": times})
