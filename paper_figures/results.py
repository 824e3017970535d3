"""Every quantity of the paper that the project computes: name to `Found`."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from . import results_carbon, results_efficiency, results_formulas
from .readings import Found


@lru_cache(maxsize=1)
def computed() -> Mapping[str, Found]:
    """All quantities, each computed once."""
    sections = (results_formulas.results(), results_efficiency.results(), results_carbon.results())
    found: dict[str, Found] = {}
    for item in chain.from_iterable(sections):
        assert item.quantity not in found, f"{item.quantity} is computed twice"
        found[item.quantity] = item
    return MappingProxyType(found)
