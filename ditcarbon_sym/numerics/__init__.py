"""Numbers from expressions: sympy's ``lambdify``, in blocks, on threads, in numba's loop, or on dask.

`functions` writes one function of symbols; `blocks` runs it on large arrays, `fused` in numba, `chunked` in dask.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
