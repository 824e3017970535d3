"""What an accelerator and its driver tell of themselves."""

import sys
from types import SimpleNamespace

import pytest

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.measure import device


@pytest.mark.parametrize(("driver", "catalogue"), [(x, gpu.id) for gpu in load().gpus.values() for x in gpu.nvml_names])
def test_the_drivers_name_leads_to_the_catalogues_accelerator(driver, catalogue):
    assert device.Device("cuda", driver, None, None).id == catalogue


def test_a_device_that_the_catalogue_does_not_have_gets_an_id_of_its_name():
    assert device.Device("cuda", "NVIDIA GeForce RTX 3080", None, None).id == "nvidia-geforce-rtx-3080"
    assert device.Device("cpu", "CPU X, 2 threads", None, None).state() == {}


def test_the_state_of_a_board_is_asked_of_its_driver_and_what_it_does_not_tell_is_unknown(monkeypatch):
    class NVMLError(Exception):
        pass

    def refusing(*_):
        raise NVMLError

    fake = SimpleNamespace(
        NVMLError=NVMLError, NVML_CLOCK_SM=1, NVML_CLOCK_MEM=2, NVML_TEMPERATURE_GPU=0,
        nvmlDeviceGetClockInfo=lambda handle, kind: {1: 1755, 2: 2619}[kind], nvmlDeviceGetTemperature=refusing,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda handle: 0x4 | 0x20 | 0x40 | 0x1,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    assert device.Device("cuda", "X", object(), None).state() == {
        "clock_mhz": 1755, "memory_clock_mhz": 2619, "temperature_c": None, "throttled": "power cap; temperature",
    }  # fmt: skip
