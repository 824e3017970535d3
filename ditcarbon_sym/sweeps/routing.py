r"""Where and when to run: the linear programme that gives requests to places and hours, and its duals.

Minimise sum_ks w_k g_s y_ks over accelerator-hours y_ks >= 0 of class k in slot s (a place in an hour), with

    sum_s y_ks = H_k,    sum_k y_ks <= A_s,    y_ks = 0 where class k may not run.

H_k are the accelerator-hours of a class, w_k its kWh for each of them, g_s the grams of the slot for each kWh, A_s the
accelerators of the slot. A small programme is solved as it stands. In a large one, classes that may run in the same
slots and have similar w share their choice (a restriction, so its cost is an upper bound), and columns come by price;
the duals bound the whole programme from below, and the answer says how far apart the bounds are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]
SMALL = 200_000
"""Class-slot pairs up to which every class is a class of its own."""
BUCKETS = 3
"""How many kinds of power the classes of one set of slots are first parted into."""
LARGEST = 2_500
"""Shared choices at most."""
CLOSE = 1e-3
"""Relative distance of the two bounds from which the shared choices are not parted further."""
ROUNDS, PRICINGS, SWEEPS = 3, 12, 250
EXACT = 1e-9


@dataclass(frozen=True)
class Programme:
    """Numbers of the programme: hours and power of classes, grams and accelerators of slots, and which may meet.

    ``allowed`` has a row for each set of slots, ``kind`` the set of each class.
    """

    hours: Array
    power: Array
    grams: Array
    capacity: Array
    allowed: NDArray[np.bool_]
    kind: NDArray[np.intp]


@dataclass(frozen=True)
class Optimum:
    """The optimum: accelerator-hours by (class, slot), grams, the lower bound, and the duals.

    ``per_hour`` is the dual of a class's hours, gCO2eq for one accelerator-hour more of it; ``per_accelerator`` the
    dual of a slot, gCO2eq saved by one accelerator-hour more there.
    """

    classes: NDArray[np.intp]
    slots: NDArray[np.intp]
    hours: Array
    grams: float
    lower: float
    per_hour: Array
    per_accelerator: Array

    @property
    def gap(self) -> float:
        """How far the bounds are apart, relative to the optimum."""
        return 0.0 if self.grams == 0 else max(0.0, 1 - self.lower / self.grams)


def optimum(programme: Programme) -> Optimum:
    """Solve the programme; raises `Infeasible` if the accelerators do not suffice."""
    p = programme
    if len(p.hours) * len(p.grams) <= SMALL:
        labels, whole = np.arange(len(p.hours)), True
    else:
        cuts = np.quantile(p.power, np.linspace(0, 1, BUCKETS + 1)[1:-1])
        labels, whole = _numbered(p.kind * BUCKETS + np.digitize(p.power, cuts)), False
    price = np.zeros(len(p.grams)) if whole else _smooth_prices(*_shared(p, labels), p)
    columns: NDArray[np.intp] | None = None
    for _ in range(ROUNDS):
        power, hours, kind = _shared(p, labels)
        master = _master(power, hours, kind, p, price, columns, whole=whole)
        price, found = master["price"], _whole(p, labels, hours, master)
        best, choice = _cheapest(p, price)
        lower = float(best @ p.hours - price @ p.capacity)
        parted = _numbered(labels * len(p.grams) + choice)
        if whole or 1 - lower / found[3] < CLOSE or parted.max() >= LARGEST:
            break
        parent = np.zeros(parted.max() + 1, dtype=np.intp)
        parent[parted] = labels
        columns = _inherited(master, parent, len(p.grams))
        labels = parted
    return Optimum(*found[:3], found[3], lower if not whole else min(lower, found[3]), best, price)


class Infeasible(InputError):
    """The accelerators do not suffice: which classes have nowhere else to go."""

    def __init__(self, classes: NDArray[np.intp], slots: NDArray[np.intp], demand: float, supply: float) -> None:
        super().__init__(
            f"infeasible: {demand:.6g} accelerator-hours may run in {len(slots)} slots only, which have {supply:.6g}"
        )
        self.classes, self.slots, self.demand, self.supply = classes, slots, demand, supply


def _numbered(keys: NDArray[Any]) -> NDArray[np.intp]:
    found: NDArray[np.intp] = np.unique(keys, return_inverse=True)[1]
    return found


def _shared(p: Programme, labels: NDArray[np.intp]) -> tuple[Array, Array, NDArray[np.intp]]:
    """Power, hours and set of slots of each shared choice."""
    hours: Array = np.bincount(labels, p.hours).astype(np.float64)
    kind = np.zeros(len(hours), dtype=np.intp)
    kind[labels] = p.kind
    power: Array = np.bincount(labels, p.hours * p.power) / hours
    return power, hours, kind


def _smooth_prices(power: Array, hours: Array, kind: NDArray[np.intp], p: Programme) -> Array:
    """Prices of slots near the optimum: each choice spreads over slots by price, ever more sharply."""
    price, allowed = np.zeros(len(p.grams)), p.allowed[kind]
    base = np.where(allowed, power[:, None] * p.grams, np.inf)
    scale = float(np.ptp(p.grams) * power.mean()) or 1.0
    for k in range(SWEEPS):
        heat = scale * max(0.12 * 0.985**k, 0.002)
        cost = base + price
        part = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / heat)
        load = (hours / part.sum(axis=1)) @ part
        price = np.maximum(0.0, price + 0.7 * heat * np.log(np.maximum(load, 1e-300) / np.maximum(p.capacity, 1e-9)))
    return price


def _master(
    power: Array,
    hours: Array,
    kind: NDArray[np.intp],
    p: Programme,
    price: Array,
    columns: NDArray[np.intp] | None,
    *,
    whole: bool,
) -> dict[str, Any]:
    """Solve the programme of the shared choices: columns are added while one is cheaper than the duals say."""
    from scipy import optimize, sparse

    many, slots = len(hours), len(p.grams)
    outside = 4.0 * float(power.max() * p.grams.max()) + 1.0
    have = np.zeros(0, dtype=np.intp) if columns is None else columns
    answer: Any = None
    dual = np.full(many, np.inf)
    if whole:
        k, s = np.nonzero(p.allowed[kind])
        have = k * slots + s
    for turn in range(PRICINGS):
        if not whole:
            cost = np.where(p.allowed[kind], power[:, None] * p.grams + price, np.inf)
            near = np.argpartition(cost, min(24 if turn == 0 else 8, slots - 1), axis=1)[:, : 24 if turn == 0 else 8]
            i, j = np.repeat(np.arange(many), near.shape[1]), near.ravel()
            new = np.isfinite(cost[i, j])
            if answer is not None:
                new &= cost[i, j] < dual[i] - EXACT * np.abs(dual[i])
                if not new.any() or np.maximum(0.0, dual - cost.min(axis=1)) @ hours < CLOSE / 10 * abs(answer.fun):
                    break
            have = np.union1d(have, i[new] * slots + j[new])
        k, s = have // slots, have % slots
        usable = p.capacity[s] > 0
        k, s, have = k[usable], s[usable], have[usable]
        ones, each = np.ones(len(have) + many), np.arange(many)
        demand = sparse.csr_matrix((ones, (np.r_[k, each], np.arange(len(ones)))), shape=(many, len(ones)))
        load = sparse.csr_matrix((hours[k] / p.capacity[s], (s, np.arange(len(have)))), shape=(slots, len(ones)))
        cost = np.r_[power[k] * p.grams[s] * hours[k], outside * hours]
        answer = optimize.linprog(
            cost,
            A_ub=load,
            b_ub=np.ones(slots),
            A_eq=demand,
            b_eq=np.ones(many),
            method="highs-ds" if whole else "highs-ipm",
        )
        if answer.status != 0:
            raise InputError(f"the linear programme was not solved: {answer.message}")
        with np.errstate(divide="ignore", invalid="ignore"):
            price = np.where(p.capacity > 0, -answer.ineqlin.marginals / p.capacity, outside)
        dual = answer.eqlin.marginals / hours
        if whole:
            break
    parts = answer.x[: len(have)]
    unserved = answer.x[len(have) :] @ hours
    if unserved > 1e-7 * hours.sum():
        raise _too_little(p)
    return {"k": k, "s": s, "parts": parts, "price": np.maximum(price, 0.0), "have": have}


def _too_little(p: Programme) -> Infeasible:
    """Find the slots that are too few: the cut of the flow of accelerator-hours from sets of slots to slots."""
    from scipy import optimize, sparse

    sets = np.unique(p.kind)
    demand = np.array([p.hours[p.kind == x].sum() for x in sets])
    k, s = np.nonzero(p.allowed[sets] & (p.capacity > 0))
    if not len(k):  # no slot has any accelerator
        slots = np.flatnonzero(p.allowed[sets].any(axis=0))
        return Infeasible(np.arange(len(p.kind)), slots, float(demand.sum()), 0.0)
    rows = sparse.csr_matrix((np.ones(len(k)), (k, np.arange(len(k)))), shape=(len(sets), len(k)))
    load = sparse.csr_matrix((np.ones(len(k)), (s, np.arange(len(k)))), shape=(len(p.grams), len(k)))
    answer = optimize.linprog(
        -np.ones(len(k)), A_ub=sparse.vstack([load, rows]), b_ub=np.r_[p.capacity, demand], method="highs-ds"
    )
    duals = -answer.ineqlin.marginals
    full = duals[: len(p.grams)] > 0.5
    short = (duals[len(p.grams) :] < 0.5) & ~(p.allowed[sets] & (p.capacity > 0) & ~full).any(axis=1)
    slots = np.flatnonzero(p.allowed[sets[short]].any(axis=0))
    classes = np.flatnonzero(np.isin(p.kind, sets[short]))
    return Infeasible(classes, slots, float(demand[short].sum()), float(p.capacity[slots].sum()))


def _whole(
    p: Programme, labels: NDArray[np.intp], hours: Array, master: dict[str, Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array, float]:
    """Hours of every class in every slot: all classes of a shared choice are spread in the same parts."""
    used = master["parts"] > 1e-12
    k, s, part = (master[x][used] for x in ("k", "s", "parts"))
    order = np.argsort(k, kind="stable")
    k, s, part = k[order], s[order], part[order]
    first, count = np.searchsorted(k, np.arange(len(hours))), np.bincount(k, minlength=len(hours))
    each = np.repeat(np.arange(len(labels)), count[labels])
    within = np.arange(len(each)) - np.repeat(np.cumsum(count[labels]) - count[labels], count[labels])
    index = np.repeat(first[labels], count[labels]) + within
    given = p.hours[each] * part[index]
    return each, s[index], given, float((given * p.power[each]) @ p.grams[s[index]])


def _cheapest(p: Programme, price: Array, block: int = 512) -> tuple[Array, NDArray[np.intp]]:
    """For each class, the least cost of an accelerator-hour at these prices, and the slot of it."""
    best, choice = np.empty(len(p.hours)), np.empty(len(p.hours), dtype=np.intp)
    for start in range(0, len(best), block):
        part = slice(start, start + block)
        cost = np.where(p.allowed[p.kind[part]] & (p.capacity > 0), p.power[part, None] * p.grams + price, np.inf)
        choice[part] = cost.argmin(axis=1)
        best[part] = cost.min(axis=1)
    return best, choice


def _inherited(master: dict[str, Any], parent: NDArray[np.intp], slots: int) -> NDArray[np.intp]:
    """The columns that the parents of parted choices use."""
    used = master["parts"] > 1e-12
    k, s = master["k"][used], master["s"][used]
    order = np.argsort(k, kind="stable")
    k, s = k[order], s[order]
    count = np.bincount(k, minlength=parent.max() + 1)
    first = np.searchsorted(k, np.arange(len(count)))
    each = np.repeat(np.arange(len(parent)), count[parent])
    within = np.arange(len(each)) - np.repeat(np.cumsum(count[parent]) - count[parent], count[parent])
    found: NDArray[np.intp] = each * slots + s[np.repeat(first[parent], count[parent]) + within]
    return found
