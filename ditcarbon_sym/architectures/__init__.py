"""The architectures that people run: from a released configuration to a list of operators, one file for each family.

Read in this order:

* `operators`: what a network is made of, and what each piece costs.
* `layers`, `attentions`, `adaln`: groups of operators that many families share.
* `network`: what every denoiser, decoder and text encoder offers.
* `denoisers`, `decoders`, `text_encoders`: the families; each file says what is special about one.
* `controlnets`: networks that run beside a denoiser.

``network_class`` finds the class of a released configuration; its file is imported only then.
"""

from importlib import import_module
from typing import Any

FAMILIES: dict[str, tuple[str, ...]] = {
    "denoisers.ace_step": ("AceStepTransformer1DModel",),
    "denoisers.allegro": ("AllegroTransformer3DModel",),
    "denoisers.auraflow": ("AuraFlowTransformer2DModel",),
    "denoisers.bria": ("BriaFiboTransformer2DModel", "BriaTransformer2DModel"),
    "denoisers.chroma": ("ChromaTransformer2DModel",),
    "denoisers.cogvideox": ("CogVideoXTransformer3DModel",),
    "denoisers.cogview": ("CogView3PlusTransformer2DModel", "CogView4Transformer2DModel"),
    "denoisers.consisid": ("ConsisIDTransformer3DModel",),
    "denoisers.cosmos": ("CosmosTransformer3DModel",),
    "denoisers.cosmos3": ("Cosmos3OmniTransformer",),
    "denoisers.dit": ("DiTTransformer2DModel",),
    "denoisers.easyanimate": ("EasyAnimateTransformer3DModel",),
    "denoisers.ernie_image": ("ErnieImageTransformer2DModel",),
    "denoisers.flux": ("FluxTransformer2DModel",),
    "denoisers.flux2": ("Flux2Transformer2DModel",),
    "denoisers.flux3": ("Flux3Transformer2DModel",),
    "denoisers.glm_image": ("GlmImageTransformer2DModel",),
    "denoisers.helios": ("HeliosTransformer3DModel",),
    "denoisers.hidream": ("HiDreamImageTransformer2DModel",),
    "denoisers.hunyuan_dit": ("HunyuanDiT2DModel",),
    "denoisers.hunyuan_image": ("HunyuanImageTransformer2DModel",),
    "denoisers.hunyuan_made": ("HunyuanVideo15Transformer3DModel", "HunyuanVideoFramepackTransformer3DModel"),
    "denoisers.hunyuan_video": ("HunyuanVideoTransformer3DModel",),
    "denoisers.ideogram4": ("Ideogram4Transformer2DModel",),
    "denoisers.joy_image": ("JoyImageEditPlusTransformer3DModel", "JoyImageEditTransformer3DModel"),
    "denoisers.kandinsky": ("Kandinsky5Transformer3DModel", "Kandinsky6Transformer3DModel"),
    "denoisers.krea2": ("Krea2Transformer2DModel",),
    "denoisers.latte": ("LatteTransformer3DModel",),
    "denoisers.longcat_audio": ("LongCatAudioDiTTransformer",),
    "denoisers.longcat_image": ("LongCatImageTransformer2DModel",),
    "denoisers.ltx": ("LTXVideoTransformer3DModel",),
    "denoisers.ltx2": ("LTX2VideoTransformer3DModel",),
    "denoisers.lumina2": ("Lumina2Transformer2DModel",),
    "denoisers.lumina_next": ("LuminaNextDiT2DModel",),
    "denoisers.minimax": ("MiniMaxH3Transformer3DModel", "MiniMaxMusic3Transformer1DModel"),
    "denoisers.mochi": ("MochiTransformer3DModel",),
    "denoisers.motif": ("MotifVideoTransformer3DModel",),
    "denoisers.nucleus_image": ("NucleusMoEImageTransformer2DModel",),
    "denoisers.omnigen": ("OmniGenTransformer2DModel",),
    "denoisers.open_sora": ("MMDiTModel", "STDiT", "STDiT3"),
    "denoisers.ovis_image": ("OvisImageTransformer2DModel",),
    "denoisers.pixart": ("PixArtTransformer2DModel",),
    "denoisers.prior": ("PriorTransformer",),
    "denoisers.prx": ("PRXTransformer2DModel",),
    "denoisers.qwen_image": ("QwenImageTransformer2DModel",),
    "denoisers.qwen_image21": ("QwenImage21Transformer2DModel",),
    "denoisers.sana": ("SanaTransformer2DModel",),
    "denoisers.sana_video": ("SanaVideoTransformer3DModel",),
    "denoisers.sd3": ("SD3Transformer2DModel",),
    "denoisers.spectrogram": ("T5FilmDecoder",),
    "denoisers.stable_audio": ("StableAudio3DiTModel", "StableAudioDiTModel"),
    "denoisers.wan": ("WanTransformer3DModel", "WanTransformer3DModelExpandedTimesteps"),
    "denoisers.wan_animate": ("WanAnimateTransformer3DModel",),
    "denoisers.wan_made": (
        "AnyFlowTransformer3DModel", "ChronoEditTransformer3DModel", "SkyReelsV2Transformer3DModel",
        "WanVACETransformer3DModel",
    ),
    "denoisers.z_image": ("ZImageTransformer2DModel",),
    "controlnets.flux": ("FluxControlNetModel",),
    "controlnets.hunyuan_dit": ("HunyuanDiT2DControlNetModel",),
    "controlnets.qwen_image": ("QwenImageControlNetModel",),
    "controlnets.sana": ("SanaControlNetModel",),
    "controlnets.sd3": ("SD3ControlNetModel",),
    "controlnets.z_image": ("ZImageControlNetModel",),
    # VAE decoders
    "decoders.allegro": ("AutoencoderKLAllegro",),
    "decoders.cogvideox": ("AutoencoderKLCogVideoX",),
    "decoders.dc": ("AutoencoderDC",),
    "decoders.hunyuan.video": ("AutoencoderKLHunyuanVideo",),
    "decoders.hunyuan.video15": ("AutoencoderKLHunyuanVideo15",),
    "decoders.hunyuan.image": ("AutoencoderKLHunyuanImage",),
    "decoders.kl": ("AutoencoderKL", "AutoencoderKLFlux2"),
    "decoders.ltx.video": ("AutoencoderKLLTXVideo",),
    "decoders.ltx.video2": ("AutoencoderKLLTX2Video",),
    "decoders.magvit": ("AutoencoderKLMagvit",),
    "decoders.minimax_h3": ("AutoencoderKLMiniMaxH3",),
    "decoders.mochi": ("AutoencoderKLMochi",),
    "decoders.open_sora": ("OpenSoraVAE_V1_2",),
    "decoders.qwen_image": ("AutoencoderKLQwenImage", "AutoencoderKLQwenImage21"),
    "decoders.wan": ("AutoencoderKLWan",),
    "decoders.sound.ltx2": ("AutoencoderKLLTX2Audio",),
    "decoders.sound.ltx2_vocoder": ("LTX2Vocoder", "LTX2VocoderWithBWE"),
    "decoders.sound.minimax_h3": ("AutoencoderKLMiniMaxH3Audio",),
    "decoders.sound.mmaudio": ("MMAudioVAE", "MMAudioVocoder"),
    "decoders.sound.oobleck": ("AutoencoderOobleck",),
    "decoders.sound.oobleck_made": ("LongCatAudioDiTVae", "MiniMaxMusic3Vocoder"),
    "decoders.sound.same": ("AutoencoderSAME",),
    # text encoders, and what works on their rows once
    "text_encoders.ace_step": ("AceStepConditionEncoder",),
    "text_encoders.clip": ("BertModel", "CLIPTextModel", "CLIPTextModelWithProjection"),
    "text_encoders.gemma": ("Gemma3ForConditionalGeneration", "T5Gemma2Encoder", "T5GemmaEncoderModel"),
    "text_encoders.language_models": (
        "Gemma2Model", "GemmaModel", "GlmModel", "LlamaForCausalLM", "LlamaModel", "Qwen3ForCausalLM", "Qwen3Model",
        "SmolLM3ForCausalLM",
    ),
    "text_encoders.ltx2": ("LTX2TextConnectors",),
    "text_encoders.t5": ("T5EncoderModel", "UMT5EncoderModel"),
    "text_encoders.vision_language": (
        "Mistral3ForConditionalGeneration", "Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration",
        "Qwen3VLConditioner", "Qwen3VLForConditionalGeneration",
    ),
}  # fmt: skip
"""File of a family to the released classes that it holds."""

MODULES: dict[str, str] = {name: module for module, names in FAMILIES.items() for name in names}
"""Released class to the file that it is in."""

ELSEWHERE = (*FAMILIES["denoisers.open_sora"], *FAMILIES["decoders.open_sora"])
"""Classes that diffusers has not: they are counted with the code that was published."""


def network_class(name: str) -> Any:
    """Return the class of this name; raises `KeyError` if there is none.

    >>> network_class("FluxTransformer2DModel").__module__
    'ditcarbon_sym.architectures.denoisers.flux'
    """
    return getattr(import_module(f".{MODULES[name]}", __name__), name)
