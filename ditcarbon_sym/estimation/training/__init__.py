"""Training of a diffusion transformer: what is asked (`asked`), its route and numbers (`route`), the answer (`answer`).

Calibrations are of inference. What changes in training is said in `equations.training`; what it adds to the error is
fitted to published speeds of training (`fits/training.py`) and widens the interval.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
