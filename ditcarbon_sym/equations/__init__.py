"""The mathematics, in sympy alone: no file is read here, no request is checked.

Read in this order: `quantities` and `notation` (every symbol once, with unit and range); `equation` (an equation as a
value); `parameters`, `flops`, `efficiency` and `carbon` (the paper's equations, a line each); `operator_law` (time and
energy from the work of the operators); `parallel` (that of several accelerators); `training`; `pipeline` (their
composition, by route); `derivatives` (exact gradients along the chain); `closed_forms` (what is left of Eq. (1) and
Table 2 for given flags).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
