"""What does the paper show? Every table and figure, the printed value beside the computed one: load, call, plot."""

import os

os.environ["MPLBACKEND"] = "agg"  # figures go to files: a notebook's backend may not be installed here
