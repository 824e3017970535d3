"""Table 2 against the FLOP counted in the real network. The counts are read; counting them again needs torch."""

from dataclasses import replace

import pytest

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.equation import exact
from ditcarbon_sym.equations.notation import N, d, ell, f, m
from ditcarbon_sym.equations.parameters import parameters
from ditcarbon_sym.errors import InputError
from fits import pixart_flops
from fits.pixart_flops import by_operator, configuration, products

SHAPES = [pytest.param(*shape, id="-".join(map(str, shape))) for shape in pixart_flops.shapes()]
every_shape = pytest.mark.parametrize(("resolution", "text_tokens", "attention"), SHAPES)


def at(expression, values):
    """A term's exact value: sympy's 2.0 is not its 2."""
    return expression.xreplace({x: exact(value) for x, value in values.items()})


class Recorded:
    """Stands for the counters: finds what the tables hold."""

    def __init__(self, versions="torch 2.13.0", error=0):
        self.versions = lambda: versions
        self.error = error

    def count(self, *shape):
        found = {}
        for count in pixart_flops.counts():
            if (count.resolution, count.text_tokens, count.attention) == shape:
                scope = found.setdefault(count.counter, {}).setdefault(count.scope, {})
                scope[count.operator] = count.flop + (self.error if count.operator == "mlp" else 0)
        return found


@pytest.fixture
def copied(tmp_path):
    """A copy of the FLOP table that tells no versions but torch's."""
    table = replace(pixart_flops.FLOPS, path=tmp_path / "flops.csv")
    assert table.write(Recorded()) == len(pixart_flops.counts())
    return table


@every_shape
def test_table_2_gives_the_block_of_the_real_network_exactly(resolution, text_tokens, attention):
    values = configuration(resolution, text_tokens)
    counted = by_operator(resolution, text_tokens, attention)
    assert products(resolution, text_tokens, attention) == at(flops.block.rhs, values)
    assert counted["self_proj"] + counted["self_scores"] == at(flops.SELF_ATTENTION, values)
    assert counted["cross_proj"] + counted["cross_scores"] == at(flops.CROSS_ATTENTION, values)
    assert counted["mlp"] == at(flops.MLP, values)
    assert at(flops.ADALN, values) == 0
    assert len(counted) == 5


@every_shape
def test_each_term_of_table_2_is_that_of_the_real_network(resolution, text_tokens, attention):
    values = configuration(resolution, text_tokens)
    terms = {
        "self_proj": 8 * ell * d**2,
        "self_scores": 4 * ell**2 * d,
        "cross_proj": 4 * ell * d**2 + 4 * m * d**2,
        "cross_scores": 4 * ell * m * d,
        "mlp": 4 * f * ell * d**2,
    }
    assert by_operator(resolution, text_tokens, attention) == {name: at(term, values) for name, term in terms.items()}


@every_shape
@pytest.mark.parametrize("scope", ["block", "model"])
def test_torchs_counter_finds_the_same_flop_as_ours(resolution, text_tokens, attention, scope):
    shape = (resolution, text_tokens, attention)
    assert products(*shape, "torch", scope) == products(*shape, "operators", scope)


@every_shape
def test_fvcore_misses_all_scores_of_fused_attention_and_half_of_those_of_eager_attention(
    resolution, text_tokens, attention
):
    values = configuration(resolution, text_tokens)
    missed = products(resolution, text_tokens, attention) - products(resolution, text_tokens, attention, "fvcore")
    scores = at(4 * ell**2 * d + 4 * ell * m * d, values)
    assert missed == {"sdpa": scores, "eager": scores / 2}[attention]


@every_shape
def test_the_model_is_its_blocks_and_parts_that_do_not_repeat(resolution, text_tokens, attention):
    model = by_operator(resolution, text_tokens, attention, scope="model")
    block = by_operator(resolution, text_tokens, attention)
    assert {name: model[name] for name in block} == {
        name: flop * load().model("pixart-alpha").values[N] for name, flop in block.items()
    }
    assert set(model) - set(block) == {"adaln_single", "caption_projection", "pos_embed", "proj_out"}


def test_28_blocks_fall_half_a_per_cent_short_of_the_whole_model():
    assert 0.50 < pixart_flops.model_gap(256) < 0.51
    assert 0.12 < pixart_flops.model_gap(512) < 0.13


def test_no_block_deviates_from_table_2():
    assert pixart_flops.block_deviation() == 0


@pytest.mark.parametrize(
    ("resolution", "text_tokens", "fused"),
    [(256, 77, 3.81), (256, 120, 4.19), (256, 300, 5.58), (512, 77, 11.90), (512, 120, 12.24), (512, 300, 13.61)],
)
def test_the_share_that_fvcore_misses_depends_on_the_length_of_the_text(resolution, text_tokens, fused):
    assert pixart_flops.undercount(resolution, text_tokens, "sdpa") == pytest.approx(fused, abs=0.005)
    assert pixart_flops.undercount(resolution, text_tokens, "eager") == pytest.approx(fused / 2, abs=0.005)


def test_a_shape_that_was_not_counted_is_refused():
    with pytest.raises(InputError, match="nothing counted for 1024, 120, sdpa, operators, block"):
        pixart_flops.undercount(1024, 120, "sdpa")


def test_the_original_dit_has_the_parameters_of_the_diffusers_class_without_the_27_copies_of_its_embedders():
    found = pixart_flops.denoisers()["dit-xl-2-256"]
    width = 1152
    embedders = (256 * width + width) + (width**2 + width) + 1001 * width
    original = found.parameters - 27 * embedders + found.buffers
    assert original == 675_129_632
    assert found.note.endswith(str(original))
    assert parameters(load().model("dit-xl-2-256").values) == pytest.approx(original, rel=0.01)


@pytest.mark.parametrize("model", ["pixart-alpha", "sd3-medium", "sd3.5-large", "cogvideox-2b"])
def test_eq_1_lies_within_3_per_cent_of_the_released_denoisers(model):
    values = load().model(model).values
    assert parameters(values) == pytest.approx(pixart_flops.denoisers()[model].parameters, rel=0.03)


def test_reading_the_counts_needs_no_torch(run_python):
    run_python(
        "import sys; from fits import pixart_flops; pixart_flops.undercount(256, 120, 'sdpa');"
        "assert not {'torch', 'diffusers', 'fvcore'} & set(sys.modules)"
    )


def test_a_recount_that_agrees_says_so_and_names_other_versions(copied):
    rows = len(pixart_flops.counts())
    assert pixart_flops.checked(copied, Recorded()) == f"flops.csv: {rows} rows agree (torch 2.13.0)"
    told = pixart_flops.checked(copied, Recorded("torch 2.14.0"))
    assert told == f"flops.csv: {rows} rows agree (torch 2.14.0; recorded with torch 2.13.0)"


def test_a_recount_that_differs_names_the_first_row(copied):
    with pytest.raises(InputError, match=r"row 3 differs .*operators,block,mlp,5435817984; counted .*,5435817985$"):
        copied.check(Recorded(error=1))


def test_a_row_too_few_is_a_difference(copied):
    lines = copied.path.read_text().splitlines(keepends=True)
    copied.path.write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match=r"differs .*recorded no such row; counted pixart-alpha,512,300,eager,fvcore"):
        copied.check(Recorded())
