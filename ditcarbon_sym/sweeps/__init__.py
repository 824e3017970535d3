"""Many requests at once: a grid or a list of them, filtered, streamed to a file, ranked, or reduced to a front.

Read in this order:

* `axes` reads axes from text and from a TOML file (`schema` validates it);
* `grid` is the product of axes, `requests` a list from a CSV file: both give rows;
* `panel` computes one model on one accelerator, `block` puts it on the axes of a sweep, `table` holds the columns;
* `filters` keeps the rows for which a condition holds, `streaming` writes rows to a file;
* `ranking` finds the best rows, `pareto` the front of two or three objectives.
"""

from .grid import Grid, Sweep, sweep
from .pareto import Front, front
from .ranking import top
from .requests import RequestList, read_requests

__all__ = ["Front", "Grid", "RequestList", "Sweep", "front", "read_requests", "sweep", "top"]
