"""A derivation as Markdown and as LaTeX, steps and all."""

import re

from .steps import Derivation, Formula, Step, Table, label

CHECKED = "✓"
_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=2cm]{geometry}
\begin{document}
"""
_SPECIAL = {"%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "α": r"$\alpha$", "Σ": r"$\Sigma$", "×": r"$\times$"}


def markdown(derivation: Derivation) -> str:
    """Return the whole derivation as Markdown, formulas between double dollar signs."""
    parts = [f"# {derivation.title}", f"**Claim.** {derivation.claim}", *map(_markdown_step, derivation.steps)]
    concluded = ", ".join(dict.fromkeys(label(equation) for equation in derivation.conclusions))
    parts.append(f"*{CHECKED} marks what was asserted, by exact symbolic equality; concluded: {concluded}.*")
    return "\n\n".join(parts) + "\n"


def latex_section(derivation: Derivation) -> str:
    """Return the derivation as one LaTeX section, to be put into a document that loads amsmath and amssymb."""
    parts = [
        rf"\section*{{{_escape(derivation.title)}}}",
        rf"\textbf{{Claim.}} {_escape(derivation.claim)}",
        *map(_latex_step, derivation.steps),
    ]
    return "\n\n".join(parts) + "\n"


def latex_document(derivation: Derivation) -> str:
    """Return the section as a document that compiles by itself."""
    return _PREAMBLE + latex_section(derivation) + "\\end{document}\n"


def _markdown_step(step: Step) -> str:
    if isinstance(step, Formula):
        mark = r" \quad\checkmark" if step.asserted else ""
        return f"$$\n{step.latex}{mark}\n$$"
    if isinstance(step, Table):
        lines = [step.header, tuple("---" for _ in step.header), *step.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return step.words


def _latex_step(step: Step) -> str:
    if isinstance(step, Formula):
        mark = r" \quad\checkmark" if step.asserted else ""
        return f"\\[\n{step.latex}{mark}\n\\]"
    if isinstance(step, Table):
        columns = "l" * len(step.header)
        lines = " \\\\\n".join(" & ".join(map(_escape, cells)) for cells in step.rows)
        header = " & ".join(map(_escape, step.header))
        table = (
            f"\\begin{{tabular}}{{{columns}}}\n\\hline\n{header} \\\\\n\\hline\n{lines} \\\\\n\\hline\n\\end{{tabular}}"
        )
        return f"\\begin{{center}}\\footnotesize\n{table}\n\\end{{center}}"
    return _escape(step.words)


def _escape(words: str) -> str:
    """Escape what LaTeX reads as commands, outside mathematics; backticks and stars become typewriter, bold or
    italic.
    """
    parts = re.split(r"(\$[^$]*\$)", words)
    return "".join(part if part.startswith("$") else _escape_text(part) for part in parts)


def _escape_text(text: str) -> str:
    escaped = "".join(_SPECIAL.get(character, character) for character in text)
    escaped = re.sub(r"`([^`]*)`", r"\\texttt{\1}", escaped)
    escaped = re.sub(r"\*\*([^*]+)\*\*", r"\\textbf{\1}", escaped)
    return re.sub(r"\*([^*]+)\*", r"\\emph{\1}", escaped)
