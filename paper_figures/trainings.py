"""Published trainings beside what the law says of them: seconds of a step, and accelerator days."""

from ditcarbon_sym.catalog.entries import NVIDIA
from ditcarbon_sym.catalog.loading import load
from fits import other_makers, training

from .tables import Table

UNITS = {"speed": "s of a step", "total": "accelerator days"}


def rows() -> Table:
    """Every published training, fitted or not; none is left out."""
    shown = []
    for row in training.rows():
        low, high = row.interval
        shown.append((
            row.run, row.model, row.size, f"{row.gpus} x {row.gpu}", UNITS[row.kind], f"{row.value:.3g}",
            f"{row.predicted:.3g}", f"{low:.3g} to {high:.3g}", f"{100 * row.error:+.0f}",
            "inside" if row.inside else "outside", "fit" if row.fitted else "test", row.assumed, row.source,
        ))  # fmt: skip
    header = ("run", "model", "sample", "on", "of", "published", "predicted", "90 % interval", "error, %", "interval",
              "row", "assumed", "source")  # fmt: skip
    return Table("Published trainings, and what the law says of them", header, tuple(shown))


def errors() -> Table:
    """Mean absolute errors: of the rows of the fit, of those of no fit, and of each run."""
    every = training.rows()
    groups = {
        "speeds in the fit": [x for x in every if x.fitted],
        "all that is not in the fit": [x for x in every if not x.fitted],
        "totals, accelerator days": [x for x in every if x.kind == "total"],
        "on other makers' accelerators": [x for x in every if load().gpu(x.gpu).maker != NVIDIA],
        **{f"run: {name}": [x for x in every if x.run == name] for name in dict.fromkeys(x.run for x in every)},
    }
    shown = tuple(
        (name, str(len(some)), f"{training.mape(some):.0f}", f"{sum(x.inside for x in some)} of {len(some)}")
        for name, some in groups.items()
    )
    return Table("Errors of predicted trainings", ("rows", "n", "MAPE, %", "inside 90 %"), shown)


def elsewhere() -> Table:
    """Published runs on accelerators of which no fit has a run, and what is transferred to them."""
    shown = tuple(
        (f"{x.gpus} x {x.gpu}", x.model, x.request, x.how, f"{x.seconds:.3g}", f"{x.predicted:.3g}",
         f"{x.low:.3g} to {x.high:.3g}", f"{100 * x.error:+.0f}", "inside" if x.inside else "outside", x.source)
        for x in other_makers.rows()
    )  # fmt: skip
    header = ("on", "model", "request", "how", "published, s", "predicted, s", "90 % interval", "error, %", "interval",
              "source")  # fmt: skip
    return Table("Runs on accelerators of which no fit has a run", header, shown)


def elsewhere_errors() -> Table:
    """Errors of those runs: of other makers' accelerators together, and of each accelerator."""
    every = other_makers.rows()
    groups = {
        "other makers": [x for x in every if x.is_of_another_maker],
        **{f"on: {name}": [x for x in every if x.gpu == name] for name in dict.fromkeys(x.gpu for x in every)},
    }
    shown = []
    for name, some in groups.items():
        mean, median = other_makers.errors(some)
        inside = f"{sum(x.inside for x in some)} of {len(some)}"
        shown.append((name, str(len(some)), f"{mean:.0f}", f"{median:+.0f}", inside))
    header = ("rows", "n", "MAPE, %", "median, %", "inside 90 %")
    return Table("Errors on accelerators of which no fit has a run", header, tuple(shown))


TABLES = {
    "other_makers": elsewhere, "other_makers_errors": elsewhere_errors, "trainings": rows, "training_errors": errors
}  # fmt: skip
