"""From how much work on do two accelerators take less time than one? In closed form."""

import math as numbers

from sympy import Expr, Rational, expand, symbols

from ditcarbon_sym.equations import parallel, pipeline
from ditcarbon_sym.equations.notation import B, S, n_launch, t_launch
from ditcarbon_sym.equations.parallel.symbols import n_gpu, tau_busy, tau_launch, tau_move, tau_pad
from ditcarbon_sym.estimation.point import operating_point

from .steps import Derivation

BUSY, ONE, TWO, MOVED = symbols("b L_1 L_2 x", positive=True)
"""Seconds of work of one accelerator; of launches on one and on two; what two move and pad, over that work."""
QUARTER = Rational(1, 4)
GPU = "h100-sxm-80gb"
MODELS = ("sana-1.5-1.6b", "pixart-sigma", "flux.1-dev", "wan2.1-t2v-1.3b", "hunyuanvideo")


def derive() -> Derivation:
    """b_x^4 = (L_2^4 - L_1^4) / (1 - (1/2 + x)^4): below it the launches decide, and two take longer than one."""
    proof = Derivation(
        "From how much work on two accelerators beat one",
        r"Of a loop that keeps one accelerator busy for $b$ seconds, two take less than one where $b > b_\times = "
        r"\left((L_2^4 - L_1^4) / (1 - (\frac12 + x)^4)\right)^{1/4}$, with $L_1$ and $L_2$ the seconds of launches on "
        r"one and on two, and $x$ what two move and pad over $b$. If $x \ge \frac12$, two never do.",
    )
    proof.say(
        "Each of n accelerators is at work for its share, its part of the padding, and what it moves; meanwhile the "
        "host launches. The larger of the two prevails, smoothly, as fourth powers add:"
    )
    at_work = tau_busy + tau_pad / n_gpu + tau_move
    proof.conclude((tau_launch**4 + at_work**4) ** QUARTER, parallel.steps)
    one, two = loops()
    proof.say("One accelerator has the whole work and nothing to move. Two have half of it each, and $x b$ besides:")
    proof.show(r"\tau_1^4", one)
    proof.show(r"\tau_2^4", two)
    proof.say("Two take less time where the difference is positive,")
    gain = BUSY**4 * (1 - (Rational(1, 2) + MOVED) ** 4) - (TWO**4 - ONE**4)
    proof.check(r"\tau_1^4 - \tau_2^4", gain, one - two)
    proof.say("which is beyond")
    proof.show(r"b_\times", crossover())
    proof.check(r"\tau_1^4 - \tau_2^4", expand(gain.subs(BUSY, crossover())), Rational(0))
    proof.say(
        "The code that splits has more to launch, so that $L_2 > L_1$, and there is work for which two are slower."
    )
    _table(proof)
    return proof


def loops() -> tuple[Expr, Expr]:
    """Fourth powers of the seconds of all steps, on one accelerator and on two."""
    law = parallel.steps.rhs**4
    one = law.subs({tau_busy: BUSY, tau_pad: 0, tau_move: 0, tau_launch: ONE})
    two = law.subs({tau_busy: BUSY / 2, tau_pad: 0, tau_move: MOVED * BUSY, tau_launch: TWO})
    return one, two


def crossover() -> Expr:
    """Seconds of work of one accelerator from which on two take less time."""
    return ((TWO**4 - ONE**4) / (1 - (Rational(1, 2) + MOVED) ** 4)) ** QUARTER


def _table(proof: Derivation) -> None:
    """The numbers of some models, at their released requests and the split that takes least time."""
    rows = []
    for model in MODELS:
        point = operating_point(model, gpu=GPU, gpus=2)
        parts = (tau_busy, tau_pad, tau_move, tau_launch)
        busy, padded, moved, launched = (float(x) for x in pipeline.evaluate(point.values, parts, point.route).values())
        kernels = float(pipeline.evaluate(point.values, (n_launch,), point.route)[n_launch])
        alone = point.values[S] * kernels * point.values[t_launch]
        x = (moved + padded / 2) / (2 * busy)
        at = float(crossover().subs({ONE: alone, TWO: launched, MOVED: x}))
        batches = numbers.ceil(at / (2 * busy / point.values[B]))
        rows.append(
            (model, f"{2 * busy:.3g}", f"{alone:.3g}", f"{launched:.3g}", f"{x:.2f}", f"{at:.3g}", str(batches))
        )
    proof.say(
        f"On `{GPU}`, at released requests, in seconds; work grows with the batch and launches do not, so that the "
        "crossover is also a batch:"
    )
    header = ("model", "$b$", "$L_1$", "$L_2$", "$x$", r"$b_\times$", "two beat one from a batch of")
    proof.tabulate(header, rows)
