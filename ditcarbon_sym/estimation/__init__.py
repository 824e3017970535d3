"""One request: from what a user asks for to time, energy and carbon with their intervals.

Read in this order: `request` (the numbers of a request, checked); `routes` (which law leads to time and energy) with
`work`, `work_of_flags` and `transfer` (what that law needs to know of a model and of an accelerator); `point` (all
inputs of the equations together); `intervals` (how sure an output is) and `ratios` (how sure the ratio of two is);
`memory` (what fits); `estimator` (the answer). `counting` and `exact_count` count parameters and FLOP exactly, without
time.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
