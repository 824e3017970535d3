"""Does the paper's Table 2 give the FLOP of a real network, and how far off is a common counter? (Section 4.2)

``python -m fits.pixart_flops`` counts diffusers' PixArt-alpha on the meta device: one block and the whole model, at
256^2 and 512^2, with fused (SDPA) and eager attention, by three counters (`fits.torch_counters`). It also counts the
unique parameters of the paper's released denoisers. ``--check`` counts again and compares with the committed tables.
Both need the extra ``verify``. The functions here only read the tables, and need no extra.

One multiply-add is two FLOP, so fvcore's figures are doubled. All is for one forward pass at batch 1. Matrix products,
convolutions and attention scores count. Bias, norm, activation, softmax, text encoder, VAE, guidance and steps are left
out. The table holds fvcore's ``layer_norm`` as fvcore reports it (four per element, doubled as the rest), and the
functions here leave it out. A padded text counts in full, because its mask skips nothing.

The text is 120 tokens long (PixArt-alpha), or 77 (CLIP) or 300 (PixArt-Sigma): the part that fvcore misses depends on
it.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sympy import Symbol

from ditcarbon_sym.catalog.csv_table import read_table
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import H, N, W, ell, m, n_latent
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.reports.formats import csv_text, write_atomically

MEASUREMENTS = Path(__file__).parent / "measurements"
MODEL = "pixart-alpha"
RESOLUTIONS = (256, 512)
TEXT_TOKENS = (77, 120, 300)
ATTENTIONS = ("sdpa", "eager")
DEFAULT_TEXT_TOKENS = 120
NOT_COUNTED = ("layer_norm",)
"""What fvcore counts, and the paper's convention (products alone) does not."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """What one counter found for one operator; ``scope`` is 'block' (one transformer block) or 'model'."""

    resolution: int
    text_tokens: int
    attention: str
    counter: str
    scope: str
    operator: str
    flop: int


@dataclass(frozen=True)
class Parameters:
    """A released denoiser's unique parameters, and apart from them its buffers, in elements."""

    class_name: str
    parameters: int
    buffers: int
    note: str


# Reading the tables


@lru_cache(maxsize=1)
def counts() -> tuple[Count, ...]:
    """Read `FLOPS`."""
    return tuple(
        Count(int(resolution), int(tokens), attention, counter, scope, operator, int(flop))
        for _, resolution, tokens, attention, counter, scope, operator, flop in FLOPS.read()
    )


@lru_cache(maxsize=1)
def denoisers() -> dict[str, Parameters]:
    """Read `PARAMETERS`, by catalogue id."""
    return {
        model: Parameters(class_name, int(parameters), int(buffers), note)
        for model, class_name, parameters, buffers, note in PARAMETERS.read()
    }


def by_operator(
    resolution: int, text_tokens: int, attention: str, counter: str = "operators", scope: str = "block"
) -> dict[str, int]:
    """FLOP by operator; raises `InputError` if that was not counted.

    >>> by_operator(256, 120, "sdpa")["mlp"]
    5435817984
    """
    wanted = (resolution, text_tokens, attention, counter, scope)
    found = {
        count.operator: count.flop
        for count in counts()
        if (count.resolution, count.text_tokens, count.attention, count.counter, count.scope) == wanted
    }
    if not found:
        raise InputError(f"{FLOPS.path.name}: nothing counted for {', '.join(map(str, wanted))}")
    return found


def products(
    resolution: int, text_tokens: int, attention: str, counter: str = "operators", scope: str = "block"
) -> int:
    """FLOP of all products."""
    found = by_operator(resolution, text_tokens, attention, counter, scope)
    return sum(flop for operator, flop in found.items() if operator not in NOT_COUNTED)


def configuration(resolution: int, text_tokens: int) -> dict[Symbol, float]:
    """The catalogue's PixArt-alpha at this shape, as the package's equations take it."""
    values = {**load().model(MODEL).values, H: resolution, W: resolution, n_latent: 1, m: text_tokens}
    return {**values, ell: float(flops.latent_tokens(values))}


# What they tell


def undercount(resolution: int, text_tokens: int, attention: str) -> float:
    """What fvcore misses of one block, in per cent of the block's true count.

    >>> round(undercount(256, 120, "sdpa"), 2), round(undercount(512, 120, "sdpa"), 2)
    (4.19, 12.24)
    """
    true = products(resolution, text_tokens, attention)
    return 100 * (true - products(resolution, text_tokens, attention, "fvcore")) / true


def block_deviation() -> float:
    """The largest deviation, over all shapes, of the paper's Table 2 from the true count of a block, in per cent."""
    return max(
        100 * abs(float(flops.block(configuration(resolution, tokens))) / products(resolution, tokens, attention) - 1)
        for resolution, tokens, attention in shapes()
    )


