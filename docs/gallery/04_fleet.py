"""One request on every accelerator.

Energy against time of one image of FLUX.1-dev on every accelerator of the catalogue, both with 90 % intervals. Filled
circles are calibrated, from published runs; diamonds are predicted by what accelerators have in common, with the wider
interval that this demands. The figure is one of those that `make figures` draws.
"""

from paper_figures import fleet

figure = fleet.figure()
