"""The real networks on the meta device: what they are fed, and what it takes to count them without values.

What the denoisers and decoders take is described once, in ``ditcarbon_sym.measure``, which runs them. Needs the extra
``verify``; nothing is downloaded and no weights exist.
"""
