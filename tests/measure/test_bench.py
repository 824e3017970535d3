"""What goes wrong at one configuration is a row of its own, and the sweep goes on, with a stand-in for torch."""

import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import pytest

from ditcarbon_sym.errors import InputError
from ditcarbon_sym.measure import bench, sweep, table
from ditcarbon_sym.measure.grid import Point

POINTS = [Point("dit-xl-2-256", "denoiser", side, side, 1, 1, 50, 2, 0) for side in (256, 512, 1024)]
FACTS = {"schema_version": 1, "gpu": "a-gpu"}


class OutOfMemoryError(RuntimeError):
    pass


class Cuda:
    """An accelerator that answers until it is broken."""

    def __init__(self):
        self.broken, self.emptied = False, 0

    def synchronize(self):
        if self.broken:
            raise RuntimeError("CUDA error: an illegal memory access was encountered\nCompile with ...")

    def empty_cache(self):
        self.synchronize()
        self.emptied += 1


@pytest.fixture
def cuda(monkeypatch):
    monkeypatch.setattr(bench.gc, "collect", lambda: 0)  # all that the tests have loaded would be searched each time
    fake = Cuda()
    compiler = SimpleNamespace(reset=lambda: None)
    torch = SimpleNamespace(
        OutOfMemoryError=OutOfMemoryError, cuda=fake, inference_mode=nullcontext, compiler=compiler, bfloat16="bf16"
    )
    logging = SimpleNamespace(set_verbosity_error=lambda: None)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "diffusers", ModuleType("diffusers"))
    monkeypatch.setitem(sys.modules, "diffusers.utils", SimpleNamespace(logging=logging))
    return fake


def failing(cuda, error, free=1e12):
    """A bench whose every network ends in ``error``."""

    def free_bytes():
        cuda.synchronize()
        return free

    def measured(self, point):
        raise error

    device = SimpleNamespace(kind="cuda", free_bytes=free_bytes)
    kinds = {"_measured": measured, "_kernels": lambda self: nullcontext()}
    return type("Failing", (bench.Bench,), kinds)(device, "bf16")


class Surprise(Exception):
    """Derived from nothing that a network is expected to raise."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Surprise("unsupported\nby this class"), {"status": "failed", "note": "Surprise: unsupported"}),
        (AttributeError(), {"status": "failed", "note": "AttributeError: "}),
        (InputError("not as counted"), {"status": "failed", "note": "not as counted"}),
        (OutOfMemoryError("tried to allocate"), {"status": "out of memory"}),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), {"status": "out of memory"}),
    ],
)
def test_whatever_a_network_raises_is_a_row(cuda, error, expected):
    assert failing(cuda, error)(POINTS[0]) == expected
    assert cuda.emptied > 0


def test_a_question_for_free_memory_that_fails_is_a_row_too(cuda):
    found = failing(cuda, Surprise())
    found.device.free_bytes = lambda: (_ for _ in ()).throw(AssertionError("no answer"))
    assert found(POINTS[0])["status"] == table.LOST


def test_a_network_whose_weights_do_not_fit_is_not_tried(cuda):
    assert failing(cuda, Surprise(), free=1e6)(POINTS[0])["status"] == "does not fit"


def test_a_device_that_no_longer_answers_ends_the_sweep_in_one_line_and_is_not_met_again(cuda, tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    broken = failing(cuda, RuntimeError("CUDA error: an illegal memory access was encountered"))
    cuda.broken = True
    with pytest.raises(InputError, match=r"no longer answers \(RuntimeError: CUDA error: an illegal .*--resume"):
        sweep.run(path, POINTS, [1.0] * 3, broken)
    rows = table.taken_up(path, FACTS)
    assert [row["status"] for row in rows] == ["device lost"]
    assert table.finished(rows) == {table.identity(POINTS[0].row())}
