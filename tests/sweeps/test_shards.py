"""A grid in a folder of Parquet files: written in shards, resumed, read as one table, by several processes."""

import signal
import subprocess
import sys
import time

import pytest
from pyarrow import dataset, parquet

from ditcarbon_sym import InputError
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps import filters, streaming
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.table import NUMBERS, joined

GRID = Grid(
    ("pixart-alpha", "dit-xl-2-512", "flux.1-dev"), gpu=("v100-pcie-16gb", "b200-sxm"), batch=(1, 2, 3),
    steps=tuple(range(1, 12)),
)  # fmt: skip
ROWS = 25
LINE = ("--model", "pixart-alpha,sd3-medium", "--batch", "1:64:1", "--steps", "1:50:1", "--gpu", "h100,l4")


def whole(grid=GRID, where=()):
    return records(joined([columns for _, columns in sweep(grid).chunks(where)]))


def read(folder):
    return dataset.dataset(folder, format="parquet").to_table().to_pylist()


@pytest.mark.parametrize("shards", [1, 2, 3, 50])
def test_all_shards_together_are_the_single_run(tmp_path, shards):
    found = sweep(GRID)
    counts = [streaming.write_folder(tmp_path, found, (), (k, shards), rows=ROWS) for k in range(1, shards + 1)]
    assert sum(rows for rows, _, _ in counts) == len(found) == len(read(tmp_path))
    assert read(tmp_path) == whole()
    files = sorted(x.name for x in tmp_path.iterdir())
    assert len(files) == sum(made for _, made, _ in counts) > 4 and files[0] == "part-000000.parquet"


def test_shards_of_another_number_complete_a_folder(tmp_path):
    first = streaming.write_folder(tmp_path, sweep(GRID), (), (1, 3), rows=ROWS)
    rest = streaming.write_folder(tmp_path, sweep(GRID), (), (1, 1), rows=ROWS)
    assert first[1] == rest[2] > 0 and read(tmp_path) == whole()
    assert streaming.write_folder(tmp_path, sweep(GRID), rows=ROWS)[:2] == (0, 0)


def test_a_file_that_was_cut_short_is_never_taken_for_whole(tmp_path):
    def stopped(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        streaming.write_folder(tmp_path, sweep(GRID), (), (1, 1), stopped, rows=ROWS)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "part-000000.parquet").write_bytes(b"PAR1 half a file")
    with pytest.raises(InputError, match="is no Parquet file"):
        streaming.write_folder(tmp_path, sweep(GRID), rows=ROWS)


def test_a_filter_leaves_files_without_rows_which_are_there_all_the_same(tmp_path):
    found = sweep(GRID)
    where = filters.read_filter("time_s<0.5 and steps<2", [x for x in found.columns if x in NUMBERS])
    rows, made, _ = streaming.write_folder(tmp_path, found, where, rows=ROWS)
    assert 0 < rows < 20 and any(not parquet.read_metadata(x).num_rows for x in tmp_path.iterdir())
    assert read(tmp_path) == whole(where=where)
    assert streaming.write_folder(tmp_path, found, where, rows=ROWS) == (0, 0, made)


@pytest.mark.parametrize("other", [{"batch": (1, 2, 4)}, {"options": {"guidance": 1}}, {"intervals": True}], ids=str)
def test_the_folder_of_another_sweep_is_refused(tmp_path, other):
    streaming.write_folder(tmp_path, sweep(GRID), rows=ROWS)
    before = {x.name: x.read_bytes() for x in tmp_path.iterdir()}
    with pytest.raises(InputError, match="another sweep has written it"):
        streaming.write_folder(tmp_path, sweep(Grid(**{**vars(GRID), **other})), rows=ROWS)
    assert {x.name: x.read_bytes() for x in tmp_path.iterdir()} == before


def test_a_catalogue_that_changed_is_another_sweep(tmp_path):
    catalog, folder = tmp_path / "mine.toml", tmp_path / "rows"
    catalog.write_text("[gpus.mine]\npeak_flop_per_second = 1e14\ntdp_watt = 300\n")
    grid = Grid(("pixart-alpha",), gpu=("v100-pcie-16gb",), options={"catalog": catalog})
    streaming.write_folder(folder, sweep(grid))
    catalog.write_text("[gpus.mine]\npeak_flop_per_second = 2e14\ntdp_watt = 300\n")
    with pytest.raises(InputError, match="another sweep has written it"):
        streaming.write_folder(folder, sweep(grid))


