"""One measured run in the symbols of the operator law: request, accelerator and the work of its operators."""

from collections.abc import Mapping, Sequence

import numpy as np
from sympy import Symbol

from ..catalog.entries import Model
from ..equations.notation import F_VAE, F_attn, F_denoiser, F_dense, F_text, F_total, Q_elem, ell, n_exp, n_launch
from ..estimation import work
from ..estimation.request import resolve_request
from ..numerics.blocks import FloatArray
from ..numerics.functions import compiled

WORK = (F_dense, F_attn, n_exp, Q_elem, n_launch, F_text, F_VAE, F_denoiser, F_total, ell)
"""What a model's operator lists say of a request."""


def values_of_run(
    model: Model, request: Mapping[str, float], device: Mapping[Symbol, float], head_multiple: int = 1
) -> dict[Symbol, float]:
    """All symbols of the law at one run; ``head_multiple`` pads the width of attention heads.

    Raises `InputError` for a request that the model does not take, or a model whose stages are not all known.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> found = values_of_run(load().model("pixart-alpha"), {"resolution": 512}, {})
    >>> f"{found[ell]:.0f} tokens, {found[F_dense]:.4g} FLOP"
    '1024 tokens, 1.085e+12 FLOP'
    """
    numbers, _ = resolve_request(model, request)
    values = {**model.values, **numbers, **device}
    equations = work.equations(model, numbers, head_multiple)
    found = compiled(WORK, tuple((x.lhs, x.rhs) for x in equations))(values)
    return {**values, **{x: float(y) for x, y in zip(WORK, found, strict=True)}}


def columns(runs: Sequence[Mapping[Symbol, float]]) -> dict[Symbol, FloatArray]:
    """Runs as columns, of the symbols that all of them have."""
    shared = set.intersection(*(set(run) for run in runs))
    return {x: np.array([run[x] for run in runs]) for x in shared}
