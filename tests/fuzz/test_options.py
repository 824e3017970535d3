"""Every option of every command, and every little grammar in it, with what people might type: no traceback, no hang."""

import re
from functools import lru_cache

import typer
from hypothesis import example, given, strategies as st

from ditcarbon_sym.cli.app import PLACES, app
from tests.fuzz import strategies as own
from tests.fuzz.command import cases, check, run

GRAMMAR = {
    name.strip(): tuple(x.strip() for x in values.split(" | "))
    for name, values in (line.split(":", 1) for line in re.sub(r"\n +\|", " |", """
where: time_s<5 and total_g>=1e-3 | batch==2 | time_s<nan | time_s< | and | x<1 | time_s<1e999 | time_s<1.2.3
model: pixart-alpha | flux.1-dev | wan2.1-t2v-1.3b | pixart-alpha,flux.1-dev | pixart-alpha,pixart-alpha | , | pixart
against_model: pixart-alpha | flux.1-dev | wan2.1-t2v-1.3b
gpu: v100-pcie-16gb | h100 | h100,l4 | h100, | H100 SXM
against_gpu: v100-pcie-16gb | h100
datacenter: FRA | us-average | gcp:us-central1 | France,Germany | aws:
against_datacenter: FRA | us-average
places: FRA,DEU | FRA | , | FRA,FRA
capacity: 8 | FRA=8,DEU=2 | FRA= | = | -1 | 1e9 | nan | 8,9
resolution: 512 | 1024 | 512:1024:256 | 512x768 | 0 | 256:512:0.1 | 1:9999999:1 | 512x | x | 1e3 | 512,512
height: 512 | 480
width: 512 | 832
frames: 1 | 49 | 1:81:16 | 81 | 2
batch: 1 | 1,4 | 1:8:1 | 0
steps: 20 | 1:50:7 | 1:1000000:1 | 50,20 | 1:2
guidance: 1 | 2 | 1.5 | 0
text_tokens: 0 | 120 | 512
references: 0 | 1 | 3
gpus: 1 | 2 | 8 | 1,2,4 | 9999999
split: ulysses=4,ring=2 | ulysses= | none | cfg=2 | ring=2,ring=2 | ulysses=9999
pue: 1.1 | 1,2 | 1:2:0.5 | 0.5
grid: 390 | 0 | 50:500:50 | -1 | 1e9
price_per_hour: 2.5 | h100-sxm-80gb=2.5,l4=1 | h100= | =2 | -1 | 1e400 | a=1,a=2
by: time_s | route | operator | x
software: eager | compile | engine | engine:sglang | engine: | x:y
attention: sdpa | fa3 | sage2 | sparse:0.5 | sparse: | sparse:nan | sparse:0
precision: bf16 | fp8 | int4 | nvfp4 | fp3
cache: 0 | 0.5 | 0.99 | 1 | -0.1
guidance_steps: 0 | 0.5 | 1 | 2
offload: model | sequential | disk
preset: flux-dbcache-0.08 | x
method: location | market | marginal | x
boundary: chip | server | facility | x
lifetime_years: 5 | 0 | 1e9
utilisation: 1 | 0.5 | 0
mu: 0.3 | 0 | 1 | 1.1 | 1e-9 | 1e-300
efficiency: roofline | bgr | x
embodied_boundary: die | x
output: per_output_g | time_s | mu | flops | x
per_day: 1000 | 0.1 | 1e300 | 0
unknown: resolution | steps | batch | frames | gpus | split | grid | pue | mu | guidance | tdp_watt
  | lifetime_years | utilisation | peak_flop_per_second | cache | x
budget_g: 1 | 1e-9 | 1e9 | 0
budget_wh: 1 | 1e-6 | 1e9
budget_s: 1 | 10 | 1e9
per: output | batch | x
against_mu: 0.3 | 2
level: 0.9 | 0 | 1 | 0.999999
ranges: pue=1.1..1.3 | pue=1..1 | pue= | x=1..2 | mu=0..nan | steps=1..1e300
requests: pixart-alpha@512,steps=20 | flux.1-dev@1024 | flux.1-dev@512x768,gpu=h100
  | wan2.1-t2v-1.3b,gpus=2,ulysses=2 | @ | flux.1-dev@0 | x@1,=, | flux.1-dev,mu=9
objectives: time_s,total_g | time_s | x,y | time_s,time_s | cost
within: none | model | x | 
name: C_op | tau | F_total | x
crossover: scores=MLP | scores= | = | x=y
month: 1 | 13
hours: 10 | 0 | 1e300 | -1
kwh: 3 | 0 | 1e300
outputs: 100 | 0 | 1e-300
provider: gcp | aws | x
region: us-central1 | x
status: holds | x
deadline: 24 | 0 | 1e9
top: 1 | 3 | 0
tolerance: 0.001 | 0 | 2
number: 1 | 4 | 0
objective: x
loss: log | x
law: roofline | bgr | x
""").strip().splitlines())
}  # fmt: skip
"""What the options of these names take, and some of what they do not."""
DEAR = {"draws": "1000", "samples": "16", "out": "o.csv", "plot": "o.svg", "report": "r.md"}
"""Options that cost time or name a file to write: one value each."""
LEFT_OUT = ("measure", "plan-calibration", "fit", "validate", "rerun")
"""Commands that need a file or an accelerator; `test_files` has those that read one."""
FILES = ("config", "catalog", "calibration", "profile", "file")
ALWAYS = {
    **{x: {"model": "pixart-alpha"} for x in ("estimate", "count", "sweep", "pareto", "derive", "sensitivity")},
    "uncertainty": {"model": "pixart-alpha", "draws": "1000"}, "solve": {"model": "pixart-alpha", "budget_g": "1"},
    "formula": {"name": "C_op"}, "route": {"places": "FRA,DEU", "capacity": "8"}, 
    "account": {"gpu": "h100", "hours": "10"},
}  # fmt: skip
"""What a command needs, with a value that it takes."""
COMMANDS = tuple(x for x in PLACES if x not in LEFT_OUT)
HEAVY = {"sensitivity", "solve", "pareto", "derive"}
"""Commands that take a tenth of a second or more: fewer cases of them."""


