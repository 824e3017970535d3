"""How equations and closed forms look: plain, LaTeX, JSON."""

from typing import Any

from sympy import latex

from ..analysis.forms import Forms
from ..equations.equation import Equation
from ..equations.notation import NOTATION

NAMES = {symbol: entry.latex for symbol, entry in NOTATION.items()}


def label(equation: Equation) -> str:
    """Write the number or the name of an equation."""
    return f"Eq. {equation.number}" if equation.number[0].isdigit() else equation.number


def symbol_rows(equation: Equation) -> list[tuple[str, ...]]:
    """Return symbol, meaning and unit of everything in an equation."""
    entries = [NOTATION[x] for x in (equation.lhs, *equation.inputs)]
    return [(entry.symbol.name, entry.meaning, entry.unit) for entry in entries]


def rows(forms: Forms, *, coefficients_only: bool) -> list[tuple[str, str]]:
    """Return the closed forms for people."""
    name = forms.variable.name
    found = [(f"coefficient of {name}^{power}", str(value)) for power, value in forms.coefficients.items()]
    if coefficients_only:
        return [("kappa (Table 1)", str(forms.per_block.rhs)), *found]
    return [
        ("flags", ", ".join(f"{x.name} = {value}" for x, value in forms.flags.items())),
        ("conditioning", forms.conditioning),
        ("parameters per block, in d^2 (Table 1)", str(forms.per_block.rhs)),
        ("parameters (Eq. 1)", str(forms.count.rhs)),
        (f"FLOP of one block, in {name} (Table 2)", str(forms.block.rhs)),
        *found,
        ("attention overtakes at ell", str(forms.crossover.rhs)),
        *([] if forms.tokens is None else [("", f"= {forms.tokens:,.1f} latent tokens")]),
    ]


def latex_lines(forms: Forms, *, coefficients_only: bool) -> list[str]:
    """Return the closed forms in LaTeX, a line each."""
    if coefficients_only:
        name = NAMES[forms.variable]
        powers = [f"[{name}^{{{k}}}] = {latex(x, symbol_names=NAMES)}" for k, x in forms.coefficients.items()]
        return [forms.per_block.latex(), *powers]
    return [x.latex() for x in (forms.per_block, forms.count, forms.block, forms.crossover)]


def as_dict(forms: Forms) -> dict[str, Any]:
    """Return the closed forms as text and, where they are numbers, as numbers."""
    return {
        "flags": {x.name: int(value) for x, value in forms.flags.items()},
        "conditioning": forms.conditioning,
        "per_block": str(forms.per_block.rhs),
        "parameters": str(forms.count.rhs),
        "block_flops": str(forms.block.rhs),
        "in": forms.variable.name,
        "coefficients": {str(power): str(value) for power, value in forms.coefficients.items()},
        "crossover": str(forms.crossover.rhs),
        "crossover_tokens": forms.tokens,
    }
