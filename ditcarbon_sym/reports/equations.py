"""How equations and closed forms look: plain, LaTeX, JSON."""

from typing import Any

from sympy import latex

from ..analysis.forms import Forms
from ..analysis.operator_forms import Crossover, PassForms
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


def equation_as_dict(equation: Equation) -> dict[str, Any]:
    """Return a plain dictionary of an equation, ready for JSON."""
    symbols = [dict(zip(("symbol", "meaning", "unit"), row, strict=True)) for row in symbol_rows(equation)]
    return {
        "schema_version": 1, "label": label(equation), "left": equation.lhs.name, "right": str(equation.rhs),
        "latex": equation.latex(), "symbols": symbols,
    }  # fmt: skip


def rows(forms: Forms | PassForms, *, coefficients_only: bool) -> list[tuple[str, str]]:
    """Return the closed forms for people."""
    name = forms.variable.name
    found = [(f"coefficient of {name}^{power}", str(value)) for power, value in forms.coefficients.items()]
    if isinstance(forms, PassForms):
        return found if coefficients_only else _rows_of_a_pass(forms, found)
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


def _rows_of_a_pass(forms: PassForms, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    released = ", ".join(f"{x.name} = {value}" for x, value in forms.numbers.items())
    return [
        ("network", f"{forms.network}, by its operators"),
        ("released with", released),
        ("parameters", str(forms.parameters)),
        *((f"FLOP of a pass: {part}", str(value)) for part, value in forms.parts.items()),
        *found,
        *((f"{x.one} = {x.other} at", _at(x)) for x in forms.crossovers),
    ]


def _at(found: Crossover) -> str:
    if found.closed is None or found.tokens is None:
        return found.words
    return f"{found.closed}, here {found.tokens:,.1f} latent tokens"


def latex_lines(forms: Forms | PassForms, *, coefficients_only: bool) -> list[str]:
    """Return the closed forms in LaTeX, a line each."""
    name = NAMES[forms.variable]
    powers = [f"[{name}^{{{k}}}] = {_latex(x)}" for k, x in forms.coefficients.items()]
    if isinstance(forms, PassForms):
        parts = [rf"F_{{\mathrm{{{part.replace(' ', '~')}}}}} = {_latex(x)}" for part, x in forms.parts.items()]
        closed = [x.closed.latex() for x in forms.crossovers if x.closed is not None]
        return powers if coefficients_only else [f"P = {_latex(forms.parameters)}", *parts, *closed]
    if coefficients_only:
        return [forms.per_block.latex(), *powers]
    return [x.latex() for x in (forms.per_block, forms.count, forms.block, forms.crossover)]


def _latex(expression: Any) -> str:
    return str(latex(expression, symbol_names=NAMES))


def as_dict(forms: Forms | PassForms) -> dict[str, Any]:
    """Return the closed forms as text and, where they are numbers, as numbers."""
    shared = {
        "in": forms.variable.name,
        "coefficients": {str(power): str(value) for power, value in forms.coefficients.items()},
    }
    if isinstance(forms, PassForms):
        return {
            "model": forms.model, "network": forms.network,
            "numbers": {x.name: float(value) for x, value in forms.numbers.items()},
            "parameters": str(forms.parameters), "pass_flops": str(forms.whole),
            "parts": {part: str(value) for part, value in forms.parts.items()}, **shared,
            "crossovers": [
                {"one": x.one, "other": x.other, "ell": None if x.closed is None else str(x.closed.rhs),
                 "tokens": x.tokens, "words": x.words or None}
                for x in forms.crossovers
            ],
        }  # fmt: skip
    return {
        "flags": {x.name: int(value) for x, value in forms.flags.items()},
        "conditioning": forms.conditioning,
        "per_block": str(forms.per_block.rhs),
        "parameters": str(forms.count.rhs),
        "block_flops": str(forms.block.rhs),
        **shared,
        "crossover": str(forms.crossover.rhs),
        "crossover_tokens": forms.tokens,
    }
