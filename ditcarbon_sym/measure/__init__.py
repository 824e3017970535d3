"""Measuring an accelerator: real diffusers networks with random weights, timed over a grid of requests.

Needs the extra ``measure`` (torch, diffusers, transformers); nothing is downloaded. torch loads only inside the
functions that run a network. The grid, the table, the loop and the rule for energy work without it.

Read `campaign` first: it goes from a wish to a table. Then `grid` (what is measured, in which order), `device` and
`energy` (the accelerator and its counters), `networks` with the folder `inputs` (what is run, and on what), `timing`
and `bench` (how one configuration is measured), `sweep` and `table` (the loop and its file). `plan` chooses
configurations for an accelerator known by its data sheet alone; `report` puts sweeps and plans into words.
"""

from importlib.util import find_spec

from ..errors import InputError

NEEDED = ("torch", "diffusers", "transformers", "PIL", "tomli_w")


def demand_libraries() -> None:
    """Raise `InputError`, in one line, if a library that the networks need is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            f"measuring needs {' and '.join(missing)}, not installed here: pip install 'ditcarbon-sym[measure]'"
        )
