"""What the paper shows: efficiency against size and batch.

The paper's measurements on the V100. On the left all of them, on the right those of production size, with the fit that
the package ships. The figure is Figure 3 of the paper, drawn by `make figures`.
"""

from paper_figures import figures

figure = figures.figure_3()
