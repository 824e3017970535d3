"""The closed forms of one model or of flags: what `ditcarbon derive` shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sympy import Expr, Integer, Symbol

from ..catalog.loading import load
from ..equations.closed_forms import FLAGS, count, crossover, per_block, polynomial, read_flags, with_defaults
from ..equations.equation import Equation, exact
from ..equations.notation import N, d, ell, f, m, n_ada, t
from ..errors import InputError


@dataclass(frozen=True)
class Forms:
    """The closed forms of one set of flags, with the sizes as symbols or as numbers."""

    flags: Mapping[Symbol, Expr]
    conditioning: str
    per_block: Equation
    count: Equation
    variable: Symbol
    block: Equation
    coefficients: Mapping[int, Expr]
    crossover: Equation
    tokens: float | None


def derive(
    model: str | None,
    flags: str | None,
    symbol: Symbol = ell,
    *,
    numbers: bool = False,
    catalog: str | Path | None = None,
) -> Forms:
    """Derive the closed forms of a catalogue model or of flags; raises `InputError` for neither, both or a mistake
    in either.
    """
    if (model is None) == (flags is None):
        raise InputError("give a model or --flags, one of them")
    sizes: dict[Symbol, Expr] = {}
    if flags is not None:
        given = {**dict.fromkeys(FLAGS.values(), Integer(0)), **read_flags(flags)}
        if numbers:
            raise InputError("--numbers needs a model: flags have no sizes")
        values = with_defaults(given)
    else:
        entry = load(catalog).model(str(model))
        exact_values = {x: exact(v) for x, v in {**entry.values, **entry.request}.items()}
        given = {x: exact_values[x] for x in FLAGS.values()}
        conditioning = {n_ada: exact_values[n_ada], **({} if exact_values[t] != exact_values[d] else {t: d})}
        sizes = {x: exact_values[x] for x in (N, d, f, t, m, n_ada) if x != symbol}
        values = {**given, **(sizes if numbers else conditioning)}
    block, coefficients = polynomial(values, symbol)
    crossing = crossover(values)
    number = crossing.rhs.xreplace(sizes) if sizes else crossing.rhs
    tokens = float(number) if number.is_number else None
    conditioning_words = f"n_ada = {values.get(n_ada, n_ada)}, t = {values.get(t, t)}"
    return Forms(
        given, conditioning_words, per_block(values), count(values), symbol, block, coefficients, crossing, tokens
    )
