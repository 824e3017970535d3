"""What makes the command line start quickly, and nothing but the command line: no import of the package does this.

sympy's sums look for tensors in every term and load the tensors' module for it, and with it that of permutation
groups: a tenth of a cold start, for something that no formula here contains. A stand-in answers that question, and
gives way to the module itself as soon as anything else is asked of it.
"""

import gc
import importlib
import sys
import types
from typing import Any

TENSORS = "sympy.tensor.tensor"
GARBAGE = (100_000, 20, 50)
"""Collection thresholds: what an import makes stays, and looking through it again and again finds nothing."""


class TensExpr:
    """Stands for sympy's class of the same name, of which there are no instances."""


class TensAdd(TensExpr):
    """Likewise."""


class _StandIn(types.ModuleType):
    TensExpr, TensAdd = TensExpr, TensAdd

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(TENSORS) is self:
            del sys.modules[TENSORS]
        return getattr(importlib.import_module(TENSORS), name)


def quick() -> None:
    """Prepare this process for one command."""
    gc.set_threshold(*GARBAGE)
    if TENSORS not in sys.modules:
        sys.modules[TENSORS] = _StandIn(TENSORS)
