"""What the split of a request over accelerators concerns: what attention exchanges, and what does not divide evenly.

The rows of a pass are split over the accelerators that share a sequence. Latent rows are padded to a multiple of their
number. Text rows are split only where attention is over latents and text together and their number divides evenly;
else each accelerator does the work on all of them (xdit2024code: ``split_text_embed_in_sp``).
"""

from collections.abc import Mapping
from functools import lru_cache

from sympy import Expr, Integer, Rational, Symbol

from ...architectures.operators import ATTENTION, LINEAR_ATTENTION, SOFTMAX, Operator
from ...catalog.entries import Model
from ...catalog.stages import Stages
from ...equations.equation import Equation, exact
from ...equations.notation import H, N, W, d, ell, g, m, n_frames, n_latent, n_ref
from ...equations.parallel.symbols import Q_attn, crossed, everywhere, gathered, n_attn, pad_attn, pad_dense, pad_elem
from ...numerics.functions import compiled
from ..counting import latent_size
from ..work import BYTES_PER_ELEMENT, work_of_a_pass

LABEL = "operator list, split"
ONE_DECODES = frozenset({
    "PixArtTransformer2DModel", "SD3Transformer2DModel", "FluxTransformer2DModel", "HunyuanDiT2DModel",
    "LatteTransformer3DModel", "CogVideoXTransformer3DModel", "SanaTransformer2DModel",
})  # fmt: skip
"""Classes whose pipelines in xDiT are its own and decode on the last accelerator alone; the others run diffusers'
pipeline on every accelerator, and so all of them decode (xdit2024code)."""

PASSED_ON = ONE_DECODES - {"FluxTransformer2DModel"} | {"ConsisIDTransformer3DModel", "HunyuanVideoTransformer3DModel"}
"""Classes of whose keys and values, in xDiT's ring attention, each accelerator sends its part to the next. The others
gather all parts at once, as PyTorch's ring attention and diffusers' do (xdit2024code: ``xFuserLongContextAttention``
and ``USP``)."""
CROSSED = frozenset({"WanTransformer3DModel"})
"""Classes that send attention to the text through the same exchanges (xdit2024code: ``xFuserWanAttnProcessor``)."""
PADDED = (pad_dense, pad_attn, pad_elem, everywhere, crossed, gathered)
"""What a split makes of a request, as numbers."""


def equations(model: Model, numbers: Mapping[Symbol, float], sharing: int) -> tuple[Equation, ...]:
    """What a split over ``sharing`` accelerators to a sequence adds to the work of a request.

    >>> from ...catalog.loading import load
    >>> from ..request import resolve_request
    >>> model = load().model("sd3.5-medium")
    >>> [x.lhs.name for x in equations(model, resolve_request(model, {})[0], 8)]
    ['Q_attn', 'n_attn', 'pad_dense', 'pad_attn', 'pad_elem', 'everywhere', 'crossed', 'gathered']
    """
    if model.networks is None:
        return _of_flags()
    networks = model.networks()
    sizes = tuple(int(numbers.get(x, 0)) for x in (H, W, n_frames, m, n_ref))
    moved, layers = exchanged(networks, sizes[4] > 0)
    rows = {m: _text_rows(networks, sizes[3]), n_ref: Integer(sizes[4])}
    name = type(networks.denoiser).__name__
    flags = (Integer(x) for x in (name not in ONE_DECODES, name in CROSSED, name not in PASSED_ON))
    found = zip(PADDED, (*padding(networks, sizes, sharing), *flags), strict=True)
    return (
        Equation(LABEL, Q_attn, BYTES_PER_ELEMENT * moved.xreplace(rows)), Equation(LABEL, n_attn, layers),
        *(Equation(LABEL, x, value) for x, value in found),
    )  # fmt: skip


def _of_flags() -> tuple[Equation, ...]:
    """The same of a model that is known by its flags alone: one attention to a block, and no padding."""
    return (
        Equation(LABEL, Q_attn, BYTES_PER_ELEMENT * 4 * N * d * ell), Equation(LABEL, n_attn, N),
        *(Equation(LABEL, x, Integer(x != crossed)) for x in PADDED),
    )  # fmt: skip


