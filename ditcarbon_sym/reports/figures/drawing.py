"""The one way to draw: a figure on a canvas of its own, without pyplot, whose backend is the user's to choose."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")
UNDATED: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    ".png": {}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None, "Creator": None},
})  # fmt: skip
"""The same figure is the same bytes: no date in the file."""
STYLE: Mapping[str, Any] = MappingProxyType({
    "font.size": 9, "svg.hashsalt": "ditcarbon", "svg.fonttype": "path", "axes.axisbelow": True,
})  # fmt: skip


def demand_format(path: Path | None) -> None:
    """Raise `InputError` if the ending of a figure's file is not one that can be drawn."""
    if path is not None and path.suffix not in FORMATS:
        raise InputError(f"{path}: unknown format {path.suffix!r} of a figure; expected {', '.join(FORMATS)}")


def drawn(draw: Callable[["Figure"], None], size: tuple[float, float], suffix: str, dpi: float = 160) -> bytes:
    """Let ``draw`` fill a figure of ``size`` (inches), and return the bytes of its file."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: Any = dict(STYLE)
    buffer = io.BytesIO()
    with rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        figure.savefig(buffer, format=suffix[1:], dpi=dpi, metadata=dict(UNDATED[suffix]))
    return buffer.getvalue()
