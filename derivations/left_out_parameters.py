"""What Eq. (1) leaves out: exact parameter counts of the released models, and the order of every dropped term."""

from sympy import Expr, Integer, Poly

from ditcarbon_sym.equations import parameters
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import N, P, d, t

from .examples import by_group, count, percent
from .matrices import of, vectors, weights
from .released import DROPPED, FAMILIES, Family, Released, released_models
from .steps import Derivation

BIASES = "biases of the blocks"
# A conditioning width or a share of the hidden size counts as d where orders are told.
ORDER_LIMITS = {0: 2, 1: 1}


def derive() -> Derivation:
    """Everything left out is of order N d or d^2, against N d^2 for what is kept."""
    proof = Derivation(
        "What the parameter count leaves out",
        "In the released models all parameters outside of Eq. (1) are of order $N d$ or $d^2$ (against $N d^2$ for "
        "what it keeps): a relative part of order $1/d + 1/N$. The last block of an MMDiT has fewer weights than the "
        "others.",
    )
    for make in FAMILIES:
        _family(proof, make())
    _table(proof)
    return proof


def dropped(family: Family) -> dict[str, Expr]:
    """Parameters outside of Eq. (1), by group."""
    groups = {BIASES: vectors(family.blocks)}
    for group in DROPPED:
        members = of(family.others, group)
        if members:
            groups[group] = weights(members) + vectors(members)
    return groups


def exact_parameters(model: Released) -> Expr:
    """All trained parameters of a released model."""
    return model.at(weights(model.family.blocks) + sum(dropped(model.family).values(), Integer(0)))


def _family(proof: Derivation, family: Family) -> None:
    proof.say(f"**{family.name}.** Kept are the weight matrices of the blocks:")
    kept = parameters.parameters.rhs.subs(family.substitution)
    proof.conclude(weights(family.blocks), Equation(f"Eq. (1) for {family.name}", P, kept))
    proof.say("Left out:")
    proof.tabulate(
        ("group", "parameters", "order"),
        [(name, entries, _order(name, entries)) for name, entries in dropped(family).items()],
    )


def _order(name: str, entries: Expr) -> Expr:
    """The leading power of N and d; fails if it is not below N d^2 in one of the two ways claimed."""
    powers = Poly(entries.subs(t, d).expand(), N, d).monoms()
    blocks, width = max(powers)
    if any(power_d > ORDER_LIMITS[power_n] for power_n, power_d in powers):
        raise AssertionError(f"{name}: {entries} is not of order N d or d^2")
    return N**blocks * d**width


def _table(proof: Derivation) -> None:
    """Sizes: exact count, Eq. (1), and each group's share of the exact count."""
    rows, shares = [], {}
    for model in released_models().values():
        exact, kept = exact_parameters(model), parameters.parameters.rhs.xreplace(model.values)
        parts = model.parts(exact, kept, dropped(model.family))
        rows.append((model.name, count(exact), count(kept), percent((exact - kept) / exact)))
        shares[model.name] = {group: percent(part / exact) for group, part in parts.items()}
    proof.say("Exact counts of the released models, and what Eq. (1) makes of them (negative: Eq. (1) has too much):")
    proof.tabulate(("model", "exact", "Eq. (1)", "left out"), rows)
    proof.say("Where it is, as shares of the exact count:")
    proof.tabulate(*by_group(shares, (BIASES, *DROPPED)))
    proof.say(
        "Eq. (1) is above the count for the two MMDiT because it takes all blocks as equal; what it drops elsewhere is "
        "not enough to make up for the last block. In PixArt the shared modulation and the projection of the captions "
        "are most of what is missing."
    )
