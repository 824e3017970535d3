"""The equations with their symbols, sources and limits, each with its derivation; and the table of symbols."""

from collections.abc import Iterable, Iterator

from sympy import Expr, Symbol, latex

from derivations.__main__ import RESULTS
from derivations.render import markdown
from ditcarbon_sym.equations import operator_law, parallel, pipeline, software, training
from ditcarbon_sym.equations.around import boundaries, water
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import NOTATION
from ditcarbon_sym.reports.equations import label
from ditcarbon_sym.reports.formats import markdown_table

PAPER = ("P", "kappa", "ell", "ell_latent", "n_latent", "F_block", "F_text", "F_VAE", "F_denoiser", "F_total", "mu",
         "tau", "E", "C_op", "C_emb", "C_total")  # fmt: skip
"""The chain of the paper, from an architecture to grams."""
ABOUT = {
    "kappa": ("parameters", "Table 1 of the paper; norms, biases, embeddings and the final layer are left out."),
    "P": ("parameters", "Eq. (1) of the paper; within 3 % of the released counts for its five models. "
          "[Exact counts](exact-counts.md) leave nothing out."),
    "ell": ("tokens", "Section 3.1 of the paper. Sizes are rounded before, as the pipelines round them."),
    "ell_latent": ("tokens", "Section 3.2 of the paper."),
    "n_latent": ("tokens", "Section 3.2 of the paper, for causal video VAEs."),
    "F_block": ("block_flops", "Table 2 of the paper: products and attention scores. Elementwise work, norms "
                "and softmax are not FLOP here. See also [what it leaves out](derivations/left_out_flops.md) and "
                "[where attention overtakes](derivations/crossover.md)."),
    "F_text": ("total_flops", "Section 3.2 of the paper: two FLOP for each weight and token, no attention scores."),
    "F_VAE": ("vae_reuse", "Section 3.2 of the paper with a reuse factor: as printed it reproduces no row of Table 7."),
    "F_denoiser": ("total_flops", "Eq. (2) of the paper; a pass for each step and each guidance branch."),
    "F_total": ("total_flops", "Eq. (2) of the paper."),
    "mu": ("efficiency", "Eq. (3) of the paper, a fit: sides of 512 and above, batches of 1 to 8, one card (V100). "
           "[The operator law](operator-law.md) replaces it elsewhere."),
    "tau": ("accounting", "Eq. (4) of the paper: holds by the definition of efficiency."),
    "E": ("accounting", "Eq. (5) of the paper: rated power for all of the runtime, an over-estimate."),
    "C_op": ("accounting", "Eq. (6) of the paper: PUE for the facility, one average intensity for the grid."),
    "C_emb": ("accounting", "Eq. (7) of the paper: linear over the lifetime; by default the logic die alone."),
    "C_total": ("breakeven", "Eq. (8) of the paper."),
}  # fmt: skip
"""The derivation of an equation, and its source with its limits."""


def pages() -> dict[str, str]:
    """Return the equations, their derivations, and the symbols."""
    made = {"explanation/equations.md": "\n\n".join(_equations()) + "\n", "reference/symbols.md": _symbols()}
    for name, derive in RESULTS.items():
        made[f"explanation/derivations/{name}.md"] = markdown(derive())
    return made


def titles() -> dict[str, str]:
    """Return the pages of derivations."""
    return {f"explanation/derivations/{name}.md": f"Derivation: {name.replace('_', ' ')}" for name in RESULTS}


def _equations() -> Iterator[str]:
    yield (
        "# Equations\n\nEvery formula of the package is a sympy expression under the number that the paper gives it. "
        "`ditcarbon formula NAME` prints each of them; `--closed` puts every intermediate in. The "
        "[derivations](derivations/parameters.md) start from weight matrices and products and end in an assertion."
    )
    for name in PAPER:
        equation = pipeline.find(name)
        derivation, about = ABOUT[name]
        yield f"## {_meaning(equation)}"
        yield from _shown(equation)
        yield f"{about} [Derivation](derivations/{derivation}.md)."
    yield (
        "## The operator law\n\nTime and energy of any request on any accelerator, from the exact list of operators. "
        "[Where it comes from and what it leaves out](operator-law.md)."
    )
    yield from _sections(operator_law.EQUATIONS)
    yield "## Several accelerators\n\n[What divides, what is moved, and what does not divide](several.md)."
    yield from _sections(parallel.EQUATIONS)
    yield "## Training\n\n[What a step costs, and what of it falls on an output](../how-to/train.md)."
    yield from _sections(training.EQUATIONS)
    yield (
        "## Software\n\nA mode of running (compilation, another attention kernel, a narrow format, a step cache, "
        "guidance on some steps) puts what it leaves of the work into the two equations of the operator law. "
        "[Which modes there are](../how-to/software.md)."
    )
    yield from (_substitution(x, left) for x, left in software.LEFT.items())
    yield "Offloading adds the time in which weights cross the host's link:"
    yield f"$$\n{_latex(software.TRANSPORT)}\n$$"
    yield from _symbols_of(sorted(software.NEUTRAL, key=str))
    yield (
        "## Boundaries\n\nThe chip and the board differ in embodied carbon alone. The server adds its host, the "
        "facility what is drawn between requests. [Which boundary counts what](../how-to/places.md)."
    )
    yield from _sections(x for x in dict.fromkeys(e for account in boundaries.ACCOUNTS.values() for e in account)
                         if x not in pipeline.ACCOUNTING)  # fmt: skip
    yield "## Water\n\nWhat the facility evaporates, and what the power plants of its grid consume."
    yield from _sections((water.on_site, water.off_site))


def _sections(equations: Iterable[Equation]) -> Iterator[str]:
    for equation in equations:
        yield f"### {_meaning(equation)}, {label(equation)}"
        yield from _shown(equation)


def _meaning(equation: Equation) -> str:
    words = NOTATION[equation.lhs].meaning
    return words[0].upper() + words[1:]


def _shown(equation: Equation) -> Iterator[str]:
    yield f"$$\n{equation.latex()}\n$$"
    yield f"*{label(equation)}*"
    yield from _symbols_of((equation.lhs, *equation.inputs))


def _symbols_of(symbols: Iterable[Symbol]) -> Iterator[str]:
    rows = [(f"${NOTATION[x].latex}$", NOTATION[x].meaning, NOTATION[x].unit) for x in symbols]
    table = markdown_table(("symbol", "meaning", "unit"), rows)
    yield f'<details markdown="1"><summary>Symbols</summary>\n\n{table}\n\n</details>'


def _latex(expression: Expr) -> str:
    return str(latex(expression, symbol_names={x: entry.latex for x, entry in NOTATION.items()}))


def _substitution(symbol: Symbol, left: Expr) -> str:
    meaning = NOTATION[symbol].meaning
    return f"{meaning[0].upper()}{meaning[1:]}:\n\n$$\n{NOTATION[symbol].latex} \\to {_latex(left)}\n$$"


def _symbols() -> str:
    rows = [
        (f"${x.latex}$", f"`{x.symbol.name}`", x.meaning, x.unit, f"`{x.field}`", f"{x.low:g} to {x.high:g}")
        for x in NOTATION.values()
    ]
    head = (
        "# Symbols\n\nEvery symbol once: the letter of the paper, its name in Python, meaning and unit, the field of "
        "files and JSON, and the range that is accepted. `from ditcarbon_sym import NOTATION` is the same table."
    )
    return head + "\n\n" + markdown_table(("symbol", "Python", "meaning", "unit", "field", "range"), rows) + "\n"
