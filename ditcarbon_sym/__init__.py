"""What a diffusion transformer costs the climate, in closed form, before it runs.

``estimate`` answers one request, ``count`` counts it exactly; ``pipeline`` holds the equations behind it, ``catalog``
the sourced facts. Attributes load on first use, so that a program which needs only ``__version__`` does not pay for
sympy.
"""

from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

__all__ = ["Estimate", "InputError", "count", "estimate", "from_diffusers"]

if TYPE_CHECKING:
    from .catalog.diffusers import from_diffusers
    from .errors import InputError
    from .estimation.estimator import Estimate, estimate
    from .estimation.exact_count import count


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in ("Estimate", "estimate"):
        from .estimation import estimator

        return getattr(estimator, name)
    if name == "count":
        from .estimation.exact_count import count

        return count
    if name == "from_diffusers":
        from .catalog.diffusers import from_diffusers

        return from_diffusers
    if name == "InputError":
        from .errors import InputError

        return InputError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
