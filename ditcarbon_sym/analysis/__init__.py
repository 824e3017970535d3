"""Questions about one request, or a few: what matters, what if, which of them, and in which closed form.

`sensitivity` has elasticities, ranges and the tornado, `variance` the Sobol indices beside them. `inversion` solves for
an input; `comparison` puts requests side by side; `forms` shows a model's closed forms. All start from an
`estimation.point.OperatingPoint`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
