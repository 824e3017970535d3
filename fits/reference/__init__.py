"""The real networks on the meta device: their inputs, and what is needed to count them without values.

``ditcarbon_sym.measure``, which runs the denoisers and decoders, describes their inputs. This needs the extra
``verify``. Nothing is downloaded, and no weights exist.
"""
