"""Decoders of VAEs, one family a file, under the names and fields of diffusers' released classes.

Begin with `blocks` (residual blocks and levels), then `kl`, the decoder of most image models. `hunyuan`, `cogvideox`,
`magvit` and `allegro` are video decoders with the same levels; `mochi` and `ltx` have the same residual blocks. `wan`
works frame by frame, and `qwen_image` is the same; `dc` has linear attention and a latent of high compression. `sound`
holds what decodes sound, alone or beside a film.
"""
