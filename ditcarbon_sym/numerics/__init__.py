"""Numbers from expressions: sympy's ``lambdify``, in blocks, on threads, in numba's loop, or on dask.

Read `functions` first: one function of their symbols. `blocks` runs it on large arrays, `fused` compiles it, and
`chunked` runs it on dask arrays.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