def test_the_command_writes_shards_and_says_what_was_there(tmp_path, ditcarbon):
    folder = tmp_path / "rows"
    said = [ditcarbon("sweep", *LINE, "--out", f"{folder}/", "--shard", shard) for shard in ("1/2", "2/2", "2/2")]
    assert [x.code for x in said] == [0, 0, 0] and len(read(folder)) == 2 * 64 * 50 * 2
    assert "wrote 12,800 rows" in said[0].out and ": 1 new files, 0 kept" in said[0].out
    assert "wrote 0 rows" in said[1].out and "wrote 0 rows" in said[2].out  # one file is enough for this grid


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--out", "rows", "--shard", "0/2"), "expected K/N"), (("--out", "rows", "--shard", "3/2"), "expected K/N"),
        (("--out", "rows", "--shard", "x"), "expected K/N"),
        (("--out", "rows.csv", "--shard", "1/2"), "without a folder"),
        (("--shard", "1/2"), "without a folder"), (("--out", "rows", "--top", "3"), "without --top"),
    ],
)  # fmt: skip
def test_a_shard_that_cannot_be_is_refused(tmp_path, refused, arguments, expected, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert expected in refused("sweep", "--model", "pixart-alpha", *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("rows")
    streaming.write_folder(found, sweep(GRID), rows=ROWS)
    return found


def read_parts(folder):
    """The rows of the finished files: what a killed run leaves half written has another name."""
    return dataset.dataset(sorted(map(str, folder.glob("part-*.parquet"))), format="parquet").to_table().to_pylist()


def same(rows):
    """Rows as a reader gives them: NaN for what is unknown, if it has no null."""
    return [{x: None if y != y else y for x, y in row.items()} for row in rows]


def test_duckdb_reads_the_folder_as_one_table(folder):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed: DuckDB's reading of a folder is not tested")
    rows = duckdb.sql(f"select * from '{folder}/*.parquet'")
    assert [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()] == whole()


def test_polars_reads_the_folder_as_one_table(folder):
    polars = pytest.importorskip("polars", reason="polars is not installed: Polars' reading of a folder is not tested")
    assert polars.scan_parquet(folder).collect().to_dicts() == whole()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # dask's own, of pandas
def test_dask_reads_the_folder_as_one_table(folder):
    frames = pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed: its reading is not tested")
    table = frames.read_parquet(folder).compute()
    assert same(table.to_dict("records")) == whole()


def test_two_workers_of_a_cluster_write_the_shards(tmp_path):
    distributed = pytest.importorskip(
        "distributed", reason="distributed is not installed: shards on a cluster are not tested"
    )

    def shard(k, folder, grid, rows):
        return streaming.write_folder(folder, sweep(grid), (), (k, 4), rows=rows)

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        counts = client.gather(client.map(shard, range(1, 5), folder=tmp_path, grid=GRID, rows=ROWS, pure=False))
        workers = len(client.scheduler_info()["workers"])
    assert workers == 2 and sum(rows for rows, _, _ in counts) == len(sweep(GRID))
    assert read(tmp_path) == whole()


SLOWLY = """
import sys, time
from pathlib import Path
from ditcarbon_sym.sweeps import streaming
from tests.sweeps.test_shards import GRID, ROWS, sweep
streaming.write_folder(Path(sys.argv[1]), sweep(GRID), rows=ROWS, advance=lambda done: time.sleep(0.2))
"""


def test_a_shard_that_is_killed_goes_on_where_it_was(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, str(tmp_path)])
    while process.poll() is None and len(list(tmp_path.glob("part-*.parquet"))) < 2:
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    there = len(list(tmp_path.glob("part-*.parquet")))
    rows, made, kept = streaming.write_folder(tmp_path, sweep(GRID), rows=ROWS)
    assert kept == there and 0 < rows < len(sweep(GRID)) and made + kept == len(list(tmp_path.glob("part-*.parquet")))
    assert read_parts(tmp_path) == whole()
