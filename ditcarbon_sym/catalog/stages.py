"""The stages of a generation pipeline as networks: text encoders, denoiser, VAE decoder.

``shipped`` makes them from the released configurations: a file each in ``data/pipelines``, which names its VAE and text
encoders, in ``data/vaes`` and ``data/text_encoders``. These hold the fields of the release's config.json that shape the
network. `diffusers` makes stages from a folder of the user's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

from sympy import Expr, Integer

from ..architectures import ELSEWHERE, network_class
from ..architectures.decoders.sound.film import with_sound
from ..architectures.network import Decoder, Denoiser, Network
from ..architectures.operators import Operator, Size, repeated
from ..architectures.text_encoders.encoder import Encoder
from ..equations.notation import m, n_ref
from .files import shipped_names, shipped_table

TEXT, DENOISER, DECODER = "text_encoder", "denoiser", "vae_decoder"
STAGES = (TEXT, DENOISER, DECODER)
"""Stages of every pipeline."""
CONTROL, ENCODER = "controlnet", "vae_encoder"
BESIDE = (CONTROL, ENCODER)
"""Stages of some pipelines: beside the denoiser, once a step, and for images that they are given."""
DISTILLED = "is_distilled = true"
"""What an index says of a pipeline that takes one pass a step."""
NAMED = "its name says "
"""How a sign of distillation begins that is a word of the release's name."""
EXPANDED = "ExpandedTimesteps"
"""Suffix of the class of a network that is fed with a timestep for each token, which the pipeline's index asks for."""
REFERENCES: Mapping[str, tuple[int, int]] = {
    "FluxKontextPipeline": (1, 0), "FluxKontextInpaintPipeline": (1, 0),
    "QwenImageEditPipeline": (1, 1369), "QwenImageEditInpaintPipeline": (1, 1369),
    "QwenImageEditPlusPipeline": (1, 196), "JoyImageEditPipeline": (1, 1024), "JoyImageEditPlusPipeline": (1, 1024),
}  # fmt: skip
"""Pipelines that append reference images to the latent: how many at least, and the tokens that each adds to the prompt.
Qwen2.5-VL makes a token of 28 x 28 pixels: of 1024 x 1024, 37 x 37, of 384 x 384, 14 x 14; Qwen3-VL of 32 x 32
(diffusers: pipeline_qwenimage_edit.py, calculate_dimensions; pipeline_qwenimage_edit_plus.py, CONDITION_IMAGE_SIZE;
transformers: smart_resize, to the nearest multiple)."""
ENCODED: Mapping[str, int] = {"FluxFillPipeline": 1, "QwenImageLayeredPipeline": 1}
"""Pipelines that encode so many images of the output's size, which enter the network as channels or latent rows."""


@dataclass(frozen=True)
class TextStage:
    """A text encoder and the tokens it is fed: a fixed number, or the denoiser's text tokens and ``extra`` more.

    ``negative`` tells whether guidance encodes a negative prompt, too; ``negative_extra`` its extra tokens.

    >>> [x.name for x in shipped("flux.1-dev").text]
    ['clip-vit-l-14', 't5-v1.1-xxl']
    """

    name: str
    network: Encoder
    fixed: int | None = None
    extra: int = 0
    negative: bool = True
    negative_extra: int | None = None

    def tokens(self) -> Expr:
        """Its tokens for the prompt, in m."""
        return m + self.extra if self.fixed is None else Integer(self.fixed)

    def negative_tokens(self) -> Expr:
        """Its tokens for the negative prompt, in m."""
        return self.tokens() if self.negative_extra is None else m + self.negative_extra


