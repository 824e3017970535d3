"""Diffusion transformers, one family a file, under the names and fields of diffusers' released classes.

Begin with `dit`: one stream, modulated in every block. `pixart` adds cross-attention to text and shares the modulation
(so do `allegro`, `latte`, `ltx`, `sana` and `wan`). `sd3` has two streams that attend jointly, `flux` two streams and
then one (so do `flux2`, `chroma`, `hunyuan_video`, `auraflow` and `hidream`; `qwen_image` has two throughout).
`cogvideox` has text and video in one sequence (so does `cogview`). `lumina2` and `z_image` have a norm before and after
each sublayer. `mochi`, `cosmos` and `hunyuan_dit` stand alone.
"""
