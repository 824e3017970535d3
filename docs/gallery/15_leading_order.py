"""How far the paper's leading order is off.

FLOP of one denoiser pass by Eq. (2) and Table 2, over the exact count of every released network. Most are exact to a
per cent; those that are not have attention that the flags do not see. The figure is one of those that `make figures`
draws.
"""

from paper_figures import exact_counts

figure = exact_counts.figure()
