import io
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditcarbon_sym.cli.printing import plain_table


def test_an_estimate_on_a_pipe_needs_neither_numpy_nor_rich_nor_tensors(run_python):
    run_python(
        "import sys; sys.argv = ['ditcarbon', 'estimate', 'pixart-alpha']\n"
        "from ditcarbon_sym.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "assert not {'numpy', 'rich', 'sympy.combinatorics', 'pydantic', 'scipy', 'numba'} & set(sys.modules)"
    )


def test_the_stand_in_for_tensors_gives_way_to_the_module(run_python):
    run_python(
        "from ditcarbon_sym.cli import startup; startup.quick()\n"
        "import sympy\n"
        "x = sympy.Symbol('x'); assert x + x == 2 * x\n"
        "from sympy.tensor.tensor import TensorIndexType, tensor_indices, TensorHead\n"
        "kind = TensorIndexType('L'); i, j = tensor_indices('i j', kind); A = TensorHead('A', [kind])\n"
        "assert str(A(i) + A(i)) == '2*A(i)'"
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


def test_only_the_command_asked_for_is_made_and_all_are_listed(ditcarbon):
    assert "sweep [OPTIONS]" in ditcarbon("sweep", "--help").out
    shown = ditcarbon("--help").out
    assert all(f"\n  {name}" in shown for name in ("estimate", "sweep", "compare", "pareto", "count", "fit"))


CELLS = st.text(st.sampled_from("ab ,1αμ²×"), max_size=6).map(str.strip)


@given(st.integers(1, 4), st.data())
def test_a_plain_table_is_what_rich_would_print(columns, data):
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = data.draw(st.lists(st.lists(CELLS, min_size=columns, max_size=columns), max_size=4))
    header = data.draw(st.lists(CELLS.filter(bool), min_size=columns, max_size=columns))
    right = data.draw(st.sets(st.integers(0, columns - 1)))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for k, name in enumerate(header):
        table.add_column(name, justify="right" if k in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(file=io.StringIO(), width=400, highlight=False, markup=False)
    console.print(table)
    assert plain_table("", header, rows, tuple(right)) == console.file.getvalue()


def test_letters_that_only_rich_can_measure_are_left_to_it():
    assert plain_table("", ("a",), [["画"]]) is None and plain_table("", ("a",), [["x\ny"]]) is None


def test_the_command_line_still_starts_without_sympy(run_python):
    run_python("import sys, ditcarbon_sym.cli.app; assert 'sympy' not in sys.modules and 'rich' not in sys.modules")
    assert "sympy" in sys.modules
