"""Sound: what its denoisers take. A frame is a latent step; height and width of the latent are 1."""

from collections.abc import Callable, Mapping
from typing import Any

from .image import Inputs
from .tensors import MASK, STEP, Tensor, noise, of, usual


def stable_audio(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    known = net.config
    return {
        **usual(batch, (known.in_channels, frames), (text, known.cross_attention_input_dim)),
        "global_hidden_states": noise(batch, 1, known.global_states_input_dim),
        "rotary_embedding": (noise(frames + 1, known.attention_head_dim // 2),) * 2,
    }  # fmt: skip


def stable_audio_3(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    known = net.config
    return {
        **usual(batch, (known.io_channels, frames), (text, known.cond_token_dim)),
        "encoder_attention_mask": of(MASK, batch, text),
        "global_hidden_states": noise(batch, known.global_cond_dim),
    }  # fmt: skip


def ace_step(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Beside the latent, channels of what is given and of where it is."""
    known = net.config
    latent = known.audio_acoustic_hidden_dim
    return {
        "hidden_states": noise(batch, frames, latent), "timestep": of(STEP, batch), "timestep_r": of(STEP, batch),
        "encoder_hidden_states": noise(batch, text, known.encoder_hidden_size or known.hidden_size),
        "context_latents": noise(batch, frames, known.in_channels - latent),
    }  # fmt: skip


def longcat_audio(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    known = net.config
    return {
        **usual(batch, (frames, known.latent_dim), (text, known.dit_text_dim)),
        "encoder_attention_mask": of(MASK, batch, text), "latent_cond": noise(batch, frames, known.latent_dim),
    }  # fmt: skip


def spectrogram(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Rows of the notes, with their mask."""
    known = net.config
    return {
        "encodings_and_masks": [(noise(batch, text, known.d_model), of(STEP, batch, text))],
        "decoder_input_tokens": noise(batch, frames, known.input_dims), "decoder_noise_time": of(STEP, batch),
    }  # fmt: skip


def minimax_music(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """What a language model made of the prompt goes in step by step."""
    known = net.config
    return {
        **usual(batch, (known.in_channels, frames), (frames, known.condition_dim)),
    }  # fmt: skip


def oobleck_latent(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.decoder_input_channels, frames)


def latent_dim(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.latent_dim, frames)


def latent_channels(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.latent_channels, frames)


def mel_spectrogram(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.num_mels, frames)


def ltx2_sound(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.latent_channels, frames, net.config.mel_bins // net.mel_compression_ratio)


def ltx2_spectrogram(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    """Both channels of a spectrogram, whose bins are the channels of the network."""
    return noise(batch, net.config.out_channels, frames, net.config.in_channels // net.config.out_channels)


DENOISERS: Mapping[str, Inputs] = {
    "AceStepTransformer1DModel": ace_step,
    "LongCatAudioDiTTransformer": longcat_audio,
    "MiniMaxMusic3Transformer1DModel": minimax_music,
    "StableAudio3DiTModel": stable_audio_3,
    "StableAudioDiTModel": stable_audio,
    "T5FilmDecoder": spectrogram,
}
DECODERS: Mapping[str, Callable[[Any, int, int, int, int], Tensor]] = {
    "AutoencoderKLLTX2Audio": ltx2_sound,
    "AutoencoderKLMiniMaxH3Audio": latent_channels,
    "AutoencoderOobleck": oobleck_latent,
    "AutoencoderSAME": latent_dim,
    "LTX2Vocoder": ltx2_spectrogram,
    "LTX2VocoderWithBWE": ltx2_spectrogram,
    "LongCatAudioDiTVae": latent_dim,
    "MMAudioVAE": latent_channels,
    "MMAudioVocoder": mel_spectrogram,
    "MiniMaxMusic3Vocoder": latent_channels,
}
