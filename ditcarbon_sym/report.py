"""How results look: rich tables, Markdown, CSV, JSON and TOML. The only place that rounds, and the only one that
writes files.
"""

import csv
import io
import json
import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .catalog import Catalog, shipped_calibration
from .equation import Equation
from .estimation import Estimate, Quantity
from .notation import NOTATION, PUE, TDP, H, I_grid, InputError, N, S, Theta_peak, W, a, c, d, g, j, m, n_frames, s


def significant(value: float | None, digits: int = 4) -> str:
    """Write a number with so many significant digits, without an exponent where it stays readable.

    >>> significant(0.0010642), significant(17.1708), significant(6.568e14), significant(None)
    ('0.001064', '17.17', '6.568e14', 'unknown')
    """
    if value is None or math.isnan(value):
        return "unknown"
    if not math.isfinite(value):
        return f"{value:g}"
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}"
    if not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def count(value: float) -> str:
    """Write a count in millions or billions, as parameter counts are told.

    >>> count(594542592), count(2038431744)
    ('594.5 M', '2.038 B')
    """
    return f"{significant(value / 1e9)} B" if value >= 1e9 else f"{significant(value / 1e6)} M"


def interval(quantity: Quantity) -> str:
    """Write the interval of a quantity, nothing where there is none."""
    return "" if quantity.low is None else f"{significant(quantity.low)} to {significant(quantity.high)}"


def estimate_header(estimate: Estimate) -> tuple[str, ...]:
    """Column heads of an estimate; the interval has one only where there are intervals."""
    if estimate.interval_level is None:
        return "", "value", "unit"
    return "", "value", f"{estimate.interval_level:.0%} interval", "unit"


def estimate_rows(estimate: Estimate) -> list[tuple[str, ...]]:
    """Return the table of an estimate for people, under `estimate_header`."""
    flops, daily = estimate.flops, estimate.per_day
    outputs = estimate.request["outputs"]
    efficiency = Quantity(*(estimate.efficiency[end] for end in ("value", "low", "high")))
    rows = [
        ("parameters", count(estimate.parameters), "", "denoiser, Eq. (1)"),
        ("latent tokens", f"{estimate.tokens['latent']:,}", "", f"+ {estimate.tokens['text']} text tokens"),
        ("FLOP, denoiser", significant(flops["denoiser"]), "", "FLOP"),
        ("FLOP, text encoder", significant(flops["text_encoder"]), "", "FLOP"),
        ("FLOP, VAE decoder", significant(flops["vae_decoder"]), "", "FLOP"),
        ("FLOP, total", significant(flops["total"]), "", "FLOP"),
    ]
    for name, quantity, unit in (
        ("efficiency mu", efficiency, "of peak"),
        ("time", estimate.time_s, "s"),
        ("energy", estimate.energy_wh, "Wh"),
        ("operational carbon", estimate.operational_g, "gCO2eq"),
        ("embodied carbon", estimate.embodied_g, "gCO2eq"),
        ("total carbon", estimate.total_g, "gCO2eq"),
        ("per output", estimate.per_output_g, f"gCO2eq ({outputs} output{'s' if outputs != 1 else ''})"),
    ):
        rows.append((name, significant(quantity.value), interval(quantity), unit))
    if daily is not None:
        kilograms = None if daily["total_g"] is None else daily["total_g"] / 1000
        kilowatthours = None if daily["energy_wh"] is None else daily["energy_wh"] / 1000
        rows += [
            (f"per day, {significant(daily['outputs'])} outputs", significant(kilograms), "", "kgCO2eq"),
            ("", significant(kilowatthours), "", "kWh"),
            ("", significant(daily["gpu_hours"]), "", "accelerator hours"),
        ]
    columns = (0, 1, 3) if estimate.interval_level is None else (0, 1, 2, 3)
    return [tuple(row[column] for column in columns) for row in rows]


def estimate_title(estimate: Estimate) -> str:
    """One line naming what was asked."""
    r = estimate.request
    frames = f" x {r['frames']} frames" if r["frames"] != 1 else ""
    return (
        f"{estimate.model}, {r['height']} x {r['width']}{frames}, batch {r['batch']}, "
        f"{r['steps']} steps x {r['guidance']} passes, on {estimate.gpu}, {estimate.datacenter}"
    )


