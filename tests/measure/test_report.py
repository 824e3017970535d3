"""What a sweep says of itself."""

from ditcarbon_sym.measure import report, sweep


def test_what_a_sweep_says_of_itself_names_what_is_not_known():
    told = {"device": "X", "peak_flop_per_second": 1e12, "peak_from": "measured", "bandwidth_byte_per_second": 1e11,
            "bandwidth_from": "measured", "energy_from": "nothing"}  # fmt: skip
    assert report.without_joules({**told, "kind": "cpu"}) == ()
    rows = dict(report.swept_rows(told, sweep.Swept({"ok": 3, "out of memory": 1}, 2, 5, 60.0)))
    assert rows["power"] == "unknown" and rows["energy"].startswith("not measured")
    assert rows["rows"] == "3 ok, 1 out of memory" and rows["left out"].startswith("5 ")