def _text_rows(networks: Stages, text: int) -> Expr:
    return Rational(networks.denoiser.text_rows(text), text) * m if text else m


def _over_all_rows(x: Operator) -> bool:
    """Whether an operator is attention of latent rows to latent rows, with text or without; linear attention is."""
    if x.kind == LINEAR_ATTENTION:
        return True
    if x.kind != ATTENTION or x.elementwise == 0:
        return False
    rows = Integer(1) * x.rows
    keys = (Integer(1) * x.elementwise / SOFTMAX / rows).cancel()
    return bool(rows.has(ell) and keys.has(ell))


def is_joint(networks: Stages) -> bool:
    """Whether attention is over latents and text together."""
    return any(_over_all_rows(x) and (Integer(1) * x.rows).has(m) for x in networks.denoiser.operators())


@lru_cache(maxsize=256)
def exchanged(networks: Stages, references: bool) -> tuple[Expr, Expr]:
    """Elements of queries, keys, values and outputs in a pass of one output, and layers that have them.

    Attention within frames, or heads one by one, is several products in one layer; where the request has the number of
    frames, what stands before it counts layers. Of the products of linear attention, that with the queries counts.
    """
    moved = layers = Integer(0)
    for x in networks.denoising(references):
        if _over_all_rows(x):
            moved += Integer(1) * x.times * x.moved
            of_one_frame = int((Integer(1) * x.times).xreplace({n_latent: Integer(1)}))
            many = min(of_one_frame, int(networks.denoiser.blocks))
            layers += Integer(many if x.kind != LINEAR_ATTENTION or x.name.endswith("scores_queries") else 0)
    return moved, layers


@lru_cache(maxsize=512)
def padding(networks: Stages, sizes: tuple[int, ...], sharing: int) -> tuple[Expr, Expr, Expr]:
    """Products, attention and bytes of all accelerators together, over those of one: rows padded, text not split."""
    if sharing == 1:
        return Integer(1), Integer(1), Integer(1)
    height, width, frames, text, references = sizes
    latent, tokens = (int(x) for x in latent_size(networks, height, width, frames))
    whole = split_evenly(networks, text, sharing)
    here = {
        H: height, W: width, n_frames: frames, n_latent: -(-latent // networks.denoiser.patch_frames), ell: tokens,
        m: text, n_ref: references, g: 1,
    }  # fmt: skip
    all_of_them = {**here, ell: sharing * -(-tokens // sharing), m: text if whole else sharing * text}
    parts = work_of_a_pass(networks, text, references, 1)
    function = compiled((parts["dense"], parts["moved"]))
    dense, elementwise = (split / one for one, split in zip(function(here), function(all_of_them), strict=True))
    attention = _attention_padding(networks, references > 0, {**here, m: networks.denoiser.text_rows(text)}, {
        **all_of_them, m: networks.denoiser.text_rows(text) * (1 if whole else sharing),
    })  # fmt: skip
    return exact(round(dense, 12)), exact(round(attention, 12)), exact(round(elementwise, 12))


def _attention_padding(
    networks: Stages, references: bool, here: Mapping[Symbol, int], all_of_them: Mapping[Symbol, int]
) -> float:
    """Attention of all accelerators over that of one: each has all keys, and its part of the queries; of a text that is
    not split, all of them.
    """
    softmax = [x for x in networks.denoising(references) if x.kind == ATTENTION and x.elementwise]
    if not softmax:
        return 1.0
    found = []
    for x in softmax:
        one = float((Integer(1) * x.times * x.flop).subs(here))
        rows, split = (float((Integer(1) * x.rows).subs(at)) for at in (here, all_of_them))
        found.append((one, one * max(split / rows, 1.0)))
    return sum(split for _, split in found) / sum(one for one, _ in found)


def split_evenly(networks: Stages, text: int, sharing: int) -> bool:
    """Whether the text rows of a request are split over so many accelerators."""
    return is_joint(networks) and networks.denoiser.text_rows(text) % sharing == 0