def basis_rows(estimate: Estimate) -> list[tuple[str, str]]:
    """Say what the numbers rest on: what, and in which words."""
    basis, calibration = estimate.basis, estimate.basis["calibration"]
    rows = [
        ("equations", ", ".join(basis["equations"])),
        ("FLOP", estimate.flops["convention"]),
        ("VAE", basis["vae"]),
        ("efficiency", estimate.efficiency["model"]),
    ]
    if calibration is not None:
        values = ", ".join(f"{name} = {significant(value)}" for name, value in calibration["parameters"].items())
        unsure = [f"{name} {verdict}" for name, verdict in calibration["verdicts"].items() if verdict != "identified"]
        rows += [
            ("calibration", f"{estimate.efficiency['calibration']}: {values}"),
            ("", f"n = {calibration['n']}, MAPE of mu {calibration['mape_percent']:.1f} %"),
            *(("", line) for line in unsure),
        ]
    embodied = basis["embodied_gco2eq"]
    mass = "unknown" if embodied is None else f"{embodied / 1000:g} kgCO2eq"
    return [
        *rows,
        ("peak", f"{significant(basis['peak_flop_per_second'] / 1e12)} TFLOP/s {basis['precision']}".rstrip()),
        ("power", f"{basis['power']}: {significant(basis['tdp_watt'])} W, accelerator only"),
        ("facility", f"PUE {basis['pue']:g}, grid {basis['grid_gco2eq_per_kwh']:g} gCO2eq/kWh"),
        ("embodied", f"{mass}, boundary: {basis['embodied_boundary']}"),
        ("lifetime", f"{basis['lifetime_years']:g} years, linear, no duty cycle"),
        ("interval", basis["interval"]),
    ]


def ends(pair: Sequence[float | None] | None) -> str:
    """Write an interval; an end that the data do not give is 'bound' below and 'open' above.

    >>> ends((0.25, 0.5)), ends((None, 2.0)), ends(None)
    ('0.2500 to 0.5000', 'bound to 2', 'none')
    """
    if pair is None:
        return "none"
    low, high = pair
    return f"{'bound' if low is None else significant(low)} to {'open' if high is None else significant(high)}"


def plain(table: Any) -> Any:
    """Make a table ready for JSON: NaN becomes None."""
    if isinstance(table, Mapping):
        return {key: plain(value) for key, value in table.items()}
    if isinstance(table, list | tuple):
        return [plain(value) for value in table]
    return None if isinstance(table, float) and math.isnan(table) else table


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown.

    >>> print(markdown_table(["a", "b"], [["1", "2"]]))
    | a | b |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table in CSV, unknown values as empty cells."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return buffer.getvalue()


_TEX = {
    **{character: rf"\{character}" for character in "&%#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "²": r"$^2$",
    "₂": r"$_2$",
    "α": r"$\alpha$",
    "Σ": r"$\Sigma$",
    "μ": r"$\mu$",
}


def tex(text: str) -> str:
    r"""Escape text for LaTeX; what stands between dollars is mathematics already.

    >>> print(tex("7.8 % of mu_sat"), tex("$d^2$"))
    7.8 \% of mu\_sat $d^2$
    """
    if text.startswith("$") and text.endswith("$"):
        return text
    return "".join(_TEX.get(character, character) for character in text)


def latex_table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str, label: str, note: str = "") -> str:
    """Write a table in LaTeX (booktabs and graphicx), ready to include; one too wide for the line is shrunk to it."""
    body = [header, *rows]
    lines = [" & ".join(tex(cell) for cell in row) + r" \\" for row in body]
    # A last column of sentences is wrapped, all others are as wide as what they hold.
    last = r"p{0.4\linewidth}" if max(len(row[-1]) for row in body) > 45 else "l"
    columns = "l" * (len(header) - 1) + last
    widest = sum(max(len(row[k]) for row in body) for k in range(len(header)))
    fit, end = (r"\resizebox{\linewidth}{!}{%", "}") if widest > 90 and last == "l" else ("", "")
    parts = [
        r"\begin{table}",
        r"  \centering\small",
        rf"  \caption{{{tex(caption)}}}\label{{{label}}}",
        rf"  {fit}\begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        f"    {lines[0]}",
        r"    \midrule",
        *(f"    {line}" for line in lines[1:]),
        r"    \bottomrule",
        rf"  \end{{tabular}}{end}",
        rf"  \par\smallskip\footnotesize {tex(note)}" if note else "",
        r"\end{table}",
        "",
    ]
    return "\n".join(part for k, part in enumerate(parts) if part or k == len(parts) - 1)


