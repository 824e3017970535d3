"""Figure 1, drawn from the chain of equations itself: a box per equation, an arrow per symbol that one defines and
another uses.
"""

from statistics import fmean
from typing import Any

from matplotlib import pyplot as plt
from sympy import latex

from ditcarbon_sym.equations import carbon, efficiency, flops, parameters, pipeline
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    B_0,
    DATACENTER_FIELDS,
    GPU_FIELDS,
    MODEL_FIELDS,
    NOTATION,
    REQUEST_FIELDS,
    C_chip,
    L,
    ell_star,
    mu_sat,
    n_latent,
)

STAGES = {
    "parameters": (parameters,),
    "FLOP": (flops,),
    "efficiency": (efficiency,),
    "carbon": (carbon,),
}
COLOURS = {"parameters": "#DDDDDD", "FLOP": "#CDE5F5", "efficiency": "#FFE3B8", "carbon": "#CFEBDD"}
SOURCES = {
    "architecture": set(MODEL_FIELDS),
    "request": {*REQUEST_FIELDS, n_latent},
    "hardware": {*GPU_FIELDS, mu_sat, B_0, ell_star, L, C_chip},
    "data centre": set(DATACENTER_FIELDS),
}
"""Where each input of the chain comes from: the four configurations of the paper."""
NAMES = {symbol: entry.latex for symbol, entry in NOTATION.items()}


def _stage(equation: Equation) -> str:
    """The module that an equation is defined in, as a stage of the pipeline."""
    for stage, modules in STAGES.items():
        if any(equation is value for module in modules for value in vars(module).values()):
            return stage
    raise LookupError(equation.lhs)


def _depths(chain: tuple[Equation, ...]) -> dict[Equation, int]:
    """Length of the longest path of definitions that leads to each equation."""
    by_symbol = {equation.lhs: equation for equation in chain}
    depths: dict[Equation, int] = {}
    for equation in chain:
        before = [depths[by_symbol[x]] for x in equation.inputs if x in by_symbol]
        depths[equation] = 1 + max(before, default=-1)
    return depths


def _words(equation: Equation, defined: set[Any]) -> str:
    number = f"Eq. ({equation.number})" if equation.number.isdigit() else equation.number
    used = [x for x in equation.inputs if x in defined]
    given = [x for x in equation.inputs if x not in defined]
    sources = [name for name, symbols in SOURCES.items() if symbols & set(given)]
    left = f"${latex(equation.lhs, symbol_names=NAMES)}$"
    right = ", ".join(f"${latex(x, symbol_names=NAMES)}$" for x in used)
    lines = [rf"{left}   {number}", f"from {right}" if right else "", " + ".join(sources)]
    return "\n".join(line for line in lines if line)


def _drawn() -> tuple[Equation, ...]:
    """The chain without equations that have no number and are not used further on."""
    chain = pipeline.chain()
    used = {symbol for equation in chain for symbol in equation.inputs}
    return tuple(equation for equation in chain if equation.number.isdigit() or equation.lhs in used)


def _layout(chain: tuple[Equation, ...]) -> dict[Equation, tuple[float, float]]:
    """A column per depth; each box at the mean height of what it uses, pushed down where boxes would meet."""
    by_symbol = {equation.lhs: equation for equation in chain}
    used = {symbol for equation in chain for symbol in equation.inputs}
    depths = _depths(chain)
    roots = sorted((e for e in chain if depths[e] == 0), key=lambda e: e.lhs not in used)
    height = {equation: float(k) for k, equation in enumerate(roots)}
    for depth in range(1, max(depths.values()) + 1):
        column = [equation for equation in chain if depths[equation] == depth]
        wanted = {e: fmean(height[by_symbol[x]] for x in e.inputs if x in by_symbol) for e in column}
        ordered = sorted(column, key=lambda e: -wanted[e])
        for above, equation in zip([None, *ordered], ordered, strict=False):
            height[equation] = wanted[equation] if above is None else min(wanted[equation], height[above] - 1)
    return {equation: (depths[equation] * 1.15, height[equation]) for equation in chain}


def figure_1() -> Any:
    """Draw the chain of the paper's route."""
    chain = _drawn()
    defined, place = {equation.lhs for equation in chain}, _layout(chain)
    figure, axes = plt.subplots(figsize=(9.6, 3.9))
    boxes = {}
    for equation, (x, y) in place.items():
        style = {"boxstyle": "round,pad=0.4", "fc": COLOURS[_stage(equation)], "ec": "0.35", "lw": 0.7}
        text = axes.text(x, y, _words(equation, defined), ha="center", va="center", fontsize=6.5, bbox=style, zorder=3)
        boxes[equation.lhs] = (text, (x, y))
    for equation in chain:
        for symbol in equation.inputs:
            if symbol in boxes:
                _arrow(axes, boxes[symbol], boxes[equation.lhs])
    for stage, colour in COLOURS.items():
        axes.scatter([], [], marker="s", s=60, color=colour, edgecolor="0.35", linewidth=0.7, label=stage)
    axes.legend(loc="upper right", ncols=len(COLOURS))
    across, up = zip(*place.values(), strict=True)
    axes.set_xlim(min(across) - 0.6, max(across) + 0.6)
    axes.set_ylim(min(up) - 0.6, max(up) + 0.6)
    axes.axis("off")
    axes.set_title("From a request to grams of CO₂eq, as the code composes it (P feeds nothing: Eq. (2) never uses it)")
    return figure


def _arrow(axes: Any, start: Any, end: Any) -> None:
    (tail, origin), (head, target) = start, end
    style = {"arrowstyle": "-|>", "color": "0.4", "lw": 0.8, "shrinkA": 0, "shrinkB": 1, "mutation_scale": 8}
    patches = {"patchA": tail.get_bbox_patch(), "patchB": head.get_bbox_patch()}
    axes.annotate("", target, origin, arrowprops={**style, **patches}, zorder=2)
