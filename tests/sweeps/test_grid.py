import numpy as np
import pytest

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps import axes
from ditcarbon_sym.sweeps.filters import read_filter
from ditcarbon_sym.sweeps.grid import AXES, Grid, sweep
from ditcarbon_sym.sweeps.ranking import top
from ditcarbon_sym.sweeps.requests import RequestList, read_requests
from ditcarbon_sym.sweeps.table import NUMBERS, joined

FIELDS = ("time_s", "operational_g", "embodied_g", "total_g", "per_output_g")


def rows_of(found, where=()):
    return records(joined([columns for _, columns in found.chunks(where)]))


def agrees(row, expected):
    for name in FIELDS:
        value = getattr(expected, name).value
        assert row[name] == (value if value is None else pytest.approx(value, rel=1e-12)), name
    assert 1000 * row["energy_kwh"] == pytest.approx(expected.energy_wh.value, rel=1e-12)
    assert row["flops"] == pytest.approx(expected.flops["total"], rel=1e-12)
    assert row["mu"] == pytest.approx(expected.efficiency["value"], rel=1e-12)
    assert row["parameters"] == pytest.approx(expected.parameters, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "gpu", "resolution", "frames", "route"),
    [
        ("pixart-alpha", "v100-pcie-16gb", ((512, 512), (768, 1024)), (None,), "bgr"),
        ("pixart-alpha", "v100-pcie-16gb", ((256, 256), (768, 1024)), (None,), "roofline"),
        ("flux.1-dev", "h100-sxm-80gb", ((512, 512), (1024, 768)), (None,), "roofline"),
        ("wan2.1-t2v-1.3b", "h100-sxm-80gb", ((480, 832),), (33, 81), "roofline"),
        ("z-image-turbo", "b200-sxm", ((1024, 1024),), (None,), "roofline"),
    ],
)
def test_every_row_is_the_estimate_of_its_request(model, gpu, resolution, frames, route):
    grid = Grid(
        (model,), resolution, frames, (1, 3), (10, 28), (gpu,), ("france-nuclear", (1.4, 333.0)), {"efficiency": route}
    )
    rows = rows_of(sweep(grid))
    assert len(rows) == np.prod(grid.shape)
    for row in rows:
        assert row["route"] == route
        place = {"datacenter": "france-nuclear"} if row["datacenter"] == "france-nuclear" else {"pue": 1.4, "grid": 333}
        size = {name: row[name] for name in ("height", "width", "batch", "steps")}
        size |= {} if frames == (None,) else {"frames": row["frames"]}
        agrees(row, estimate(model, gpu=gpu, **size, **place, efficiency=route))


def test_a_sweep_takes_the_operator_law_whatever_its_sizes():
    small, large = ((256, 256),), ((512, 512), (1024, 1024))
    for sides in (small, large, small + large):
        assert set(sweep(Grid(("pixart-alpha",), sides)).routes().values()) == {"roofline"}


@pytest.mark.parametrize(("model", "gpu"), [("pixart-alpha", "v100-pcie-16gb"), ("flux.1-dev", "h100-sxm-80gb")])
def test_the_stages_carbon_adds_up_to_the_total(model, gpu):
    for row in rows_of(sweep(Grid((model,), batch=(1, 4), steps=(1, 30), gpu=(gpu,)))):
        assert row["text_g"] + row["denoiser_g"] + row["vae_g"] == pytest.approx(row["total_g"], rel=1e-12)
        assert min(row["text_g"], row["denoiser_g"], row["vae_g"]) > 0


def test_a_stages_carbon_is_its_part_of_the_flop_on_the_papers_route():
    (row,) = rows_of(sweep(Grid(("pixart-alpha",), options={"efficiency": "bgr"})))
    flops = estimate("pixart-alpha", efficiency="bgr").flops
    assert row["text_g"] / row["total_g"] == pytest.approx(flops["text_encoder"] / flops["total"], rel=1e-12)
    assert row["vae_g"] / row["total_g"] == pytest.approx(flops["vae_decoder"] / flops["total"], rel=1e-12)


def test_text_and_decoder_do_not_depend_on_steps():
    found = sweep(Grid(("flux.1-dev",), steps=(1, 50), gpu=("h100-sxm-80gb",)))
    assert np.ptp(found.array("vae_g")) == np.ptp(found.array("text_g")) == 0


def test_the_price_is_of_the_time_and_only_for_accelerators_that_have_one():
    grid = Grid(("flux.1-dev",), batch=(1, 2), gpu=("h100-sxm-80gb", "b200-sxm"), price_per_hour={"h100-sxm-80gb": 3.6})
    for row in rows_of(sweep(grid)):
        if row["gpu"] == "b200-sxm":
            assert row["cost"] is None
        else:
            assert row["cost"] == pytest.approx(row["time_s"] / 1000)
            assert row["cost_per_output"] == pytest.approx(row["cost"] / row["batch"])
    assert "cost" not in sweep(Grid(("pixart-alpha",))).columns


