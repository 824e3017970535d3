"""What is known: models, accelerators, data centres and calibrations, each with its sources.

Read in this order: `entries` (what an entry holds), `stages` (the networks of a pipeline), `loading` (the shipped
entries and the user's), `names` (an id, as people type it), `schema` (which entries of the user's are valid).
From a folder of
the user's to a model: `diffusers` (the networks), `index` (what the pipeline says besides), `networks` (the fields of a
configuration), `recognise` (other files), `lending` (which release lends its request). `files` and `csv_table` read and
write. The facts are in ``data/``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
