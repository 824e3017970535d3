"""The largest image within a budget.

How large an image may be that must not cost more than so many grams, on three grids. `solve` finds each point: the root
of the whole chain, rounded down to a size that the network takes.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import solve

BUDGETS = (0.5, 1.0, 2.0, 5.0)
figure, axes = plt.subplots(figsize=(6.4, 3.6))
for place, colour in (("norway-hydro", "#009E73"), ("us-average", "#0072B2"), ("india-coal", "#D55E00")):
    answers = [solve("flux.1-dev", "resolution", budget_g=x, gpu="h100-sxm-80gb", datacenter=place) for x in BUDGETS]
    axes.plot(BUDGETS, [x.solution.value for x in answers], "o-", color=colour, label=place)
axes.set(xscale="log", xlabel="budget of one image (gCO₂eq)", ylabel="side of the largest square (pixels)")
axes.set_xticks(BUDGETS, [f"{x:g}" for x in BUDGETS])
axes.minorticks_off()
axes.set_ylim(bottom=0)
axes.legend()