def model_gap(resolution: int) -> float:
    """By how much the blocks alone, as in Eq. (2), fall short of the whole model, in per cent of the model.

    >>> round(model_gap(256), 3)
    0.503
    """
    shape = (resolution, DEFAULT_TEXT_TOKENS, "sdpa")
    blocks = load().model(MODEL).values[N] * products(*shape)
    return 100 * (1 - blocks / products(*shape, scope="model"))


def shapes() -> Iterator[tuple[int, int, str]]:
    """Every resolution, text length and attention that was counted."""
    return ((r, tokens, attention) for r in RESOLUTIONS for tokens in TEXT_TOKENS for attention in ATTENTIONS)


# Making the tables


def count_flops(counters: Any) -> Iterator[Sequence[Any]]:
    for shape in shapes():
        for counter, scopes in counters.count(*shape).items():
            for scope, found in scopes.items():
                for operator, flop in sorted(found.items()):
                    yield MODEL, *shape, counter, scope, operator, flop


def count_parameters(counters: Any) -> Iterator[Sequence[Any]]:
    return iter(counters.torch_models.count_parameters())


@dataclass(frozen=True)
class Table:
    """A committed table: where it is, what it says on top, and how it is counted."""

    path: Path
    comments: tuple[str, ...]
    header: Row
    count: Callable[[Any], Iterable[Sequence[Any]]]

    def read(self) -> list[Row]:
        """The rows below the header; raises `InputError` if they cannot be read."""
        table = read_table(self.path)
        if table.columns != self.header:
            raise InputError(f"{self.path}: expected the columns {', '.join(self.header)}")
        return [tuple(row.values()) for row in table.rows()]

    def versions(self) -> str:
        """The libraries that counted, as the file names them."""
        comments = read_table(self.path).comments
        named = (line.removeprefix(VERSIONS).strip() for line in comments if line.startswith(VERSIONS))
        return next(named, "none named")

    def counted(self, counters: Any) -> list[Row]:
        return [tuple(str(cell) for cell in row) for row in self.count(counters)]

    def write(self, counters: Any) -> int:
        rows = self.counted(counters)
        comments = [f"# {line}\n" for line in self.comments] + [f"{VERSIONS}{counters.versions()}\n"]
        write_atomically(self.path, "".join(comments) + csv_text(self.header, rows))
        return len(rows)

    def check(self, counters: Any) -> int:
        """Count again and return the number of rows; raises `InputError` naming the first that differs."""
        recorded, counted = self.read(), self.counted(counters)
        for number, (old, new) in enumerate(zip_longest(recorded, counted, fillvalue=("no such row",)), start=1):
            if old != new:
                where = f"{self.path.name}: row {number} differs ({self.provenance(counters)})"
                raise InputError(f"{where}: recorded {','.join(old)}; counted {','.join(new)}")
        return len(counted)

    def provenance(self, counters: Any) -> str:
        """The libraries that count now, and those of the recorded count if they differ."""
        then, now = self.versions(), counters.versions()
        return now if now == then else f"{now}; recorded with {then}"


VERSIONS = "# versions: "
FLOPS = Table(
    MEASUREMENTS / "pixart_flops.csv",
    (
        "FLOP of one forward pass of diffusers' PixArtTransformer2DModel at batch 1: python -m fits.pixart_flops",
        "A multiply-add is two FLOP: fvcore's figures are doubled, its layer_norm included. Meta device, no weights.",
    ),
    ("model", "resolution", "text_tokens", "attention", "counter", "scope", "operator", "flop"),
    count_flops,
)
PARAMETERS = Table(
    MEASUREMENTS / "denoiser_parameters.csv",
    ("Elements of the unique parameters and buffers of diffusers' classes as released: python -m fits.pixart_flops",),
    ("model", "class", "parameters", "buffers", "note"),
    count_parameters,
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m fits.pixart_flops", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="count again and compare with the tables, writing nothing")
    check = parser.parse_args(arguments).check
    try:
        from . import torch_counters
    except ModuleNotFoundError as error:
        sys.exit(f"error: no module {error.name}: counting needs the extra 'verify' (pip install -e '.[verify]')")
    try:
        for table in (FLOPS, PARAMETERS):
            print(checked(table, torch_counters) if check else written(table, torch_counters))
    except InputError as error:
        sys.exit(f"error: {error}")


def checked(table: Table, counters: Any) -> str:
    return f"{table.path.name}: {table.check(counters)} rows agree ({table.provenance(counters)})"


def written(table: Table, counters: Any) -> str:
    return f"{table.path.name}: {table.write(counters)} rows written"


if __name__ == "__main__":
    main()
