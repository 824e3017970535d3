"""From measurements to a calibration: the constants of a law on one accelerator, with their uncertainty.

Read in this order:

1. `measurements` reads a table of measured runs, `device` says on which accelerator they ran, and `data` makes columns
   of them.
2. `fitting` fits an equation to the columns by least squares, and holds what the rows do not identify.
3. `held_out` leaves each model out in turn, and `confidence` says how well the parameters are known.
4. `efficiency` makes a calibration of Eq. (3) from all this.
5. `planning` says what is expected before any measurement, and which few runs to measure. `operator_fit` fits the
   operator law from there, and `operator_law` makes its calibration.
6. `validation` compares predictions with measurements; `codecarbon` reads them from CodeCarbon's file.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
