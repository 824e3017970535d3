"""Commands that show the mathematics: formula, derive."""

from typing import Annotated

import typer

from .help import ids
from .options import CatalogOption, JsonOption, id_option
from .printing import print_table, warn


def formula(
    name: Annotated[
        str,
        typer.Argument(help="A number (1 to 8), a left-hand side (F_block, mu, roofline.tau), or a name of a basis."),
    ],
    closed: Annotated[bool, typer.Option("--closed", help="Put every intermediate in: inputs are left.")] = False,
    model: Annotated[str | None, id_option("models", "Put this model's numbers in.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    code: Annotated[bool, typer.Option("--code", help="Print the function that sympy writes for it.")] = False,
    symbols: Annotated[bool, typer.Option("--symbols", help="Explain the symbols, with units.")] = False,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print an equation: plain, LaTeX, closed form or code.

    With --model, the model's numbers are in it.
    """
    from ..catalog.loading import load
    from ..equations import pipeline
    from ..errors import InputError
    from ..estimation import work
    from ..reports import equations as report, formats

    equation = pipeline.find(name)
    if code:
        if closed or latex or as_json:
            raise InputError("--code prints the equation with its intermediates; leave --closed, --latex, --json out")
        entry = load(catalog).model(model) if model is not None else None
        print(pipeline.code(equation, {**entry.values, **entry.request} if entry is not None else {}))
        return
    if closed:
        equation = pipeline.closed(equation)
    if model is not None:
        equation, notes = work.with_model(equation, load(catalog).model(model))
        warn(notes)
    if as_json:
        print(formats.json_text(report.equation_as_dict(equation)))
        return
    print(equation.latex() if latex else f"{equation}    ({report.label(equation)})")
    if symbols:
        print_table("", ("symbol", "meaning", "unit"), report.symbol_rows(equation))


def derive(
    model: Annotated[
        str | None,
        typer.Argument(help="Catalogue id: a released network by its operators.", autocompletion=ids("models")),
    ] = None,
    flags: Annotated[str | None, typer.Option(help="Flags instead of a model, such as s=0,c=1,a=0,j=0.")] = None,
    variable: Annotated[str, typer.Option("--in", help="Symbol that the FLOP are a polynomial in.")] = "ell",
    numbers: Annotated[bool, typer.Option("--numbers", help="Put the model's sizes in, too.")] = False,
    coefficients: Annotated[bool, typer.Option("--coefficients", help="Print the coefficients alone.")] = False,
    crossover: Annotated[
        list[str] | None,
        typer.Option(help="Where one part of a pass overtakes another, such as scores=MLP; may be repeated."),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Derive closed forms of a network or of flags; crossovers.

    For a model: the FLOP of a pass by part. For flags: Eq. (1) and Table 2.
    """
    from ..analysis import forms as answers
    from ..equations import closed_forms
    from ..reports import equations as report, formats

    symbol = closed_forms.variable(variable)
    forms = answers.derive(model, flags, symbol, numbers=numbers, crossovers=crossover or (), catalog=catalog)
    if as_json:
        print(formats.json_text(report.as_dict(forms)))
    elif latex:
        print("\n".join(report.latex_lines(forms, coefficients_only=coefficients)))
    else:
        print_table("", ("", "closed form"), report.rows(forms, coefficients_only=coefficients))
