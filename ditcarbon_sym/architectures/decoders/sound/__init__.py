"""Decoders of sound: from latent steps to a waveform, or to a spectrogram and from there to a waveform.

Begin with `blocks` (convolutions over time and their activations), then `oobleck`, the decoder of Stable Audio Open and
of ACE-Step. Rows are in ``n_latent``: of sound alone a latent frame is a step of the latent.
"""
