"""Write every derivation as Markdown and LaTeX: ``python -m derivations [FOLDER]`` (default ``build/derivations``)."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ditcarbon_sym.reports.formats import write_atomically

from . import (
    accounting,
    batching,
    block_flops,
    breakeven,
    crossover,
    efficiency,
    elasticity,
    left_out_flops,
    left_out_parameters,
    operator_law,
    operator_lists,
    parameters,
    several,
    tokens,
    total_flops,
    training,
    vae_reuse,
)
from .render import latex_document, markdown
from .steps import Derivation

RESULTS: Mapping[str, Callable[[], Derivation]] = {
    module.__name__.rpartition(".")[2]: module.derive
    for module in (
        parameters, tokens, block_flops, total_flops, operator_lists, vae_reuse, efficiency, accounting,
        left_out_parameters, left_out_flops, crossover, elasticity, batching, breakeven, operator_law, several,
        training,
    )
}  # fmt: skip
"""File name to its derivation: the equations in the order of the paper, then what follows from them."""


def main(folder: Path) -> None:
    """Derive everything first, so that a result that fails leaves no half-written folder."""
    derivations = {name: derive() for name, derive in RESULTS.items()}
    for name, derivation in derivations.items():
        write_atomically(folder / f"{name}.md", markdown(derivation))
        write_atomically(folder / f"{name}.tex", latex_document(derivation))
    write_atomically(folder / "index.md", index(derivations))
    print(f"{len(derivations)} derivations in {folder}/, all concluded: {', '.join(derivations)}")


def index(derivations: Mapping[str, Derivation]) -> str:
    """Return the list of results, with links."""
    rows = [f"| [{derivation.title}]({name}.md) | {derivation.claim} |" for name, derivation in derivations.items()]
    return "\n".join(["# Derivations", "", "| result | claim |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/derivations"))
