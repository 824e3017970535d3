"""Energy is read from counters, over windows long enough for their steps, or it is not known."""

import sys
from types import SimpleNamespace

import pytest

from ditcarbon_sym.measure import campaign, energy, timing


class Fake:
    """A counter that moves every ``period`` seconds of a clock of its own, at constant power."""

    def __init__(self, period, watts=200.0):
        self.now, self.period, self.watts = 0.0, period, watts

    def clock(self):
        self.now += 1e-4
        return self.now

    def read(self):
        return self.watts * self.period * int(self.clock() / self.period)

    def wait(self, seconds):
        self.now += seconds


@pytest.mark.parametrize("period", [1e-3, 0.02, 0.1])
def test_the_counters_step_is_at_most_two_per_cent_of_a_window(period):
    fake = Fake(period)
    for phase in range(7):
        fake.now = phase * period / 7
        before, start = fake.read(), fake.now
        counter = energy.Counter("fake", fake.read, period)
        fake.wait(energy.window_seconds(counter, "cpu"))
        joules = energy.used(counter, before)
        assert joules == pytest.approx(fake.watts * (fake.now - start), rel=energy.SHARE + 2e-4 / period / 50)


def test_a_window_holds_enough_repeats_for_the_counter():
    counter = energy.Counter("fake", float, 0.1)
    for seconds in (0.003, 0.4, 1.7, 2.6, 19.0):
        assert timing.repeats_needed(seconds, counter) * seconds >= 5.0
    assert timing.repeats_needed(2.5, counter) == timing.LONG_REPEATS


def test_the_period_of_a_counter_is_watched():
    fake = Fake(0.08)
    assert energy.measured_period(fake.read, 0.1, fake.clock) == pytest.approx(0.08, rel=0.05)
    still = Fake(1e9)
    assert energy.measured_period(still.read, 0.1, still.clock) == 0.1


def test_a_machine_that_halts_while_the_counter_is_watched_does_not_lengthen_every_window():
    fake, halts = Fake(0.08), iter([False] * 3000 + [True] + [False] * 10**6)

    def read():
        if next(halts):
            fake.wait(0.45)
        return fake.read()

    assert energy.measured_period(read, 0.1, fake.clock) == pytest.approx(0.08, rel=0.05)


def test_a_counter_that_moves_at_every_reading_does_not_make_windows_short():
    fake = Fake(1e-6)
    period = energy.measured_period(fake.read, 0.1, fake.clock)
    assert period == energy.NVML_RANGE[0]
    assert energy.window_seconds(energy.Counter("fake", fake.read, period), "cuda") == energy.LEAST_SECONDS["cuda"]
    slow = Fake(0.5)
    assert energy.measured_period(slow.read, 0.1, slow.clock, longest=9.0) == energy.NVML_RANGE[1]


def test_without_a_counter_there_is_no_energy_and_no_idle_power():
    assert energy.used(None, None) is None
    assert energy.idle_power(None) is None
    found = timing.timed(lambda: None, lambda work, times, state: [0.25] * times)
    assert found.joules is None and found.watts is None


def test_a_counter_that_started_again_gives_no_energy():
    assert energy.used(energy.Counter("fake", lambda: 5.0, 0.1), 70.0) is None


def test_idle_power_is_read_over_a_window_of_its_own():
    fake = Fake(0.1, watts=70.0)
    watts, seconds = energy.idle_power(energy.Counter("fake", fake.read, 0.1), fake.clock, fake.wait)
    assert watts == pytest.approx(70.0, rel=0.03) and seconds >= 5.0


def test_the_median_and_the_spread_are_of_the_laps():
    laps = iter([2.0, 2.0, 0.1, 0.2, 0.3, 0.4, 5.0])
    found = timing.timed(lambda: None, lambda work, times, state: [next(laps) for _ in range(times)])
    assert found.seconds == 0.3 and found.repeats == 5 and found.spread > 1


def test_a_window_is_filled_although_the_first_passes_were_slow():
    """Idle clocks: the first five passes take ten times as long as those that follow."""
    done = []

    def lap(work, times, state):
        done.extend([0.1 if len(done) + k < 5 else 0.01 for k in range(times)])
        return done[-times:]

    found = timing.timed(lambda: None, lap, energy.Counter("fake", float, 0.1), kind="cuda")
    assert 0.01 * found.repeats >= 5.0
    assert sum(done[: -found.repeats]) >= timing.WARM_SECONDS["cuda"]


def test_a_long_pass_is_warmed_up_once_and_timed_twice():
    asked = []
    found = timing.timed(lambda: None, lambda work, times, state: asked.append(times) or [4.0] * times, kind="cuda")
    assert asked == [1, 2] and found.repeats == 2


def test_the_state_is_that_of_a_device_at_work(monkeypatch):
    """Asked for when all is launched and nothing yet waited for."""
    waiting, events = [], []

    class Event:
        def __init__(self, enable_timing):
            events.append(self)

        def record(self):
            waiting.append(self)

        def elapsed_time(self, other):
            return 700.0

    fake = SimpleNamespace(cuda=SimpleNamespace(Event=Event, synchronize=waiting.clear))
    monkeypatch.setitem(sys.modules, "torch", fake)
    found = timing.timed(
        lambda: None, timing.by_events, kind="cuda", state=lambda: {"throttled": "power cap" if waiting else "no"}
    )
    assert found.state == {"throttled": "power cap"} and not waiting


def test_rapl_adds_packages_and_survives_a_counter_that_wraps(tmp_path):
    for number in (0, 1):
        folder = tmp_path / f"intel-rapl:{number}"
        folder.mkdir()
        (folder / "max_energy_range_uj").write_text("1000000")
        (folder / "energy_uj").write_text("900000")
    (tmp_path / "intel-rapl:0:0").mkdir()
    counter = energy.rapl(tmp_path)
    before = counter.read()
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("100000")
    assert energy.used(counter, before) == pytest.approx(0.2)


def test_rapl_that_may_not_be_read_is_no_counter(tmp_path):
    assert energy.rapl(tmp_path) is None
    (tmp_path / "intel-rapl:0").mkdir()
    assert energy.rapl(tmp_path) is None


def test_the_counter_of_a_board_is_in_joules_and_one_that_is_not_there_is_none(monkeypatch):
    class NVMLError(Exception):
        pass

    readings = iter(range(1000, 10**7, 500))
    fake = SimpleNamespace(NVMLError=NVMLError, nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(readings))
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    counter = campaign.energy.nvml(object())
    assert counter.read() + 0.5 == counter.read()

    def refusing(handle):
        raise NVMLError

    fake.nvmlDeviceGetTotalEnergyConsumption = refusing
    assert campaign.energy.nvml(object()) is None