def json_text(table: Mapping[str, Any]) -> str:
    """Write one JSON object; NaN and infinity, which JSON does not have, are refused."""
    return json.dumps(table, indent=2, ensure_ascii=False, allow_nan=False)


def toml_text(table: Mapping[str, Any], comment: str = "") -> str:
    """Write a table in TOML, with a comment on top."""
    import tomli_w

    return (f"# {comment}\n\n" if comment else "") + tomli_w.dumps(table)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: to a temporary one beside it, then renamed. Raises `InputError` if it
    cannot.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Write several files, all or none: each to a temporary one beside it, then all renamed."""
    waiting: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            waiting.append((_temporary(path, content), path))
        for temporary, path in waiting:
            temporary.replace(path)
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)


def _temporary(path: Path, content: str | bytes) -> Path:
    """Write ``content`` to a new file beside ``path`` and return it."""
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, "is a folder")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o644)
    except (OSError, ValueError) as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
    return temporary


def model_rows(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of models."""
    rows = [
        {
            "id": model.id,
            "name": model.name,
            **{x.name: model.values[x] for x in (s, c, a, j, N, d)},
            "size": f"{model.request[H]:g} x {model.request[W]:g}",
            "frames": model.request[n_frames],
            "steps": model.request[S],
            "passes": model.request[g],
            "text tokens": model.request[m],
            "origin": model.origin,
        }
        for model in catalog.models.values()
    ]
    return ("id", "name", "s", "c", "a", "j", "N", "d", "size", "frames", "steps", "passes", "text tokens"), rows


def gpu_rows(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of accelerators."""
    rows = [
        {
            "id": gpu.id,
            "name": gpu.name,
            "peak (TFLOP/s)": gpu.values[Theta_peak] / 1e12,
            "precision": gpu.precision,
            "power (W)": gpu.values.get(TDP),
            "memory (GB)": gpu.memory_gb,
            "embodied (kgCO2eq)": {boundary: grams / 1000 for boundary, grams in gpu.embodied.items()} or None,
            "calibrated": "yes" if shipped_calibration(gpu.id) else "no",
            "origin": gpu.origin,
        }
        for gpu in catalog.gpus.values()
    ]
    return (
        "id",
        "name",
        "peak (TFLOP/s)",
        "precision",
        "power (W)",
        "memory (GB)",
        "embodied (kgCO2eq)",
        "calibrated",
    ), rows


def datacenter_rows(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of data centres."""
    rows = [
        {
            "id": place.id,
            "name": place.name,
            "PUE": place.values[PUE],
            "grid (gCO2eq/kWh)": place.values[I_grid],
            "origin": place.origin,
        }
        for place in catalog.datacenters.values()
    ]
    return ("id", "name", "PUE", "grid (gCO2eq/kWh)"), rows


def symbol_rows(equation: Equation) -> list[tuple[str, ...]]:
    """Return symbol, meaning and unit of everything in an equation."""
    entries = [NOTATION[x] for x in (equation.lhs, *equation.inputs)]
    return [(entry.symbol.name, entry.meaning, entry.unit) for entry in entries]


def cell(value: Any) -> str:
    """Write one cell of a catalogue table."""
    if value is None:
        return "unknown"
    if isinstance(value, dict):
        return ", ".join(f"{number:g} ({boundary})" for boundary, number in value.items())
    return f"{value:g}" if isinstance(value, float | int) else str(value)
