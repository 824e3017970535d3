"""How a value shows itself in a notebook.

Values live in the rooms; ``reports`` stands above them and knows how each looks. So a value asks for its looks by name,
and only when a notebook shows it. This is the one place where something below asks something above.
"""

from importlib import import_module


class Shown:
    """A value that a notebook shows as tables, the same as on the command line."""

    def _repr_html_(self) -> str:
        return str(import_module("ditcarbon_sym.reports.notebook").html(self))


class Typeset(Shown):
    """A value that a notebook also shows as formulas."""

    def _repr_latex_(self) -> str:
        return str(import_module("ditcarbon_sym.reports.notebook").latex(self))
