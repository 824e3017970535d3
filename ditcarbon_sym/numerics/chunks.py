"""A compiled function on dask arrays: the same operations, chunk by chunk, which is how a sweep leaves one machine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .evaluate import Compiled


def by_chunks(function: "Compiled", given: Sequence[Any], *, fused: bool = False) -> list[Any]:
    """Return a dask array for each result; a chunk is computed as NumPy would compute it, to the last bit.

    Arrays that are not dask's are cut along with those that are; each chunk runs on one thread, since dask has its own.
    """
    import dask.array

    da: Any = dask.array

    arrays = [x if isinstance(x, da.Array) else da.from_array(np.asarray(x, dtype=np.float64), -1) for x in given]
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    from .arrays import varying

    axes = varying(arrays, shape)
    indices = [tuple(range(len(shape) - array.ndim, len(shape))) for array in arrays]
    pairs = [item for array, index in zip(arrays, indices, strict=True) for item in (array, index)]
    stacked: Any = da.blockwise(
        _chunk, (len(shape), *range(len(shape))), *pairs, new_axes={len(shape): len(function.expressions)},
        dtype=np.float64, meta=np.empty((0,) * (len(shape) + 1)), align_arrays=True,
        function=function, axes=axes, fused=fused,
    )  # fmt: skip
    return list(stacked)


def _chunk(*arrays: NDArray[Any], function: "Compiled", axes: tuple[int, ...], fused: bool) -> NDArray[np.float64]:
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    out = np.empty((len(function.expressions), *shape))
    from .arrays import evaluate

    evaluate(function.program(axes), arrays, shape, axes, out=list(out), threads=None if fused else 1, fused=fused)
    return out
