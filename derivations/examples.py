"""The catalogue's models at the default requests of their released pipelines, as exact numbers, for the tables."""

from collections.abc import Mapping, Sequence

from sympy import Expr, Symbol

from ditcarbon_sym.catalog.loading import paper_models
from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.equation import exact
from ditcarbon_sym.equations.notation import ell, ell_latent
from ditcarbon_sym.estimation.request import resolve_request


def configurations() -> dict[str, Mapping[Symbol, Expr]]:
    """Every model of the paper with its default request and the token counts that follow from it."""
    found: dict[str, Mapping[Symbol, Expr]] = {}
    for name, model in sorted(paper_models().items()):
        request, _ = resolve_request(model, {})
        values = {symbol: exact(number) for symbol, number in {**model.values, **request}.items()}
        sizes = {ell: flops.latent_tokens, ell_latent: flops.latent_pixels}
        found[name] = values | {symbol: equation.rhs.xreplace(values) for symbol, equation in sizes.items()}
    return found


def count(value: Expr) -> str:
    """A whole number with its thousands apart.

    >>> from sympy import Integer
    >>> count(Integer(6912))
    '6,912'
    """
    return f"{round(float(value)):,}"


def percent(value: Expr, digits: int = 2) -> str:
    """A share in per cent, with its sign where it is negative.

    >>> from sympy import Rational
    >>> percent(Rational(1, 80))
    '1.25 %'
    """
    return f"{100 * float(value):.{digits}f} %"


def by_group(
    shares: Mapping[str, Mapping[str, str]], groups: Sequence[str]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A table with a row for each group and a column for each model, empty where a model has none of a group."""
    rows = [(group, *(of_model.get(group, "") for of_model in shares.values())) for group in groups]
    return ("group", *shares), rows