def test_unknown_embodied_carbon_is_unknown_and_never_zero():
    (row,) = rows_of(sweep(Grid(("flux.1-dev",), gpu=("b200-sxm",), options={"boundary": "chip"})))
    assert row["embodied_g"] is None and row["total_g"] is None and row["operational_g"] > 0


def test_chunks_of_any_length_hold_the_same_rows():
    found = sweep(Grid(("pixart-alpha",), ((512, 512), (1024, 512)), batch=(1, 2, 3), steps=(5, 6, 7, 8)))
    whole = rows_of(found)
    for rows in (1, 2, 5, 7, 100):
        pieces = records(joined([columns for _, columns in found.chunks(rows=rows)]))
        for one, other in zip(pieces, whole, strict=True):
            assert {x: one[x] for x in ("height", "width", "batch", "steps")} == {
                x: other[x] for x in ("height", "width", "batch", "steps")
            }
            assert one["total_g"] == pytest.approx(other["total_g"], rel=1e-14)


def test_a_fused_sweep_equals_a_plain_one():
    found = sweep(Grid(("pixart-alpha",), batch=(1, 2), steps=tuple(range(1, 50))))
    plain, fused = (joined([x for _, x in found.chunks(fused=choice)]) for choice in (False, True))
    for name in found.numbers:
        assert np.allclose(plain[name], fused[name], rtol=1e-12, atol=0)


def test_a_filter_keeps_the_rows_for_which_it_holds():
    found = sweep(Grid(("pixart-alpha",), batch=(1, 2, 4), steps=(10, 20, 50)))
    kept = rows_of(found, read_filter("time_s<15 and batch >= 2 and steps=20", NUMBERS))
    assert kept == [r for r in rows_of(found) if r["time_s"] < 15 and r["batch"] >= 2 and r["steps"] == 20] != []


def test_what_a_model_does_not_take_is_refused_or_skipped():
    grid = {"model": "pixart-alpha,wan2.1-t2v-1.3b", "resolution": "512,520", "frames": "1,33", "steps": "20"}
    with pytest.raises(InputError, match="frames = 33: pixart-alpha is an image model"):
        sweep(axes.grid(grid))
    found = sweep(axes.grid({**grid, "skip": True}))
    rows = rows_of(found)
    assert [(row["model"], row["height"], row["frames"]) for row in rows] == [
        ("pixart-alpha", 512, 1), ("wan2.1-t2v-1.3b", 512, 1), ("wan2.1-t2v-1.3b", 512, 33),
    ]  # fmt: skip
    assert np.isnan(found.array("time_s")).sum() == len(found) - len(rows)


def test_a_model_without_a_route_is_left_out_by_name(bare_card):
    options = {"catalog": bare_card}
    found = sweep(Grid(("pixart-alpha",), gpu=("bare", "v100-pcie-16gb"), skip=True, options=options))
    assert any("left out" in note and "bare" in note for note in found.notes)
    assert {row["gpu"] for row in rows_of(found)} == {"v100-pcie-16gb"}
    with pytest.raises(InputError, match="nothing is left"):
        sweep(Grid(("pixart-alpha",), gpu=("bare",), skip=True, options=options))


def test_named_axes_go_into_xarray_and_rows_into_pandas():
    grid = Grid(("pixart-alpha", "dit-xl-2-512"), batch=(1, 2), steps=(10, 20, 30))
    found = sweep(grid)
    table, frame = found.to_xarray(), found.to_pandas()
    assert table["total_g"].dims == AXES
    one = table["total_g"].sel(model="pixart-alpha", batch=2, steps=30).item()
    row = frame[(frame.model == "pixart-alpha") & (frame.batch == 2) & (frame.steps == 30)]
    assert row.total_g.item() == pytest.approx(one, rel=1e-14)
    assert len(frame) == len(found) == 12
    assert str(frame.model.dtype) == "category" and str(frame.height.dtype) == "int64"


