"""What a diffusion transformer costs the climate, in closed form, before it runs.

``estimate`` answers one request, ``count`` counts it exactly, ``compare`` puts requests side by side, ``sweep`` runs a
grid of them, ``solve`` finds the input that meets a budget, and ``sensitivity`` says what matters. ``closed_form`` and
``gradient`` give the equations behind all of them. Each name loads its module on first use; ``__init__.pyi`` says where
it lives.

>>> from ditcarbon_sym import estimate
>>> print(f"{estimate('pixart-alpha').total_g.value:.2f} g CO2eq")
0.24 g CO2eq
"""

import lazy_loader

from .version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
