"""The weights of the released models, matrix by matrix: what Eq. (1) keeps and what it leaves out.

Structures are those of facebookresearch/DiT (dit2022code: models.py) and of diffusers (vonplaten2022diffusers:
src/diffusers/models/transformers/, files pixart_transformer_2d.py, transformer_sd3.py, cogvideox_transformer_3d.py).
Positions that are computed (sine and cosine) are not trained and not counted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sympy import Expr, Integer, Symbol, symbols

from ditcarbon_sym.equations.notation import N, d, ell, f, m, p, t

from . import block
from .block import ONE_ROW, SQUARE
from .examples import configurations
from .matrices import Linear, Operator, linear, table
from .steps import FLAGS, demand_equal

# Widths and numbers of what enters and leaves the network, and of one head; none of them grows with d or N.
c_in, c_out, q, e, e_pool, head = symbols("c_in c_out q e e_pool d_h", positive=True)
classes, sizes, gains = symbols("n_class n_size n_gain", positive=True)

PATCHES, FINAL = "patch embedding", "final layer"
TIME, CONDITION, SHARED = "timestep embedding", "condition embedding", "adaLN-single"
NORMS, LAST = "norms and scale tables", "last block without text output"
DROPPED = (PATCHES, FINAL, TIME, CONDITION, SHARED, NORMS, LAST)


@dataclass(frozen=True)
class Family:
    """A kind of released model: its flags (s, c, a, j), and every operator of the denoiser."""

    name: str
    flags: tuple[int, int, int, int]
    others: tuple[Operator, ...]

    @property
    def blocks(self) -> tuple[Operator, ...]:
        """The operators of its N blocks, taken as equal."""
        return repeated(block.operators(*self.flags, bias=True))

    @property
    def substitution(self) -> Mapping[Symbol, Expr]:
        """Its flags as values of the package's symbols."""
        return dict(zip(FLAGS, map(Integer, self.flags), strict=True))


def repeated(operators: Iterable[Operator]) -> tuple[Operator, ...]:
    """The same operators in each of N blocks."""
    return tuple(replace(x, weights=N * x.weights, flop=N * x.flop, vectors=N * x.vectors) for x in operators)


def _mlp(group: str, inputs: Expr, width: Expr, rows: Expr = ONE_ROW, count: Expr = ONE_ROW) -> tuple[Operator, ...]:
    return (
        linear(f"{group}, in", group, Linear(inputs, width), rows, count, bias=True),
        linear(f"{group}, out", group, Linear(width, width), rows, count, bias=True),
    )


def _ends() -> tuple[Operator, ...]:
    """Patches in, patches out: the two layers on every token that do not repeat."""
    return (
        linear("patches in", PATCHES, Linear(c_in * p**2, d), ell, bias=True),
        linear("patches out", FINAL, Linear(d, c_out * p**2), ell, bias=True),
    )


def _final_modulation(width: Expr) -> Operator:
    return linear("final modulation", FINAL, Linear(width, 2 * d), ONE_ROW, bias=True)


def dit() -> Family:
    """DiT: conditioned on a class, adaLN-Zero in every block."""
    class_table = table("class table", CONDITION, classes * d)
    return Family("DiT", (0, 0, 1, 0), (*_ends(), *_mlp(TIME, q, d), class_table, _final_modulation(d)))


def pixart() -> Family:
    """PixArt: cross-attention, one modulation shared by all blocks, a table of offsets in each."""
    return Family(
        "PixArt",
        (0, 1, 0, 0),
        (
            *_ends(),
            *_mlp(TIME, q, d),
            *_mlp(CONDITION, e, d, rows=m),
            *_sizes(),
            linear("shared modulation", SHARED, Linear(d, 6 * d), ONE_ROW, bias=True),
            *repeated((table("offsets", NORMS, 6 * d),)),
            table("final offsets", NORMS, 2 * d),
        ),
    )


