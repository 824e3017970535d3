"""What a diffusion transformer costs the climate, in closed form, before it runs.

``estimate`` answers one request, ``count`` counts it exactly; ``pipeline`` holds the equations behind it, ``catalog``
the sourced facts. Attributes load on first use, so that a program which needs only ``__version__`` does not pay for
sympy.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Estimate", "InputError", "count", "estimate", "from_diffusers"]

if TYPE_CHECKING:
    from .diffusers_config import from_diffusers
    from .estimation import Estimate, estimate
    from .notation import InputError
    from .request_count import count


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in ("Estimate", "estimate"):
        from . import estimation

        return getattr(estimation, name)
    if name == "count":
        from .request_count import count

        return count
    if name == "from_diffusers":
        from .diffusers_config import from_diffusers

        return from_diffusers
    if name == "InputError":
        from .notation import InputError

        return InputError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
