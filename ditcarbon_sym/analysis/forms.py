"""The closed forms of one model or of flags: what `ditcarbon derive` shows.

A model with a released network has those of its operators (`operator_forms`). Flags, and models that are known by their
flags alone, have those of Eq. (1) and Table 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sympy import Expr, Integer, Symbol

from ..catalog.entries import Model
from ..catalog.loading import load
from ..display import Typeset
from ..equations.closed_forms import FLAGS, count, crossover, per_block, polynomial, read_flags, with_defaults
from ..equations.equation import Equation, exact
from ..equations.notation import N, d, ell, f, m, n_ada, t
from ..errors import InputError
from .operator_forms import CROSSOVERS, PassForms, derive_pass, read_crossover


@dataclass(frozen=True)
class Forms(Typeset):
    """The closed forms of one set of flags, with the sizes as symbols or as numbers.

    >>> derive(flags="s=0,c=1,a=0,j=0").coefficients[2]
    4*d
    """

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
    model: str | None = None,
    flags: str | None = None,
    symbol: Symbol = ell,
    *,
    numbers: bool = False,
    crossovers: Sequence[str] = (),
    catalog: str | Path | None = None,
) -> Forms | PassForms:
    """Derive the closed forms of a catalogue model or of flags; ``numbers`` puts the model's sizes in.

    ``crossovers`` are written A=B, of the parts of a pass. Raises `InputError` for neither a model nor flags, for both,
    or for a mistake in either.

    >>> derive("pixart-alpha", crossovers=("scores=MLP",)).crossovers[0].tokens
    4608.0
    """
    if (model is None) == (flags is None):
        raise InputError("give a model or --flags, one of them")
    entry = None if model is None else load(catalog).model(model)
    if entry is not None and entry.networks is not None:
        wanted = tuple(map(read_crossover, crossovers)) or CROSSOVERS
        return derive_pass(entry, symbol, numbers=numbers, wanted=wanted)
    if crossovers:
        raise InputError("--crossover needs a model with a released network; flags know attention against the rest")
    if flags is not None and numbers:
        raise InputError("--numbers needs a model: flags have no sizes")
    return _of_model(entry, symbol, numbers=numbers) if entry else _of_flags(str(flags), symbol)


def _of_flags(flags: str, symbol: Symbol) -> Forms:
    given = {**dict.fromkeys(FLAGS.values(), Integer(0)), **read_flags(flags)}
    return _forms(given, with_defaults(given), {}, symbol)


def _of_model(entry: Model, symbol: Symbol, *, numbers: bool) -> Forms:
    values = {x: exact(v) for x, v in {**entry.values, **entry.request}.items()}
    given = {x: values[x] for x in FLAGS.values()}
    conditioning = {n_ada: values[n_ada], **({} if values[t] != values[d] else {t: d})}
    sizes = {x: values[x] for x in (N, d, f, t, m, n_ada) if x != symbol}
    return _forms(given, {**given, **(sizes if numbers else conditioning)}, sizes, symbol)


def _forms(
    given: Mapping[Symbol, Expr], values: Mapping[Symbol, Expr], sizes: Mapping[Symbol, Expr], symbol: Symbol
) -> Forms:
    block, coefficients = polynomial(values, symbol)
    crossing = crossover(values)
    number = crossing.rhs.xreplace(dict(sizes)) if sizes else crossing.rhs
    tokens = float(number) if number.is_number else None
    words = f"n_ada = {values.get(n_ada, n_ada)}, t = {values.get(t, t)}"
    return Forms(given, words, per_block(values), count(values), symbol, block, coefficients, crossing, tokens)
