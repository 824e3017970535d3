"""Closed forms of Eq. (1) and Table 2 for given flags: coefficients, polynomials in one symbol, and the crossover."""

from collections.abc import Mapping

from sympy import Expr, Integer, Poly, Symbol, collect, expand, factor, sqrt

from ..errors import InputError, nearest
from . import flops
from .equation import Equation
from .notation import BY_NAME, F_block, P, a, c, d, ell, j, kappa, n_ada, s, t
from .parameters import coefficient, parameters

FLAGS: Mapping[str, Symbol] = {"s": s, "c": c, "a": a, "j": j}


def read_flags(text: str) -> dict[Symbol, Expr]:
    """Read flags written as ``s=0,c=1``; raises `InputError` for anything else.

    >>> read_flags("s=0, c=1")
    {s: 0, c: 1}
    """
    found: dict[Symbol, Expr] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in FLAGS:
            raise InputError(f"flags: unknown flag {name!r}{nearest(name, FLAGS)}")
        if value not in ("0", "1"):
            raise InputError(f"flags: {name} = {value!r} is not 0 or 1")
        if FLAGS[name] in found:
            raise InputError(f"flags: {name} is given twice")
        found[FLAGS[name]] = Integer(int(value))
    if not found:
        raise InputError("flags: nothing given; expected such as s=0,c=1,a=0,j=0")
    return found


def per_block(values: Mapping[Symbol, Expr]) -> Equation:
    """Return parameters of one block in units of d^2 (Table 1), for these values; n_ada and t at their defaults if
    flags alone are given.
    """
    return Equation("Table 1", kappa, expand(coefficient.rhs.xreplace(dict(values))))


def count(values: Mapping[Symbol, Expr]) -> Equation:
    """Return Eq. (1) for these values."""
    return Equation("1", P, factor(parameters.rhs.xreplace(dict(values))))


def polynomial(values: Mapping[Symbol, Expr], symbol: Symbol = ell) -> tuple[Equation, dict[int, Expr]]:
    """Return the FLOP of one block as a polynomial in one symbol: the equation, and coefficient by power, highest
    first.

    >>> _, coefficients = polynomial(read_flags("s=0,c=0,a=0,j=0"))
    >>> coefficients
    {2: 4*d, 1: 4*d**2*f + 8*d**2}
    """
    expression = expand(flops.block.rhs.xreplace(dict(values)))
    if symbol not in expression.free_symbols or not expression.is_polynomial(symbol):
        raise InputError(
            f"one block's FLOP is no polynomial in {symbol.name} here; choose one of {_choices(expression)}"
        )
    terms = Poly(expression, symbol).terms()
    return Equation("Table 2", F_block, collect(expression, symbol)), {power: value for (power,), value in terms}


def _choices(expression: Expr) -> str:
    return (
        ", ".join(sorted(x.name for x in expression.free_symbols if expression.is_polynomial(x)))
        or "none: all is numbers"
    )


def variable(name: str) -> Symbol:
    """Return a symbol by its ASCII name; raises `InputError` with the nearest ones."""
    if name not in BY_NAME:
        raise InputError(f"unknown symbol {name!r}{nearest(name, BY_NAME)}")
    return BY_NAME[name].symbol


def crossover(values: Mapping[Symbol, Expr]) -> Equation:
    """Return the latent tokens at which attention scores overtake all other work of the block, in closed form.

    Scores are 4 rows^2 d. The positive root of a quadratic in ell; its derivation stands in
    ``derivations/crossover.py``.

    >>> print(crossover(read_flags("s=0,c=0,a=0,j=0")))
    ell = d*(f + 2)
    """
    scores = 4 * flops.rows**2 * d
    # In units of 4 d, in which the quadratic term has the coefficient one.
    difference = expand(((2 * scores - flops.block.rhs) / (4 * d)).xreplace(dict(values)))
    a2, a1, a0 = (difference.coeff(ell, power) for power in (2, 1, 0))
    if a0 == 0:
        return Equation("crossover", ell, factor(-a1 / a2))
    return Equation("crossover", ell, (-a1 + sqrt(factor(a1**2 - 4 * a2 * a0))) / (2 * a2))


def with_defaults(values: Mapping[Symbol, Expr]) -> dict[Symbol, Expr]:
    """Put in the paper's default conditioning, n_ada = 1 and t = d, where nothing else is given."""
    return {n_ada: Integer(1), t: values.get(d, d), **values}
