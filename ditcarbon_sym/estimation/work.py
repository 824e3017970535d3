"""The work of a request as equations: a model's operator lists in the symbols of the law of time and energy.

Exact at the request they are made for. Where a network rounds (rows padded to a multiple, decoders that work in tiles),
the rounding of that request is kept as a factor, so that the equations stay smooth and can be differentiated.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sympy import Add, Expr, Integer, Mul, Rational, Symbol

from ..architectures.operators import ATTENTION, ELEMENTWISE, NORM, SOFTMAX, Operator, flop
from ..catalog import stages
from ..catalog.entries import Model
from ..catalog.stages import Stages
from ..equations import flops as order, operator_law
from ..equations.equation import Equation, exact
from ..equations.notation import (
    F_VAE,
    NOTATION,
    REQUEST_FIELDS,
    B,
    F_attn,
    F_denoiser,
    F_dense,
    F_text,
    F_total,
    H,
    P,
    Q_elem,
    S,
    W,
    d,
    ell,
    g,
    kappa,
    m,
    n_exp,
    n_frames,
    n_latent,
    n_launch,
    n_ref,
    q_VAE,
)
from ..errors import InputError
from . import work_of_flags
from .counting import decoded, expressions, flops, latent_size, leading_order
from .request import resolve_request

BYTES_PER_ELEMENT = 2
"""Sixteen-bit activations."""


def equations(model: Model, numbers: Mapping[Symbol, float], head_multiple: int) -> tuple[Equation, ...]:
    """Parameters, tokens, work and FLOP of this model's requests; ``head_multiple`` pads the width of attention heads.

    Of a model that is known by its flags alone, they are those of Table 2; a stage that is not known stands in at
    leading order.
    """
    if model.networks is None:
        return work_of_flags.equations(model.values[d], head_multiple)
    networks = model.networks()
    sizes = tuple(int(numbers.get(x, 0)) for x in (H, W, n_frames, m, g, n_ref))
    return _equations(networks, sizes, head_multiple)


def leading_order_notes_of(model: Model) -> tuple[str, ...]:
    """How far the leading order is from the exact count of a model, at the request that it was released with."""
    return leading_order_notes(model, resolve_request(model, {})[0], fitted=False)


def with_model(equation: Equation, model: Model) -> tuple[Equation, tuple[str, ...]]:
    """The equation with a model's numbers in it, and what to beware of: its flags and sizes, or, for the operator law,
    the work of its operators, exact at the request that it was released with.
    """
    numbers, _ = resolve_request(model, {})
    own = equations(model, numbers, 1) if equation.number.startswith(operator_law.LABEL) else ()
    if {x.lhs for x in own} & {*equation.inputs}:
        size = f"{numbers[H]:g} x {numbers[W]:g}" + (f" x {numbers[n_frames]:g} frames" if model.is_video else "")
        told = (
            f"the work of {model.id} is exact at {size}" if model.networks else f"{model.id}: {work_of_flags.words()}"
        )
        return equation.inline(*own), (told,)
    counted = equation.at(model.values)
    if counted == equation:
        parts = {x.lhs for x in operator_law.PARTS} & {*equation.inputs} if own else ()
        what = "in --closed form it has" if parts else f"{model.id} changes nothing"
        return equation, (f"the equation of {equation.lhs} has nothing of a model in it: {what}",)
    flop = equation.lhs not in (P, kappa, ell)
    return counted, leading_order_notes_of(model) if flop else ()


@lru_cache(maxsize=512)
def _equations(networks: Stages, sizes: tuple[int, ...], head_multiple: int) -> tuple[Equation, ...]:
    height, width, frames, text, _, references = sizes
    latent, tokens = (int(x) for x in latent_size(networks, height, width, frames))
    depth = -(-latent // networks.denoiser.patch_frames)
    parts = work_of_a_pass(networks, text, references, head_multiple)
    label = "operator list"
    return (
        Equation(label, P, Integer(networks.weights()[stages.DENOISER] or 0)),
        Equation(label, ell, Rational(tokens, height * width * depth) * H * W * n_latent),
        Equation(label, F_dense, parts["dense"]),
        Equation(label, F_attn, parts["padded"]),
        Equation(label, n_exp, parts["exponentials"]),
        Equation(label, Q_elem, BYTES_PER_ELEMENT * parts["moved"]),
        Equation(label, n_launch, parts["launches"]),
        Equation(label, q_VAE, Integer(networks.decoder.slowdown if networks.decoder is not None else 1)),
        *_one_shot(networks, sizes, latent),
        Equation(label, F_denoiser, B * g * S * (parts["dense"] + parts["attention"])),
        Equation(label, F_total, B * (F_text + F_VAE) + F_denoiser),
    )


def work_of_a_pass(networks: Stages, text: int, references: int, head_multiple: int) -> dict[str, Expr]:
    """Each kind of work in one denoiser pass of one output, at so many text tokens and reference images."""
    padded = Rational(networks.denoiser.text_rows(text), text) * m if text else m
    rows = {m: padded, n_ref: Integer(references)}
    work = _kinds_of_work(networks.denoising(references > 0), head_multiple)
    if networks.control is not None:  # once a step, whereas the denoiser takes g passes
        for name, values in _kinds_of_work(networks.control.operators(), head_multiple).items():
            work[name] += [value / g for value in values]
    return {name: Add(*values).xreplace(rows) for name, values in work.items()}


def _one_shot(networks: Stages, sizes: tuple[int, ...], latent: int) -> list[Equation]:
    """FLOP of the text encoders and of the VAE for one output: of its decoder, and of its encoder where it is given
    images.
    """
    height, width, frames, _, guidance, references = sizes
    text, decoder = [order.text_encoder], [order.latent_pixels, order.vae_decoder]
    if networks.text is not None:  # the negative prompt is encoded where guidance needs one
        parts = expressions(networks, references > 0)
        encoded = parts[stages.TEXT] + (parts["negative"] if guidance > 1 else 0)
        text = [Equation("operator list", F_text, encoded.subs(n_ref, references))]
    if networks.decoder is not None:
        one = _decoded(networks, height, width, frames, latent) + _encoded(networks, references)
        decoder = [Equation("operator list", F_VAE, one)]
    return [*text, *decoder]


def _kinds_of_work(operators: Sequence[Operator], head_multiple: int) -> dict[str, list[Expr]]:
    """Terms of each kind of work, one denoiser pass of one output."""
    found: dict[str, list[Expr]] = {
        name: [] for name in ("dense", "attention", "padded", "exponentials", "moved", "launches")
    }
    for x in operators:
        found["launches"].append(x.calls)
        softmax = x.kind == ATTENTION and x.elementwise != 0
        if softmax:
            exponentials = Integer(1) * x.elementwise / SOFTMAX
            head = (Integer(1) * x.flop / (4 * exponentials)).cancel()
            wide = -(-int(head) // head_multiple) * head_multiple
            found["attention"].append(Mul(x.times, x.flop))
            found["padded"].append(Mul(x.times, x.flop, Rational(wide, int(head))))
            found["exponentials"].append(x.times * exponentials)
        else:
            found["dense"].append(Mul(x.times, x.flop))
        if x.kind in (NORM, ELEMENTWISE):
            found["moved"].append(Mul(x.times, x.moved))
    return found


def _decoded(networks: Stages, height: int, width: int, frames: int, latent: int) -> Expr:
    """FLOP of decoding one output: exact here, and in proportion to pixels and frames around."""
    assert networks.decoder is not None
    expression = expressions(networks, False)[stages.DECODER]
    here = float(decoded(networks.decoder, expression, height, width, latent))
    if math.isnan(here):
        raise InputError(f"{height} x {width} x {frames} frames is smaller than the tiles that the VAE decodes")
    return exact(here) * H * W * n_frames / (height * width * frames)


def _encoded(networks: Stages, references: int) -> Expr:
    """FLOP of encoding the images that a pipeline is given for one output; 0 where the encoder is not known."""
    if not (references or networks.images) or networks.encoder is None:
        return Integer(0)
    expression, side = flop(networks.encoder), math.isqrt(networks.denoiser.reference_pixels)
    one = expression.subs({n_frames: 1, n_latent: 1})
    return references * one.subs({H: side, W: side}) + networks.images * one


NOTABLE = 0.05
"""Relative error of the leading order from which its users are warned of it."""


def leading_order_notes(model: Model, numbers: Mapping[Symbol, float], *, fitted: bool) -> tuple[str, ...]:
    """What to beware of where leading-order FLOP are used: how far they are from the exact count, if that is known."""
    if model.networks is None:
        return ()
    networks = model.networks()
    sizes: Any = {NOTATION[x].field: int(numbers[x]) for x in REQUEST_FIELDS}
    beside = "" if networks.control is None else "; the ControlNet's are left out"
    forward = float(flops(networks, **sizes)["denoiser_forward"])
    error = leading_order(model, numbers, 1, forward)["denoiser_forward_error"]
    if abs(error) <= NOTABLE and not beside:
        return ()
    return (
        f"the leading-order FLOP of a pass{', as the calibration was fitted with,' if fitted else ''} are "
        f"{abs(error):.0%} {'above' if error > 0 else 'below'} the exact count for {model.id}; "
        f"time, energy and carbon carry that error{beside}",
    )