@dataclass(frozen=True, eq=False)
class Stages:
    """The networks of one pipeline; equal to itself alone.

    ``text`` is empty where nothing reads text. A stage that is None is not known, and ``absent`` says why. ``copies``
    counts denoisers of this configuration that take turns over the steps. ``assumed_factors`` are those of the VAE
    where it is not known. ``warnings`` belong into every answer; ``remarks``, on where a release's fields come from,
    into its basis. ``signs`` are what the files say of distillation. ``shared_with`` names other releases of the same
    configuration with what they request.
    ``control`` runs beside the denoiser. ``references`` is how many images are appended to the latent where the user
    does not say, ``image_tokens`` what each adds to the prompt; ``images`` of the output's size are encoded besides.

    >>> shipped("flux.1-dev").factors
    (8, 1)
    """

    name: str
    denoiser: Denoiser
    decoder: Decoder | None
    text: tuple[TextStage, ...] | None
    absent: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    copies: int = 1
    assumed_factors: tuple[int, int] | None = None
    warnings: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    shared_with: tuple[str, ...] = ()
    control: Network | None = None
    references: int = 0
    image_tokens: int = 0
    images: int = 0

    @property
    def distilled(self) -> bool:
        """Whether the pipeline says that a step takes one pass."""
        return DISTILLED in self.signs

    @property
    def least_text(self) -> int:
        """The fewest text tokens that leave no encoder with less than none."""
        return max((-stage.extra for stage in self.text or () if stage.fixed is None), default=0)

    @property
    def most_text(self) -> int | None:
        """The most text tokens that no encoder cuts off; None where none has a length that is known."""
        known = (stage for stage in self.text or () if stage.fixed is None and stage.network.longest is not None)
        return min(((stage.network.longest or 0) - stage.extra for stage in known), default=None)

    @property
    def factors(self) -> tuple[int, int]:
        """Downsampling of the VAE in space and time."""
        if self.decoder is None:
            return self.assumed_factors or self.denoiser.vae_factors
        return self.decoder.spatial_factor, self.decoder.temporal_factor

    @property
    def reference_rows(self) -> int:
        """Latent tokens that a reference image adds; 0 where none can be appended."""
        return self.denoiser.reference_rows(self.factors[0])

    def denoising(self, references: bool) -> list[Operator]:
        """A pass of the denoiser; with ``references`` its rows hold the tokens of n_ref images."""
        return self.denoiser.operators_with_references(self.factors[0]) if references else self.passes[DENOISER][0]

    def operators(self, references: bool = False) -> dict[str, list[Operator]]:
        """The operators of each known stage, one pass each; those of several text encoders are named after them."""
        found: dict[str, list[Operator]] = {}
        if self.text is not None:
            found[TEXT] = [x for stage in self.text for x in _placed(stage)]
            found[TEXT] += [x for stage in self.text for x in self.seen(stage)] if references else []
        found[DENOISER] = self.denoising(references)
        if self.control is not None:
            found[CONTROL] = self.control.operators()
        if (references or self.images) and self.encoder is not None:
            found[ENCODER] = self.encoder
        if self.decoder is not None:
            found[DECODER] = self.decoder.operators()
        return found

    def seen(self, stage: TextStage) -> list[Operator]:
        """What the vision tower of a text encoder does with n_ref images, each time that it reads a prompt."""
        return repeated("visual", n_ref, stage.network.vision(self.image_tokens)) if self.image_tokens else []

    @cached_property
    def encoder(self) -> list[Operator] | None:
        """The encoding half of the VAE; None where it is not known."""
        return None if self.decoder is None else self.decoder.encoder_operators()

    @cached_property
    def passes(self) -> dict[str, list[list[Operator]]]:
        """One pass of every network of each known stage, in its own tokens."""
        found = {DENOISER: [self.denoiser.operators()]}
        if self.control is not None:
            found[CONTROL] = [self.control.operators()]
        if (self.references or self.images) and self.encoder is not None:
            found[ENCODER] = [self.encoder]
        if self.text is not None:
            found[TEXT] = [stage.network.operators() for stage in self.text]
        if self.decoder is not None:
            found[DECODER] = [self.decoder.operators(), self.decoder.once()]
        return found

    def weights(self) -> dict[str, int | None]:
        """Parameters by stage, all that are loaded; None where a stage is not known."""
        counts: dict[str, int | None] = dict.fromkeys(STAGES)
        for stage, passes in self.passes.items():
            counts[stage] = sum(int(x.times * x.parameters) for operators in passes for x in operators)
        return counts


