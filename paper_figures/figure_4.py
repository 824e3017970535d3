"""The points of Figure 4: carbon per output over latent tokens, on the paper's models by their flags."""

from dataclasses import dataclass
from functools import lru_cache

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.entries import Model
from ditcarbon_sym.catalog.loading import Catalog, load, paper_models
from ditcarbon_sym.equations.notation import k_VAE
from fits import corpus


@lru_cache(maxsize=4)
def by_flags(reuse: float) -> Catalog:
    """The paper's models by their flags, as the paper counts them, with a VAE reuse factor."""
    models = {
        key: Model(**{**vars(model), "values": {**model.values, k_VAE: reuse}, "networks": None})
        for key, model in paper_models().items()
    }
    return Catalog(models, load().gpus, load().datacenters)


@dataclass(frozen=True)
class Point:
    """One point of Figure 4."""

    model: str
    steps: int
    tokens: int
    grams: float
    production: bool


@lru_cache(maxsize=1)
def figure_4_points() -> tuple[Point, ...]:
    """PixArt-α (50 steps) and CogVideoX-2B (20 steps) at B = 1; mu fitted in production, as measured below it."""
    points = []
    for model, steps in (("pixart-alpha", 50), ("cogvideox-2b", 20)):
        for row in corpus.rows():
            if row.model == model and row.request["batch"] == 1 and row.extra["origin"] == "measured":
                height, width, frames = (row.request[key] for key in ("height", "width", "frames"))
                production = corpus.is_production(row)
                mu, law = (None, "bgr") if production else (row.measured["mu"], None)
                result = estimate(
                    model,
                    height=height,
                    width=width,
                    frames=frames,
                    batch=1,
                    steps=steps,
                    mu=mu,
                    efficiency=law,
                    catalog=by_flags(3.0),
                )
                points.append(
                    Point(model, steps, result.tokens["latent"], result.per_output_g.value or 0.0, production)
                )
    return tuple(sorted(points, key=lambda point: (point.model, point.tokens)))
