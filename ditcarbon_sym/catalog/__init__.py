"""What is known: models, accelerators, data centres and calibrations, each with its sources.

Read in this order: `entries` (what an entry holds), `files` (reading and writing), `stages` (the networks of a
pipeline), `loading` (the shipped entries and the user's), `schema` (which files of the user's are valid), `diffusers`
(a folder or configuration becomes a model). The facts are in ``data/``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
