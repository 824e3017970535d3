"""The command line, from its own help."""

from ditcarbon_sym.cli.app import GROUPS, PLACES
from docs.examples import run_ditcarbon


def pages() -> dict[str, str]:
    """Return the page of all commands."""
    parts = [
        "# Commands",
        "Every command prints a table, with `--json` one JSON object, and with `--markdown`, `--latex` or `--csv` the "
        "same table for a document. A mistake is one line on stderr, and exit code 2. `ditcarbon --install-completion` "
        "completes commands, options and the ids of models, accelerators and data centres in bash, zsh and fish.",
        f"```text\n{run_ditcarbon(['--help'])[0]}```",
    ]
    for title in GROUPS:
        parts.append(f"## {title}")
        for name in (name for name, place in PLACES.items() if place[0] == title):
            parts += [f"### ditcarbon {name}", f"```text\n{run_ditcarbon([name, '--help'])[0]}```"]
    return {"reference/commands.md": "\n\n".join(parts) + "\n"}
