"""How a comparison looks: the requests side by side, and their ratios to the first."""

from ..analysis.comparison import Comparison, Ratio
from ..equations.notation import E, tau
from ..estimation.service import Quantity
from .estimate import boundary_words, device_words, facility_words, interval, output_words, size_words
from .formats import energy_unit, significant

ENERGIES = ("energy_wh", "facility_energy_wh")
QUANTITIES = (
    ("time", "time_s", "s"), ("energy, accelerator", "energy_wh", ""),
    ("energy, facility", "facility_energy_wh", ""), ("operational carbon", "operational_g", "gCO2eq"),
    ("carbon of the host", "host_g", "gCO2eq"), ("embodied carbon", "embodied_g", "gCO2eq"),
    ("total carbon", "total_g", "gCO2eq"), ("per output", "per_output_g", "gCO2eq"),
)  # fmt: skip
"""Name, field, and unit; that of energies is chosen once for all, by the largest."""


def header(comparison: Comparison) -> tuple[str, ...]:
    """Return the column heads: a letter for each request."""
    return ("", *(letter(k) for k in range(len(comparison.requests))), "unit")


def letter(k: int) -> str:
    """Return the letter of a request: A, B, C ..."""
    return chr(ord("A") + k) if k < 26 else f"request {k + 1}"


def rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return the quantities: each value, with its interval in brackets."""
    scale, energy = energy_unit(*(getattr(x, field).value for x in comparison.estimates for field in ENERGIES))
    host = any(x.host_g.value is not None for x in comparison.estimates)
    found = []
    for name, field, unit in QUANTITIES:
        if field == "host_g" and not host:
            continue
        factor, words = (scale, energy) if field in ENERGIES else (1.0, unit)
        words += f" {facility_words(host)}" if field == ENERGIES[1] else ""
        cells = (_cell(getattr(estimate, field).times(factor)) for estimate in comparison.estimates)
        found.append((name, *cells, words))
    return found


def _cell(quantity: Quantity) -> str:
    span = interval(quantity)
    return f"{significant(quantity.value)} ({span})" if span else significant(quantity.value)


def request_rows(comparison: Comparison) -> list[tuple[str, str]]:
    """Return each letter with its request and its route."""
    return [
        (letter(k), f"{text}: {e.model} on {device_words(e)}, {e.datacenter}{boundary_words(e)}, "
                    f"{size_words(e.request)}, batch {e.request['batch']}, {e.request['steps']} steps, "
                    f"route {e.basis['efficiency']}, {e.basis['stack']['words'].partition(';')[0]}")
        for k, (text, e) in enumerate(zip(comparison.requests, comparison.estimates, strict=True))
    ]  # fmt: skip


def ratio_rows(ratios: tuple[Ratio, ...]) -> list[tuple[str, ...]]:
    """Return the ratios of one request to the first."""
    return [(output_words(x.output), significant(x.value), _span(x), x.verdict) for x in ratios]


def per_output_words(comparison: Comparison, k: int) -> str:
    """Where batches differ, say what time and energy of one output are, over those of the first request."""
    first, other = comparison.estimates[0], comparison.estimates[k]
    batches = first.request["outputs"], other.request["outputs"]
    if batches[0] == batches[1]:
        return ""
    each = {x.output: x.value for x in comparison.ratios[k - 1]}
    shown = [
        f"{name} {significant(value * batches[0] / batches[1])} of A's"
        for name, value in (("time", each[tau]), ("energy", each[E])) if value is not None
    ]  # fmt: skip
    return f"runtime and energy above are of batches of {batches[0]} and {batches[1]}; per output: {', '.join(shown)}"


def _span(ratio: Ratio) -> str:
    if ratio.low is None or ratio.high is None:
        return "none"
    if ratio.high / ratio.low < 1 + 1e-9:
        return "exact"
    return f"{significant(ratio.low)} to {significant(ratio.high)}"
