"""What a pipeline's index says besides its components: images it is given, distillation, what is not read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..architectures import MODULES
from ..architectures.network import Network
from .networks import shown
from .stages import CONTROL, DISTILLED as SIGN, ENCODED, NAMED, REFERENCES

INDEX = "model_index.json"
COMPANIONS = ("scheduler", "tokenizer", "feature_extractor", "image_processor", "processor", "safety_checker")
"""Components without weights of note, by how their names begin."""
AFTER_TEXT = {"AceStepConditionEncoder": "condition_encoder", "LTX2TextConnectors": "connectors"}
"""Networks that work on the rows of a text encoder, and their components."""
OF_SOUND = {
    "AutoencoderKLLTX2Audio": "audio_vae", "AutoencoderKLMiniMaxH3Audio": "audio_vae",
    "LTX2Vocoder": "vocoder", "LTX2VocoderWithBWE": "vocoder",
    "MMAudioVAE": "audio_vae", "MMAudioVocoder": "vocoder",
}  # fmt: skip
"""Decoders of the sound of a film, in the order of their work, and their components."""
DISTILLED = "is_distilled"
"""Field of an index: the pipeline takes one pass a step."""
EXPAND = "expand_timesteps"
"""Field of an index: the network is fed with a timestep for each token."""
READ = {DISTILLED, EXPAND, "boundary_ratio", "force_zeros_for_empty_prompt", "requires_safety_checker"}
"""Fields of an index that are read here, or do not change the count."""
FEW_STEPS = ("LCMScheduler", "TCDScheduler", "SCMScheduler")
"""Schedulers made for distilled networks: latent, trajectory and continuous-time consistency."""
TUNED = re.compile(r"(?<![a-z])(?:turbo|schnell|lightning|distill(?:ed)?|lcm|hyper|sprint|flash|fast)(?![a-z])", re.I)
"""Words by which releases with few steps are called."""
GIVEN = re.compile(
    r"Img2Img|Inpaint|Fill|Control|ImageToVideo|Image2Video|VideoToVideo|Video2World|Condition|I2V|Redux|Edit"
)
"""How the names of pipelines say that they are given an image or a video."""


def is_component(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)


def given_images(kind: str, control: Network | None) -> list[str]:
    """Say what of the images that a pipeline is given is not counted."""
    if control is None and kind not in (*REFERENCES, *ENCODED) and GIVEN.search(kind):
        return [f"{kind} is given an image or a video: the work of encoding it is not counted"]
    return []


def left_out(index: Mapping[str, Any], components: Mapping[str, str]) -> list[str]:
    """Name the components that are not counted, and the fields of the index that are not read."""
    counted = {"transformer", "transformer_2", "vae", CONTROL}
    counted |= {name for name in (*AFTER_TEXT.values(), *OF_SOUND.values()) if components.get(name) in MODULES}
    return [
        *(
            f"{shown(name)} ({shown(kind)}) is not counted"
            for name, kind in components.items()
            if not (name in counted or name.startswith((*COMPANIONS, "text_encoder")))
        ),
        *(
            f"{INDEX}: {shown(name)} = {shown(value)} is not read"
            for name, value in index.items()
            if not (name in READ or name.startswith("_") or is_component(value) or not value or value == [None, None])
        ),
    ]


def signs(index: Mapping[str, Any], components: Mapping[str, str]) -> list[str]:
    """What an index says of distillation."""
    scheduler = components.get("scheduler", "")
    return [
        *([SIGN] if index.get(DISTILLED) is True else []),
        *([f"its scheduler is {scheduler}"] if scheduler in FEW_STEPS else []),
    ]


def named_signs(path: Path, configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """What the names of a release say of distillation: its file and folder, and where it was saved from."""
    where = path.resolve()
    names = f"{where.stem} {where.parent.name if path.is_file() else ''} {configuration.get('_name_or_path', '')}"
    return tuple(f"{NAMED}{word!r}" for word in dict.fromkeys(x.lower() for x in TUNED.findall(names)))
