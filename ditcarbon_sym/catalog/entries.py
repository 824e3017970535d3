"""What an entry of the catalogue holds: numbers for symbols, a name, and where they come from."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from sympy import Symbol

from ..display import Shown
from ..equations.equation import Equation
from ..equations.notation import v_t
from .stages import Stages


@dataclass(frozen=True)
class Entry:
    """One named set of facts with their sources."""

    id: str
    name: str
    values: Mapping[Symbol, float]
    sources: Mapping[str, str]
    origin: str


E = TypeVar("E")


class OnDemand(Mapping[str, E]):
    """Entries by id, each made when it is first asked for.

    >>> OnDemand(("a", "b"), str.upper)["b"]
    'B'
    """

    def __init__(self, ids: Iterable[str], make: Callable[[str], E]) -> None:
        self._ids, self._made = dict.fromkeys(ids), cache(make)

    def __getitem__(self, key: str) -> E:
        if key not in self._ids:
            raise KeyError(key)
        return self._made(key)

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


@dataclass(frozen=True)
class Lender:
    """The release whose request a model takes for what the user does not say; several where they are equally near.

    ``same``: it has the very configuration of the model; otherwise it only comes nearest. ``signs``: what the user's
    files say of distillation. ``one_pass``: they say that a step takes one pass. ``shared``: other releases with the
    same configuration, and what they request. ``missing``: what cannot be lent, and why; the user must say it.
    """

    ids: tuple[str, ...]
    same: bool
    signs: tuple[str, ...] = ()
    one_pass: bool = False
    shared: tuple[str, ...] = ()
    missing: Mapping[Symbol, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The release, or the first of several that request the same."""
        return self.ids[0]


@dataclass(frozen=True)
class Model(Entry):
    """A diffusion transformer given by flags and sizes, with its released pipeline's default request.

    ``networks`` returns the stages of the pipeline, for the exact count; it is None for a model that is known by its
    flags alone. ``patch_frames`` is how many latent frames a token spans, ``text_tokens_fixed`` the only number of text
    tokens it takes, if there is only one. ``lender`` is the release whose request this model borrows, None if the
    request is its own. ``notes`` say what to beware of in every answer.

    >>> from ditcarbon_sym import load
    >>> model = load().model("wan2.1 t2v 14b")
    >>> model.id, model.is_video
    ('wan2.1-t2v-14b', True)
    """

    request: Mapping[Symbol, float] = field(default_factory=dict)
    networks: Callable[[], Stages] | None = None
    patch_frames: int = 1
    text_tokens_fixed: int | None = None
    lender: Lender | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_video(self) -> bool:
        """Whether the VAE has a time axis."""
        return v_t in self.values

    @property
    def has_sides(self) -> bool:
        """Whether what it makes has height and width; sound has frames alone."""
        return self.networks is None or self.networks().denoiser.has_sides


NVIDIA = "NVIDIA"


@dataclass(frozen=True)
class Gpu(Entry):
    """An accelerator; ``embodied`` holds gCO2eq by system boundary, and is empty where no figure is known.

    Those that are shipped are a file each, ``data/gpus/ID.toml``. Peak throughput is dense, never the sparse figure, at
    the rate of products summed in FP32. Power is the limit that the driver enforces. Idle power is of the whole board
    while no program holds a context; with one it is 25 to 70 W more on data-centre boards (vadari2026parking). Seconds
    per exponential are those of all special-function units together, at the clock of the peak. What is unknown is
    absent; a source says where several print another figure.

    ``compute_capability`` is NVIDIA's number of the architecture; None if unknown or of another maker.
    ``maker`` is who makes it; ``names`` are others that it goes by, ``nvml_names`` those that the driver gives it
    (NVML, nvidia-smi, CodeCarbon; older drivers leave out the word NVIDIA).
    ``link_byte_per_second`` is its link to another accelerator of the node, each way, and ``node_gpus`` how many a node
    has, all that the link reaches; None if unknown.

    >>> from ditcarbon_sym import load
    >>> load().gpu("h100").memory_gb
    80
    """

    precision: str = ""
    memory_gb: float | None = None
    die_cm2: float | None = None
    compute_capability: float | None = None
    embodied: Mapping[str, float] = field(default_factory=dict)
    nvml_names: tuple[str, ...] = ()
    link_byte_per_second: float | None = None
    node_gpus: int | None = None
    maker: str = NVIDIA
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A published number, the year that it is of, and its source."""

    value: float
    year: int
    source: str


@dataclass(frozen=True)
class Datacenter(Entry):
    """A facility (PUE) on a grid (gCO2eq/kWh); litres of water for each kWh, where they are known.

    ``method`` says how the grid's figure counts: "location" (the average of the grid), "market" (what the operator has
    contracts for) or "marginal" (the next kWh). ``figures`` holds the figures of all methods that are known.
    ``ranges`` holds, by data field, the documented range of what is assumed: low, high, source. ``notes`` say what to
    beware of.

    >>> from ditcarbon_sym import load
    >>> load().datacenter("norway-hydro").name
    'Norway, hydro'
    """

    method: str = "location"
    figures: Mapping[str, Figure] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration(Shown):
    """Values of one efficiency law on one device, with their covariance, validity and conventions.

    ``transferred``: it was not fitted on this device, but comes from other accelerators. Then ``values`` hold what
    accelerators have in common, and ``equations`` turn these into the parameters of the law. ``constants``: which of
    the parameters are those of a mode of running, by the names they were fitted under.

    >>> from ditcarbon_sym.catalog import shipped_calibration
    >>> shipped_calibration("v100-pcie-16gb").quality["n"]
    48
    """

    law: str
    gpu: str
    device: Mapping[Symbol, float]
    values: Mapping[Symbol, float]
    free: tuple[Symbol, ...]
    covariance: tuple[tuple[float, ...], ...]
    verdicts: Mapping[str, str]
    quality: Mapping[str, Any]
    validity: Mapping[str, Any]
    convention: Mapping[str, str]
    data: Mapping[str, Any]
    origin: str
    head_multiple: int = 1
    transferred: bool = False
    equations: tuple[Equation, ...] = ()
    constants: Mapping[Symbol, str] = field(default_factory=dict)
