"""Measuring an accelerator: real diffusers networks with random weights, timed over a grid of requests.

Needs the extra ``measure`` (torch, diffusers, transformers); nothing is downloaded. torch loads only inside the
functions that run a network: the grid, the table, the loop and the rule for energy work without it.
"""

from importlib.util import find_spec

from ..errors import InputError

NEEDED = ("torch", "diffusers", "transformers", "PIL", "tomli_w")


def demand_libraries() -> None:
    """Raise `InputError`, in one line, if what runs the networks is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            f"measuring needs {' and '.join(missing)}, not installed here: pip install 'ditcarbon-sym[measure]'"
        )
