"""A function on dask arrays: the same operations, chunk by chunk, which is how a sweep leaves one machine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import imported

if TYPE_CHECKING:
    from .functions import Compiled


def by_chunks(function: "Compiled", given: Sequence[Any], *, fused: bool = False) -> list[Any]:
    """Return a dask array for each result. Arrays that are not dask's are cut along with those that are."""
    da = imported("dask.array", "fast", "a chunked array")
    arrays = [x if isinstance(x, da.Array) else da.from_array(np.asarray(x, dtype=np.float64), -1) for x in given]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    pairs = [item for x in arrays for item in (x, tuple(range(len(shape) - x.ndim, len(shape))))]
    return list(da.blockwise(
        _chunk, (len(shape), *range(len(shape))), *pairs, new_axes={len(shape): len(function.expressions)},
        dtype=np.float64, meta=np.empty((0,) * (len(shape) + 1)), align_arrays=True, function=function, fused=fused,
    ))  # fmt: skip


def _chunk(*arrays: NDArray[Any], function: "Compiled", fused: bool) -> NDArray[np.float64]:
    """One chunk, on one thread: dask has its own."""
    return np.stack(function(dict(zip(function.arguments, arrays, strict=True)), threads=1, fused=fused))
