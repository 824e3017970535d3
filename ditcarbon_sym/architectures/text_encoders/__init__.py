"""Text encoders, under the names of transformers' released classes.

Of the many fields of their configurations, those are read that shape the network. `t5` holds the encoders of T5 and
UMT5, `clip` those of CLIP and BERT, `language_models` the decoder-only models, `vision_language` and `gemma` those that
also hold a vision tower. `ace_step` and `ltx2` are networks of diffusers that work once on the rows of an encoder. A
field that a configuration leaves out has the default of the released class.
"""
