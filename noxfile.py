"""The oldest and the newest libraries that are allowed, and every Python: `make versions`.

The package is built as a wheel and installed from it; the tests run in a copy of the checkout without the package. A
Python that is not on this machine, and that uv cannot fetch, is skipped and named.
"""

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lowest", "newest"]
ROOT = Path(__file__).parent
EXTRAS = "test,fast,tables,sensitivity"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
BESIDE = (
    "tests",
    "fits",
    "derivations",
    "paper_figures",
    "docs",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "MANIFEST.in",
    "Makefile",
    "mkdocs.yml",
    "noxfile.py",
)
TESTS = ("tests", "docs/examples.py", "--pyargs", "ditcarbon_sym")
"""What the project's own `make test` runs, with the examples of the installed package instead of the checkout's."""


def _wheel(session: nox.Session) -> str:
    """Build the wheel, and return what to install."""
    folder = Path(session.create_tmp()) / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("uv", "build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT), external=True)
    (wheel,) = folder.glob("*.whl")
    return f"{wheel}[{EXTRAS}]"


def _test(session: nox.Session) -> None:
    """Run the tests against what is installed, or those that the command line names."""
    session.run("uv", "pip", "list", "--quiet", external=True)
    folder = Path(session.create_tmp()) / "checkout"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in BESIDE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    session.chdir(folder)
    session.run("python", "-m", "pytest", "-p", "no:cacheprovider", *(session.posargs or ["-n", "auto", *TESTS]))


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows, on the lowest Python."""
    wheel, listed = _wheel(session).partition("[")[0], Path(session.create_tmp()) / "lowest.txt"
    extras = [word for extra in EXTRAS.split(",") for word in ("--extra", extra)]
    lowest_direct = ("uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct", "--python-version", "3.11")
    session.run(*lowest_direct, *extras, str(ROOT / "pyproject.toml"), "-o", str(listed), external=True)
    session.install("--quiet", "-r", str(listed))
    session.install("--quiet", "--no-deps", wheel)
    _test(session)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The newest versions, on every Python."""
    session.install("--quiet", _wheel(session))
    _test(session)