def _sizes() -> tuple[Operator, ...]:
    """Embeddings of output size and aspect ratio (PixArt-alpha at 1024 has both, PixArt-Sigma none)."""
    return _mlp(CONDITION, q, d / 3, count=sizes)


def mmdit() -> Family:
    """MMDiT (SD3): two streams; the last block makes no text output, having no use for it."""
    missing = Integer(-1)
    return Family(
        "MMDiT",
        (1, 0, 1, 0),
        (
            *_ends(),
            *_mlp(TIME, q, d),
            *_mlp(CONDITION, e_pool, d),
            linear("text in", CONDITION, Linear(e, d), m, bias=True),
            _final_modulation(d),
            *repeated((table("norms of Q and K", NORMS, gains * head),)),
            linear("no text output", LAST, SQUARE, m, missing, bias=True),
            linear("no text MLP up", LAST, Linear(d, f * d), m, missing, bias=True),
            linear("no text MLP down", LAST, Linear(f * d, d), m, missing, bias=True),
            linear("two of six modulations", LAST, Linear(d, 4 * d), ONE_ROW, missing, bias=True),
        ),
    )


def cogvideox() -> Family:
    """CogVideoX: one sequence of text and video tokens, expert adaLN from a narrow conditioning vector."""
    norms = table("norms, and norms of Q and K", NORMS, 4 * d + 4 * head)
    return Family(
        "CogVideoX",
        (0, 0, 1, 1),
        (
            *_ends(),
            *_mlp(TIME, d, t),
            linear("text in", CONDITION, Linear(e, d), m, bias=True),
            _final_modulation(t),
            *repeated((norms,)),
            table("final norms", NORMS, 4 * d),
        ),
    )


FAMILIES: tuple[Callable[[], Family], ...] = (dit, pixart, mmdit, cogvideox)

_IMAGE = {c_in: 4, c_out: 8, q: 256, head: 72}
_SD3 = {c_in: 16, c_out: 16, q: 256, e: 4096, e_pool: 2048, head: 64}
MODELS: Mapping[str, tuple[Callable[[], Family], Mapping[Symbol, int]]] = {
    "dit-xl-2-256": (dit, {**_IMAGE, classes: 1001}),
    "dit-xl-2-512": (dit, {**_IMAGE, classes: 1001}),
    "pixart-alpha": (pixart, {**_IMAGE, e: 4096, sizes: 2}),
    "pixart-sigma": (pixart, {**_IMAGE, e: 4096, sizes: 0}),
    "sd3-medium": (mmdit, {**_SD3, gains: 0}),
    "sd3.5-large": (mmdit, {**_SD3, gains: 4}),
    "cogvideox-2b": (cogvideox, {c_in: 16, c_out: 16, e: 4096, head: 64}),
}
"""Models of the catalogue: their family and widths. SD3 Medium does not normalise Q and K, SD3.5 does."""


@dataclass(frozen=True)
class Released:
    """A model of the catalogue at its default request, with the operators it consists of."""

    name: str
    family: Family
    widths: Mapping[Symbol, int]
    values: Mapping[Symbol, Expr]

    def at(self, x: Expr) -> Expr:
        """An expression with this model's numbers in it."""
        return x.subs(self.widths).subs(self.values)

    def parts(self, whole: Expr, kept: Expr, dropped: Mapping[str, Expr]) -> dict[str, Expr]:
        """The size of each dropped group; raises `AssertionError` unless, with what is kept, they are the whole."""
        sizes_of = {group: self.at(x) for group, x in dropped.items()}
        demand_equal(f"parts of {self.name}", whole, kept + sum(sizes_of.values(), Integer(0)))
        return {group: size for group, size in sizes_of.items() if size != 0}


def released_models() -> dict[str, Released]:
    """Every model of the catalogue, by its id."""
    found = {}
    for name, values in configurations().items():
        make, widths = MODELS[name]
        found[name] = Released(name, make(), widths, values)
    return found