def test_a_list_of_requests_gives_the_estimate_of_each(tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text(
        "model,resolution,height,width,batch,steps,gpu,pue,grid\n"
        "# a comment\n"
        "flux.1-dev,1024,,,4,28,h100-sxm-80gb,,\n"
        "pixart-alpha,,512,768,,,,1.1,20\n"
        "flux.1-dev,,512,768,1,10,h100-sxm-80gb,,\n"
    )
    found = RequestList(read_requests(path), price_per_hour=2.0)
    first, second, third = rows_of(found)
    assert found.notes[0] == "boundary: chip, the widest that has sources for all"
    shared = {"gpu": "h100-sxm-80gb", "boundary": "chip"}
    agrees(first, estimate("flux.1-dev", resolution=1024, batch=4, steps=28, **shared))
    agrees(second, estimate("pixart-alpha", height=512, width=768, pue=1.1, grid=20))
    agrees(third, estimate("flux.1-dev", height=512, width=768, batch=1, steps=10, **shared))
    assert first["cost"] == pytest.approx(first["time_s"] / 1800)
    assert top(found, 1, "time_s")["height"] == [512]


def test_a_list_chooses_one_route_for_a_model_on_an_accelerator():
    found = RequestList([{"model": "pixart-alpha", "resolution": side} for side in (256, 1024)])
    assert {row["route"] for row in rows_of(found)} == {"roofline"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model,size\npixart-alpha,3\n", "unknown column 'size'"),
        ("resolution\n512\n", "no column 'model'"),
        ("model,batch\npixart-alpha,x\n", "row 1: batch = 'x' is not a number"),
        ("model,batch\npixart-alpha,1\npixart-alpha,0\n", "row 2: batch = 0 is outside"),
        ("model,batch\npixart-alpha\n", "more or fewer cells"),
        ("model\nsora\n", "row 1: unknown model 'sora'"),
        ("model,datacenter\npixart-alpha,atlantis\n", "row 1: unknown datacenter"),
        ("model,resolution\npixart-alpha,1000\n", "row 1: height = 1000 is not a multiple"),
        ("model,resolution\npixart-alpha,512\npixart-alpha,1000\n", "row 2: height = 1000 is not a multiple"),
        ("model,batch\npixart-alpha,1_0\n", "row 1: batch = '1_0' is not a number"),
        ("model,batch\npixart-alpha,\u0661\n", "is not a number"),
        ("model\n", "no rows"),
    ],
)
def test_a_bad_list_is_named_by_row(tmp_path, refused, text, expected):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    line = refused("sweep", "--requests", path)
    assert expected in line and str(path) in line


def test_options_given_beside_a_list_are_defaults_of_each_request():
    (row,) = rows_of(RequestList([{"model": "flux.1-dev"}], text_tokens=77, guidance=2, gpu="h100-sxm-80gb"))
    assert row["gpu"] == "h100-sxm-80gb"
    agrees(row, estimate("flux.1-dev", text_tokens=77, guidance=2, gpu="h100-sxm-80gb"))
    own = {"model": "pixart-alpha", "resolution": 512, "batch": 1, "datacenter": "germany", "steps": None}
    first, second = rows_of(
        RequestList([own, {"model": "pixart-alpha"}], batch=2, steps=30, height=768, width=1024, pue=1.1, grid=20)
    )
    agrees(first, estimate("pixart-alpha", resolution=512, batch=1, steps=30, datacenter="germany"))
    agrees(second, estimate("pixart-alpha", height=768, width=1024, batch=2, steps=30, pue=1.1, grid=20))


@pytest.mark.parametrize(("options", "expected"), [({"skip": True}, "option 'skip'"), ({"stepz": 3}, "mean steps")])
def test_an_option_that_a_list_does_not_have_is_refused(options, expected):
    with pytest.raises(InputError, match=expected):
        RequestList([{"model": "pixart-alpha"}], **options)


def test_an_option_that_an_axis_would_override_is_refused():
    with pytest.raises(InputError, match="options: batch = 4 is not an option of a grid; give it as an axis"):
        sweep(Grid(("pixart-alpha",), options={"batch": 4}))


def test_a_price_for_an_unknown_accelerator_is_refused():
    prices = {"v100-pcie-16gb": 1.0, "h100-sxm-90gb": 2.0}
    for make in (
        lambda: sweep(Grid(("pixart-alpha",), price_per_hour=prices)),
        lambda: RequestList([{"model": "pixart-alpha"}], prices),
    ):
        with pytest.raises(InputError, match="price_per_hour: unknown gpu 'h100-sxm-90gb'; did you mean h100-sxm-80gb"):
            make()


@pytest.mark.parametrize("gpu", ["rtx-4090", "t4", "h200-sxm-141gb", "a100-sxm-80gb"])
def test_a_sweep_on_an_accelerator_that_is_not_calibrated_gives_what_single_estimates_give(gpu):
    for row in rows_of(sweep(Grid(("pixart-alpha",), gpu=(gpu,), batch=(1, 3), resolution=((512, 512), (1024, 512))))):
        single = estimate("pixart-alpha", gpu=gpu, batch=row["batch"], height=row["height"], width=row["width"])
        assert row["time_s"] == pytest.approx(single.time_s.value, rel=1e-9)
        assert 1000 * row["energy_kwh"] == pytest.approx(single.energy_wh.value, rel=1e-9)


def test_a_price_holds_for_an_accelerator_under_any_of_its_names():
    found = sweep(Grid(("pixart-alpha",), gpu=("h100",), price_per_hour={"H100": 3.6}))
    assert rows_of(found)[0]["cost"] == pytest.approx(rows_of(found)[0]["time_s"] / 1000)
    listed = RequestList([{"model": "pixart-alpha", "gpu": "h100-sxm-80gb"}], {"h100": 3.6})
    assert rows_of(listed)[0]["cost"] == rows_of(found)[0]["cost"]
    with pytest.raises(InputError, match="price_per_hour: h100-sxm-80gb has two prices"):
        sweep(Grid(("pixart-alpha",), price_per_hour={"h100": 1.0, "h100-sxm-80gb": 2.0}))
    with pytest.raises(InputError, match="gpu: h100-sxm-80gb stands twice, under two names"):
        sweep(Grid(("pixart-alpha",), gpu=("h100", "h100-sxm-80gb")))
