"""Many requests at once: a grid or a list of them, filtered, streamed to a file, ranked, or reduced to a front.

Read in this order:

* `axes` reads axes from text and from a TOML file (`schema` validates it);
* `grid` is the product of axes, `requests` a list from a CSV file: both give rows;
* `panel` computes one model on one accelerator, `block` puts it on the axes of a sweep, `table` holds the columns;
* `filters` keeps the rows for which a condition holds, `streaming` writes rows to a file;
* `ranking` finds the best rows, `order` says what is known of their order, `pareto` finds the front of two or three
  objectives.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
