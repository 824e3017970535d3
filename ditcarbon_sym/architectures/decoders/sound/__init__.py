"""Decoders of sound: from latent steps to a waveform, or to a spectrogram and from there to a waveform.

Begin with `blocks` (convolutions over time and their activations), then `oobleck`, the decoder of Stable Audio Open and
of ACE-Step, and `oobleck_made`, those made of it. `same` decodes with transformer blocks. `vocoder` is what vocoders
share; `ltx2` and `mmaudio` hold the sound of films, and `film` puts it beside their VAE. Rows are in ``n_latent``: of
sound alone a latent frame is a step of the latent.
"""
