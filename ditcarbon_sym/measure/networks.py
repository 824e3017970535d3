"""The real networks of a catalogue model: diffusers' and transformers' classes with random weights; no downloads.

The released configurations of the catalogue make them. Before anything is timed, the parameters that torch counts must
be those of the catalogue's exact count.
"""

import math
import random
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from ..catalog import stages
from ..catalog.files import DATA, read_toml
from ..errors import InputError
from ..estimation.memory import ONE_AFTER_ANOTHER
from .inputs import image, made as others, packed, sound, text, video, wan
from .inputs.tensors import made

FILM = {**video.DENOISERS, **wan.DENOISERS, **others.DENOISERS, **sound.DENOISERS}
DENOISERS = {**image.DENOISERS, **packed.DENOISERS, **FILM}
DECODERS = {**image.DECODERS, **packed.DECODERS, **video.DECODERS, **sound.DECODERS}
RELEASED_AS, PATCHES = video.RELEASED_AS, {**packed.PATCHES, **video.PATCHES}
TEXT_HALF = {
    "Gemma3ForConditionalGeneration": "gemma3_text", "Mistral3ForConditionalGeneration": "mistral",
    "Qwen3VLForConditionalGeneration": "qwen3_vl_text",
    "Qwen2VLForConditionalGeneration": "qwen2_vl_text", "Qwen2_5_VLForConditionalGeneration": "qwen2_5_vl_text",
    "T5Gemma2Encoder": "t5gemma2_text",
}  # fmt: skip
"""Classes whose text half has a configuration of its own, and its type."""
ENCODER_HALF = ("T5GemmaEncoderModel",)
"""Classes whose encoder has a configuration apart from the decoder's."""
UNSAID = {"T5Gemma2Encoder": {"dropout_rate": 0.0}}
"""Fields of a text half without which a class cannot be made, and which change nothing here."""
HEADLESS = {"Qwen3VLConditioner": "Qwen3VLForConditionalGeneration"}
"""Our own names for classes whose output head does not run, and the released names."""
INSIDE = {
    "AceStepConditionEncoder": "ace_step", "LTX2TextConnectors": "ltx2", "LTX2Vocoder": "ltx2",
    "LTX2VocoderWithBWE": "ltx2",
}  # fmt: skip
"""Classes that diffusers keeps with a pipeline, and which."""
VISION = "vision_"
"""How the fields of a vision tower begin in the catalogue."""
BLOCK = 2**20
SPREAD = 0.02
"""Random weights: a block of this many normal values of this spread, repeated, wherever the class draws its own."""
Pass = Callable[[], Any]


def configuration(model: str) -> Mapping[str, Any]:
    """The released configuration of a model's denoiser."""
    found: Mapping[str, Any] = read_toml(DATA / "pipelines" / f"{model}.toml")["transformer"]
    return found


def released(kind: str) -> Any:
    """The class of diffusers that a network's configuration names."""
    name = RELEASED_AS.get(kind, kind)
    return getattr(import_module(f"diffusers.pipelines.{INSIDE[name]}" if name in INSIDE else "diffusers"), name)


