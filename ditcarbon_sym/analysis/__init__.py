"""Questions about one request, or a few: what matters, what if, which of them, and in which closed form.

`questions` has them as users ask them. `knobs` says what can be turned; `sensitivity` has elasticities, ranges and the
tornado, `variance` the Sobol indices beside them, with constants drawn by `sampling`. `inversion` solves for an input,
by `roots` and estimates; `comparison` puts requests side by side. `forms` shows closed forms, those of a released
network by `operator_forms` out of `symbolic`. All start from an `estimation.point.OperatingPoint`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
