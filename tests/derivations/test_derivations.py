"""Every derivation concludes, fails if the package is changed, and says what the numbers of the package say."""

import doctest
import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sympy import Add, expand

import derivations
from derivations import batching, breakeven, crossover, elasticity, left_out_parameters, released, vae_reuse
from derivations.__main__ import RESULTS, main
from derivations.examples import configurations
from derivations.render import latex_document, markdown
from derivations.steps import Derivation, Formula, math
from ditcarbon_sym.catalog.loading import defaults, load, paper_models, shipped_calibration
from ditcarbon_sym.equations import (
    carbon,
    efficiency,
    flops,
    operator_law,
    parallel,
    parameters,
    pipeline,
    training,
)
from ditcarbon_sym.equations.equation import Equation, exact
from ditcarbon_sym.equations.notation import (
    PUE,
    SECONDS_PER_YEAR,
    TDP,
    B,
    C_chip,
    C_emb,
    C_op,
    C_total,
    I_grid,
    L,
    d,
    ell,
    ell_star,
    j,
    m,
    s,
)
from paper_figures.printed import by_quantity

FOLDER = Path(derivations.__file__).parent
CHAIN = [(carbon, name) for name in ("energy", "operational", "embodied", "total")]
RESTS_ON = {
    "parameters": [(parameters, "coefficient"), (parameters, "parameters")],
    "tokens": [(flops, "latent_frames"), (flops, "latent_tokens"), (flops, "latent_pixels")],
    "block_flops": [(flops, x) for x in ("block", "SELF_ATTENTION", "CROSS_ATTENTION", "MLP", "ADALN")],
    "total_flops": [(flops, "text_encoder"), (flops, "denoiser"), (flops, "total")],
    "operator_lists": [(parameters, "parameters"), (flops, "block")],
    "vae_reuse": [(flops, "vae_decoder")],
    "efficiency": [(efficiency, "saturation"), (efficiency, "batch_saturation")],
    "accounting": [(carbon, "runtime"), *CHAIN],
    "left_out_parameters": [(parameters, "parameters")],
    "left_out_flops": [(flops, "block")],
    "crossover": [(flops, "block")],
    "elasticity": [(flops, x) for x in ("block", "total", "vae_decoder", "latent_pixels", "latent_tokens")],
    "batching": [(efficiency, "saturation"), (flops, "total"), (carbon, "runtime"), *CHAIN],
    "breakeven": CHAIN,
    "operator_law": [(operator_law, "limited"), (operator_law, "energy")],
    "several": [(parallel, "steps")],
    "training": [(training, "backward"), (training, "gradients")],
}
"""What of the package each derivation must notice a change in."""


def changes(name, rhs):
    """The right-hand side with one coefficient changed: each input doubled, each term of a sum doubled."""
    yield from ((f"2 {x}", rhs.xreplace({x: 2 * x})) for x in sorted(rhs.free_symbols, key=str))
    if not name.startswith(
        ("left_out", "operator_lists")
    ):  # these look at the catalogue's kinds of blocks, where some terms are absent
        terms = expand(rhs) if rhs.is_rational_function() else rhs  # a law with roots has too many terms
        yield from ((f"twice {term}", rhs + term) for term in Add.make_args(terms))


CHANGES = [
    pytest.param(name, module, attribute, changed, id=f"{name}: {attribute} with {what}")
    for name, equations in RESTS_ON.items()
    for module, attribute in equations
    for what, changed in changes(name, getattr(getattr(module, attribute), "rhs", getattr(module, attribute)))
]


@pytest.fixture(scope="module")
def derived():
    return {name: derive() for name, derive in RESULTS.items()}


@pytest.fixture(scope="module")
def v100():
    """The shipped accelerator in the US-average data centre, with its calibration."""
    catalog, calibration = load(), shipped_calibration(defaults()["gpu"])
    gpu = catalog.gpu(defaults()["gpu"])
    values = {C_chip: gpu.embodied["die"], L: defaults()["lifetime_years"] * float(SECONDS_PER_YEAR)}
    return {**gpu.values, **catalog.datacenter("us-average").values, **calibration.values, **values}


@pytest.mark.parametrize("name", RESULTS)
def test_every_derivation_concludes(name, derived):
    assert derived[name].conclusions
    assert sum(isinstance(step, Formula) and step.asserted for step in derived[name].steps) >= 1


@pytest.mark.parametrize(("name", "module", "attribute", "changed"), CHANGES)
def test_a_derivation_fails_if_the_package_is_changed(name, module, attribute, changed, monkeypatch):
    original = getattr(module, attribute)
    monkeypatch.setattr(
        module, attribute, replace(original, rhs=changed) if isinstance(original, Equation) else changed
    )
    with pytest.raises(AssertionError):
        RESULTS[name]()


def test_every_numbered_equation_is_derived(derived):
    concluded = {equation for derivation in derived.values() for equation in derivation.conclusions}
    assert {*pipeline.EQUATIONS, *pipeline.chain(), parameters.coefficient} <= concluded