def build(fields: Mapping[str, Any]) -> Any:
    """Make a diffusers network from its configuration, on torch's current device and in its current precision."""
    known = {key: value for key, value in fields.items() if not key.startswith("_") and key != "sources"}
    known |= dict.fromkeys(fields.get("_null", ()))
    with warnings.catch_warnings():  # decoders of sound norm their weights in a way that torch warns of
        warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm` is deprecated", FutureWarning)
        return released(fields["_class_name"])(**known).eval()


def build_encoder(fields: Mapping[str, Any]) -> Any:
    """Make a transformers network from its configuration, on torch's current device and in its current precision."""
    import transformers

    name = fields["_class_name"]
    if name in INSIDE:
        return build(fields)
    if name in HEADLESS:
        net = build_encoder({**fields, "_class_name": HEADLESS[name]})
        net.forward = net.model.forward
        return net
    own = {key: x for key, x in fields.items() if key not in ("_class_name", "sources") and not key.startswith(VISION)}
    cls = getattr(transformers, name)
    if name in ENCODER_HALF:
        return cls(cls.config_class(encoder=own, is_encoder_decoder=False)).eval()
    if name not in TEXT_HALF:
        return cls(cls.config_class(**own)).eval()
    half = {"model_type": TEXT_HALF[name], "tie_word_embeddings": False, **UNSAID.get(name, {}), **own}
    vision = {key.removeprefix(VISION): x for key, x in fields.items() if key.startswith(VISION)}
    beside = {"vision_config": vision or None, "tie_word_embeddings": half["tie_word_embeddings"]}
    return cls(cls.config_class(text_config=half, **beside)).eval()


def parameters(modules: Iterable[Any]) -> int:
    """Parameters of modules, each tensor once; of a VAE, those that decode."""
    modules = [part for x in modules for part in (decoding_parts(x) if type(x).__name__ in DECODERS else [x])]
    tensors = {id(x): x for module in modules for x in module.parameters()}
    return sum(int(x.numel()) for x in tensors.values())


def random_weights(device: str, dtype: Any, make: Callable[[], Any]) -> Any:
    """Make a network on a device, its weights from a block of random values instead of each class's slow draw.

    What an accelerator draws depends on the values that it multiplies. So each tensor begins at a place of its own in
    the block, or projections and blocks would be alike and all tokens become one; and weights have a spread that keeps
    activations as large as they came.
    """
    import torch

    before = torch.get_default_dtype()
    block = torch.randn(2 * BLOCK, device=device).to(dtype)
    start_at = random.Random(0)

    def fill(tensor: Any) -> Any:
        with torch.no_grad():
            flat = tensor.view(-1) if tensor.is_contiguous() else tensor.reshape(-1)
            spread = tensor[0].numel() ** -0.5 if tensor.dim() > 1 else SPREAD
            first = start_at.randrange(BLOCK)
            for start in range(0, flat.numel(), BLOCK):
                part = flat[start : start + BLOCK]
                torch.mul(block[first : first + part.numel()], spread, out=part)
        return tensor

    class Filled(torch.overrides.TorchFunctionMode):  # type: ignore[misc]  # torch has no types here
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(function, "__name__", "") in DRAWS:
                return fill(args[0] if args else kwargs["tensor"])
            return function(*args, **(kwargs or {}))

    try:
        torch.set_default_dtype(dtype)
        with torch.device(device), Filled():
            return _precise(make().to(device).requires_grad_(False), dtype)
    finally:
        torch.set_default_dtype(before)


def _precise(net: Any, dtype: Any) -> Any:
    """Weights as the released pipelines load them: in ``dtype``, but for the modules that the class keeps in 32 bits.

    Buffers stay as the class makes them.
    """
    import torch

    kept = _kept_in_32_bits(net, dtype == torch.bfloat16)
    for name, weight in net.named_parameters():
        if weight.is_floating_point():
            weight.data = weight.data.to(torch.float32 if kept & set(name.split(".")) else dtype)
    return net


def _kept_in_32_bits(net: Any, bfloat: bool) -> set[str]:
    """Return the modules that a class loads in 32 bits whatever is asked for.

    diffusers keeps those that the class names. transformers, asked for bfloat16, whose range is that of 32 bits, keeps
    only those that the class names as strict.
    """
    kept, strict = (set(getattr(net, f"_keep_in_fp32_modules{x}", None) or ()) for x in ("", "_strict"))
    return strict if bfloat and hasattr(net, "_keep_in_fp32_modules_strict") else kept | strict


DRAWS = frozenset({
    "uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_",
})  # fmt: skip
"""Functions of torch that draw random weights, one number after another."""


def denoiser(model: str, device: str, dtype: Any) -> Any:
    """The denoiser of a catalogue model with random weights; raises `InputError` if it is not as large as counted."""
    fields = configuration(model)
    net = random_weights(device, dtype, lambda: build(fields))
    _demand_as_counted(model, stages.DENOISER, parameters([net]))
    PATCHES.get(fields["_class_name"], _untouched)(net)
    sharpened(net)
    return net


SHARP = frozenset({"to_q", "to_k", "add_q_proj", "add_k_proj", "norm_q", "norm_k", "norm_added_q", "norm_added_k"})
"""Weights of queries and keys, by their modules' names in diffusers."""


def sharpened(net: Any) -> None:
    """Double queries and keys, so that the softmax prefers some tokens; else every token becomes the mean of all."""
    import torch

    with torch.no_grad():
        for name, weight in net.named_parameters():
            if SHARP & set(name.split(".")) and name.endswith("weight"):
                weight.mul_(2)


def _demand_as_counted(model: str, stage: str, found: int) -> None:
    counted = stages.shipped(model).weights()[stage]
    if found != counted:
        words = f"the {stage.replace('_', ' ')} of {model}"
        raise InputError(f"{words} has {found:,} parameters by torch, {counted:,} in the catalogue: not measured")


def _untouched(net: Any) -> None:
    """Leave a network as it is, as most classes need no change."""


def denoising(model: str, net: Any, size: Mapping[str, int], device: str, dtype: Any) -> Pass:
    """One denoising step: every guidance pass, in one batch or one after another as the released pipeline has them."""
    networks, kind = stages.shipped(model), configuration(model)["_class_name"]
    space, time = networks.factors
    frames = size["frames"]
    latent = (frames - 1) // time + 1 if networks.denoiser.is_video else frames
    if networks.decoder is not None and networks.denoiser.is_video:
        latent = int(networks.decoder.latent_frames(frames))
    depth = networks.denoiser.patch_frames * math.ceil(latent / networks.denoiser.patch_frames)
    apart = kind in ONE_AFTER_ANOTHER
    batch = size["batch"] * (1 if apart else size["guidance"])
    sizes = (batch, size["height"] // space, size["width"] // space, depth, size["text_tokens"])
    inputs = made(DENOISERS[kind](net, *sizes), device, dtype)
    passes = size["guidance"] if apart else 1

    def step() -> None:
        for _ in range(passes):
            net(**inputs)

    return step


def decoder(model: str, device: str, dtype: Any) -> Any:
    """The VAE of a catalogue model; its decoding half must be as large as counted."""
    table = read_toml(DATA / "pipelines" / f"{model}.toml")
    fields = read_toml(DATA / "vaes" / f"{table['vae']}.toml")
    net = random_weights(device, dtype, lambda: build(fields))
    _demand_as_counted(model, stages.DECODER, parameters([net]))
    return net


def decoding_parts(net: Any) -> list[Any]:
    """The modules of a VAE that decode; a vocoder, which has no encoder, is one as a whole."""
    net = getattr(net, "vae", net)
    if getattr(net, "decoder", None) is None:
        return [net]
    parts = (getattr(net, name, None) for name in ("decoder", "post_quant_conv", "dec_in_proj"))
    return [part for part in parts if part is not None]


def decoding(model: str, net: Any, size: Mapping[str, int], device: str, dtype: Any) -> Pass:
    """Decoding a batch."""
    import torch

    networks, kind = stages.shipped(model), type(net).__name__
    space, time = networks.factors
    latent = (size["frames"] - 1) // time + 1
    sides = (size["height"] // space, size["width"] // space)
    z = made(DECODERS[kind](net, size["batch"], *sides, latent), device, dtype)
    if kind == "AutoencoderKLAllegro":  # its pipeline decodes in tiles, and the class cannot otherwise
        net.enable_tiling()
    if kind in ("AutoencoderKLLTX2Video", "AutoencoderKLLTXVideo") and net.config.timestep_conditioning:
        step = torch.zeros(1, device=device, dtype=dtype)
        return lambda: net.decode(z, step)
    return lambda: net.decode(z)


def encoders(model: str, device: str, dtype: Any) -> list[Any]:
    """The text encoders of a catalogue model, in order; together they must be as large as counted."""
    named = read_toml(DATA / "pipelines" / f"{model}.toml")["text_encoders"]
    known = [read_toml(DATA / "text_encoders" / f"{x['network']}.toml") for x in named]
    nets = [random_weights(device, dtype, partial(build_encoder, table)) for table in known]
    _demand_as_counted(model, stages.TEXT, parameters(nets))
    return nets


def encoding(model: str, nets: list[Any], size: Mapping[str, int], device: str) -> Pass:
    """Encoding the prompts of a batch, and the negative ones where guidance needs them."""
    from ..equations.notation import m

    lengths: list[tuple[Any, int]] = []
    for stage, net in zip(stages.shipped(model).text or (), nets, strict=True):
        lengths.append((net, int(stage.tokens().subs(m, size["text_tokens"]))))
        if size["guidance"] > 1 and stage.negative:
            lengths.append((net, int(stage.negative_tokens().subs(m, size["text_tokens"]))))
    fed = [(net, read_by(net, size["batch"], tokens, device)) for net, tokens in lengths]

    def encode() -> None:
        for net, inputs in fed:
            net(**inputs)

    return encode


def read_by(net: Any, batch: int, tokens: int, device: str) -> dict[str, Any]:
    """What a text encoder is fed: random tokens, or what a network takes that reads the rows of another."""
    import torch

    kind = type(net).__name__
    if kind in text.ENCODERS:
        found: dict[str, Any] = made(text.ENCODERS[kind](net, batch, tokens), device, net.dtype)
        return found
    return {"input_ids": torch.randint(0, net.config.get_text_config().vocab_size, (batch, tokens), device=device)}