@lru_cache
def options(command):
    """The arguments and options of a command: name, flag (empty for an argument), and whether it stands alone."""
    found = typer.main.get_command(app).get_command(None, command)
    return tuple(
        (x.name, x.opts[0] if x.param_type_name == "option" else "", bool(getattr(x, "is_flag", False)))
        for x in found.params if x.name not in ("help", *FILES)
    )  # fmt: skip


def values(name):
    """Mostly what the option takes, else what its grammar does not, else anything."""
    known = GRAMMAR.get(name)
    anything = st.one_of(own.texts, own.numbers.map(str), own.numbers.map(lambda x: f"{x},{x}"))
    if known is None:
        return anything
    mixed = [st.sampled_from(known[:2])] * 8 + [st.sampled_from(known)] * 3 + [anything]
    return st.integers(0, len(mixed) - 1).flatmap(lambda k: mixed[k])


@st.composite
def lines(draw, command):
    """A command line: its arguments, some of its options, each with a value, and a format."""
    found, some = [command], []
    for name, flag, alone in options(command):
        if name == "requests" and command == "compare":
            found += draw(st.lists(values(name), min_size=2, max_size=3))
        elif name in ALWAYS.get(command, {}):
            found += [
                *([flag] if flag else []),
                draw(st.sampled_from((*(ALWAYS[command][name],) * 5, *GRAMMAR.get(name, ())))),
            ]
        elif flag and name != "requests":
            some.append((name, flag, alone))
    for name, flag, alone in draw(st.lists(st.sampled_from(some), max_size=4, unique_by=lambda x: x[0])):
        found += [flag] if alone else [flag, DEAR[name] if name in DEAR else draw(values(name))]
    return tuple(x for x in found if "\0" not in x)


@cases(0.1)
@given(st.sampled_from([x for x in COMMANDS if x not in HEAVY]).flatmap(lines))
@example(("places", "--where", "\x1b[31m"))
def test_any_options_of_any_command(line):
    check(run(line, {}))


@cases(0.03)
@given(st.sampled_from(sorted(HEAVY)).flatmap(lines))
def test_any_options_of_the_commands_that_take_longer(line):
    check(run(line, {}))