@cache
def shipped(name: str) -> Stages:
    """Return the stages of a catalogue model from its released configuration; raises `KeyError` if none is shipped."""
    if name not in shipped_ids():
        raise KeyError(name)
    table = released(name)
    kind = table.get("pipeline", "")
    references, image_tokens = REFERENCES.get(kind, (0, 0))
    absent, denoiser, vae = table.get("absent", {}), made(table["transformer"]), table.get("vae")
    sound = tuple(made(shipped_table("vaes", name)) for name in table.get("sound", ()))
    return Stages(
        name=table["name"],
        denoiser=denoiser,
        decoder=with_sound(made(shipped_table("vaes", vae)), sound, denoiser.sound_rows) if vae else None,
        text=None if TEXT in absent else tuple(_text_stage(entry) for entry in table["text_encoders"]),
        absent=absent,
        remarks=tuple(table.get("remarks", ())),
        sources=table["sources"],
        shared_with=tuple(table.get("shared_with", ())),
        references=references,
        image_tokens=image_tokens,
        images=ENCODED.get(kind, 0),
        copies=table.get("copies", 1),
    )


def released(name: str) -> Mapping[str, Any]:
    """The file of a released pipeline as it is written; it is not to be changed."""
    return shipped_table("pipelines", name)


@lru_cache(maxsize=1)
def shipped_ids() -> frozenset[str]:
    """The catalogue models whose released configuration is shipped."""
    return frozenset(shipped_names("pipelines"))


@lru_cache(maxsize=1)
def of_diffusers() -> frozenset[str]:
    """Those whose denoiser diffusers has; the others are described after other published code."""
    return shipped_ids() - {name for kind in ELSEWHERE for name in shipped_classes().get(kind, ())}


@cache
def released_names(name: str) -> tuple[str, ...]:
    """What a shipped pipeline is called: its name, its repositories, and these without their owners."""
    repositories = re.findall(r"[\w.-]+/[\w.-]+", released(name)["repository"])
    return (released(name)["name"], *repositories, *(x.partition("/")[2] for x in repositories))


@lru_cache(maxsize=1)
def shipped_classes() -> Mapping[str, tuple[str, ...]]:
    """Map the class of each released denoiser to the catalogue's models of that class, without making them.

    A release that another one lists under ``shared_with`` says ``lends = false`` and is left out.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(shipped_ids()):
        if (table := released(name)).get("lends", True):
            kind = table["transformer"]["_class_name"]
            found[kind] = (*found.get(kind, ()), name)
    return found


def shipped_as(pipeline: str) -> tuple[str, ...]:
    """The catalogue's models that say that they are run by this class of pipeline."""
    return tuple(name for name in sorted(shipped_ids()) if released(name).get("pipeline") == pipeline)


def made(configuration: Mapping[str, Any]) -> Any:
    """Make a network from a shipped configuration, unchecked; ``_null`` lists its null fields, which TOML lacks."""
    kind = network_class(configuration["_class_name"])
    fields = {key: value for key, value in configuration.items() if key not in ("_class_name", "_null", "sources")}
    fields |= dict.fromkeys(configuration.get("_null", ()))
    return kind(**{key: _tuples(value) for key, value in fields.items() if key not in kind.passed_over})


def text_network(name: str) -> Encoder:
    """Return a text encoder by its id, the name of its file in ``data/text_encoders``."""
    network: Encoder = made(shipped_table("text_encoders", name))
    return network


def at_tokens(operator: Operator, tokens: Size) -> Operator:
    """Return an encoder's operator with the number of its own tokens in place of m."""
    return Operator(**{
        key: value.subs(m, tokens) if isinstance(value, Expr) else value for key, value in vars(operator).items()
    })  # fmt: skip


def _placed(stage: TextStage) -> list[Operator]:
    return [
        Operator(**{**vars(at_tokens(x, stage.tokens())), "block": f"{stage.name}.{x.block}".rstrip(".")})
        for x in stage.network.operators()
    ]


def _text_stage(entry: Mapping[str, Any]) -> TextStage:
    options = {key: value for key, value in entry.items() if key != "network"}
    return TextStage(entry["network"], text_network(entry["network"]), **options)


def _tuples(value: Any) -> Any:
    """Turn lists into tuples: TOML and JSON have lists where a network has tuples."""
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value
