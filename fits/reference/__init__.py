"""The real networks: diffusers' and transformers' classes on the meta device, and what to feed them.

One file per group of families. Each has ``DENOISERS``, ``DECODERS`` or ``ENCODERS``: class name to a function that
makes the arguments of one pass at batch 1. Needs the extra ``verify``; nothing is downloaded and no weights exist.
"""
