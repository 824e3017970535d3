import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ditcarbon_sym
from ditcarbon_sym.cli.app import PLACES
from ditcarbon_sym.cli.printing import print_table


def test_an_estimate_loads_nothing_that_it_does_not_need(run_python):
    run_python(
        "import sys; sys.argv = ['ditcarbon', 'estimate', 'pixart-alpha']\n"
        "from ditcarbon_sym.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "left_out = {'numpy', 'pydantic', 'scipy.stats', 'scipy.optimize', 'numba', 'matplotlib'}\n"
        "assert not left_out & set(sys.modules)"
    )


@pytest.mark.parametrize("listens", [True, False], ids=["foreground", "background"])
def test_ctrl_c_while_the_command_line_loads_is_no_traceback_and_the_background_ignores_it(tmp_path, listens):
    (tmp_path / "typer.py").write_text("import sys; print('loading', flush=True); sys.stdin.read(); sys.exit(7)")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from ditcarbon_sym.__main__ import main; main()"
    before = signal.signal(signal.SIGINT, signal.default_int_handler if listens else signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate("", timeout=60)
    assert err == "" and process.returncode == (-signal.SIGINT if listens else 7)


def test_every_command_is_listed_and_has_a_help_of_its_own(ditcarbon):
    shown = ditcarbon("--help").out
    for name in PLACES:
        assert f"\n  {name} " in shown
        assert f"ditcarbon {name} [OPTIONS]" in ditcarbon(name, "--help").out


def test_no_cell_of_a_table_is_folded_on_a_pipe(capsys):
    long = "words " * 200
    print_table("", ("a", "b"), [("x", long)])
    assert f"x   {long.strip()}" in capsys.readouterr().out


def test_the_help_loads_neither_sympy_nor_numpy_nor_rich(run_python):
    run_python(
        "import sys; sys.argv = ['ditcarbon', '--help']\n"
        "from ditcarbon_sym.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "assert not {'sympy', 'numpy', 'rich'} & set(sys.modules)"
    )


def test_nothing_stands_in_for_a_module_and_the_garbage_collector_is_left_alone():
    for path in Path(ditcarbon_sym.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "gc.set_threshold" not in text and not re.search(r"sys\.modules\[[^]]*\] *=", text), path