def test_a_failure_names_the_equation_and_both_sides():
    with pytest.raises(AssertionError, match=r"Eq\. \(6\): derived I_grid, but the package has C_op = E\*I_grid\*PUE"):
        Derivation("", "").conclude(I_grid, carbon.operational)


@pytest.mark.parametrize("name", RESULTS)
def test_rendering_is_deterministic_and_shows_the_conclusion(name, derived):
    again = RESULTS[name]()
    for render in (markdown, latex_document):
        text = render(derived[name])
        assert text == render(again)
        for equation in derived[name].conclusions:
            assert f"{math(equation.lhs)} = {math(equation.rhs)}" in text


@pytest.mark.parametrize("name", RESULTS)
def test_latex_is_balanced_and_escaped(name, derived):
    text = latex_document(derived[name])
    assert text.count("{") == text.count("}") and text.count("$") % 2 == 0
    assert sorted(re.findall(r"\\begin{(\w+)}", text)) == sorted(re.findall(r"\\end{(\w+)}", text))
    prose = re.sub(r"\\\[.*?\\\]|\$.*?\$|\\begin{tabular}{l*}", "", text.split(r"\begin{document}")[1], flags=re.S)
    assert not re.search(r"(?<!\\)[%#_^~]", prose)
    assert prose.replace("✓", "").replace("Δ", "").isascii()


def test_main_writes_every_derivation_and_one_line(tmp_path, capsys):
    main(tmp_path)
    expected = {f"{name}.{kind}" for name in RESULTS for kind in ("md", "tex")} | {"index.md"}
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_readme_lists_every_result_and_every_file():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)\.py`", readme, flags=re.M)) == set(RESULTS) == set(RESTS_ON)
    assert all(f"`{path.name}`" in readme for path in FOLDER.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))
def test_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(f"derivations.{name}")).failed == 0


@pytest.mark.parametrize("name", configurations())
def test_the_crossover_solved_numerically_is_the_closed_form(name):
    values = configurations()[name]
    others = {symbol: float(value) for symbol, value in values.items() if symbol != ell}

    def excess(tokens):
        rows = tokens + (others[s] + others[j] - others[s] * others[j]) * others[m]
        return 2 * 4 * rows**2 * others[d] - flops.block({**others, ell: tokens})

    low, high = 1.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    assert float(crossover.tokens(values)) == pytest.approx(low, rel=1e-9)


@pytest.mark.parametrize("name", configurations())
def test_the_elasticity_is_that_of_central_differences(name):
    values = {symbol: float(value) for symbol, value in configurations()[name].items()}
    step = 1e-4
    more, less, here = (flops.block({**values, ell: values[ell] * (1 + x)}) for x in (step, -step, 0))
    derivation = {x: float(y.subs(elasticity.ABBREVIATIONS).subs(values)) for x, y in elasticity.coefficients().items()}
    form = elasticity.elasticity_of_quadratic().subs(derivation).subs(ell, values[ell])
    assert float(form) == pytest.approx((more - less) / (2 * step * here), rel=1e-6)


def test_the_saving_of_a_batch_is_that_of_the_whole_chain(v100):
    values = {**configurations()["pixart-alpha"], **{symbol: exact(x) for symbol, x in v100.items()}, ell_star: 700}
    values = {symbol: float(value) for symbol, value in values.items()}
    one, four = (pipeline.evaluate({**values, B: batch}, (C_total,))[C_total] / batch for batch in (1, 4))
    assert float(batching.saving(4, batching.WASTE).subs(values)) == pytest.approx(1 - four / one, rel=1e-12)


def test_operational_equals_embodied_carbon_at_the_break_even_intensity(v100):
    values = {symbol: float(value) for symbol, value in configurations()["sd3-medium"].items()} | v100
    level = float(breakeven.break_even().subs({x: values[x] for x in (C_chip, L, TDP, PUE)}))
    assert level == pytest.approx(0.744, abs=5e-4)
    result = pipeline.evaluate({**values, I_grid: level}, (C_op, C_emb))
    assert result[C_op] == pytest.approx(result[C_emb], rel=1e-12)


@pytest.mark.parametrize("name", ["dit-xl-2-256", "pixart-alpha", "sd3-medium", "sd3.5-large", "cogvideox-2b"])
def test_the_exact_counts_are_those_of_the_released_checkpoints(name):
    printed = by_quantity()[f"table3.{name}.actual"]
    unit = {"M": 1e6, "B": 1e9}[printed.unit]
    exact = left_out_parameters.exact_parameters(released.released_models()[name])
    assert abs(exact / unit - printed.value) <= printed.half_unit


def test_every_model_of_the_paper_is_counted_exactly():
    assert set(released.MODELS) == set(paper_models())


def test_the_counted_reuse_factor_is_between_its_bounds():
    assert float(vae_reuse.counted_reuse()) == pytest.approx(6.12, abs=5e-3)
    assert 1 < vae_reuse.counted_reuse() < 64
