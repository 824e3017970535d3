"""Every option of every command, and every little grammar in it, with what people might type: no traceback, no hang."""

import json
import re
from functools import lru_cache
from typing import Any

import tomli_w
import typer
from hypothesis import example, given, strategies as st

from ditcarbon_sym.cli.app import PLACES, app
from tests.fuzz import strategies as own
from tests.fuzz.command import cases, check, run

GRAMMAR = {
    name.strip(): tuple(x.strip() for x in values.split(" | "))
    for name, values in (line.split(":", 1) for line in re.sub(r"\n +\|", " |", """
where: time_s<5 and total_g>=1e-3 | batch==2 | time_s<nan | time_s< | and | x<1 | time_s<1e999 | time_s<1.2.3
model: pixart-alpha | dit-xl-2-256 | flux.1-dev | wan2.1-t2v-1.3b | pixart-alpha,flux.1-dev
  | pixart-alpha,pixart-alpha | , | pixart
against_model: pixart-alpha | flux.1-dev | wan2.1-t2v-1.3b
gpu: v100-pcie-16gb | h100 | h100,l4 | h100, | H100 SXM
against_gpu: v100-pcie-16gb | h100
datacenter: FRA | us-average | gcp:us-central1 | aws:eu-west-3 | Paris | France,Germany | aws:
against_datacenter: FRA | us-average
places: FRA,DEU | FRA | , | FRA,FRA
capacity: 8 | FRA=8,DEU=2 | FRA= | = | -1 | 1e9 | nan | 8,9
resolution: 512 | 1024 | 512:1024:256 | 512x768 | 0 | 256:512:0.1 | 1:9999999:1 | 512x | x | 1e3 | 512,512
height: 512 | 480
width: 512 | 832
frames: 1 | 1 | 49 | 1:81:16 | 81 | 2
batch: 1 | 4 | 1,4 | 1:8:1 | 0
steps: 20 | 400 | 1:50:7 | 1:1000000:1 | 50,20 | 1:2
guidance: 1 | 2 | 1.5 | 0
text_tokens: 0 | 120 | 512
references: 0 | 1 | 3
gpus: 1 | 2 | 8 | 1,2,4 | 9999999
split: ulysses=4,ring=2 | ulysses= | none | cfg=2 | ring=2,ring=2 | ulysses=9999
pue: 1.1 | 1.3 | 1,2 | 1:2:0.5 | 0.5
grid: 390 | 20 | 0 | 50:500:50 | -1 | 1e9
price_per_hour: 2.5 | h100-sxm-80gb=2.5,l4=1 | h100= | =2 | -1 | 1e400 | a=1,a=2
by: time_s | route | operator | x
software: compile | engine | eager | engine:sglang | engine:onediff | eager,compile | engine: | x:y
attention: sdpa | fa2 | fa3 | sage2 | sparse:0.5 | sparse: | sparse:nan | sparse:0
precision: bf16 | nf4 | fp8 | fp8-weight | int8 | int8-weight | int4 | nvfp4 | fp3 | bf16,nf4
cache: 0 | 0.5 | 0.99 | 1 | -0.1
guidance_steps: 0 | 0.5 | 1 | 2
offload: model | sequential | disk
preset: flux-dbcache-0.08 | wan-lightning-4step | qwen-image-lightning-8step | x
method: location | market | marginal | x
boundary: chip | server | board | facility | x
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
loss: log | x
law: bgr | roofline | x
seed: 0 | 7 | -1 | 99999999999999999999
earliest: 0 | 5 | 25 | -1 | nan
flags: s=0,c=1,a=0,j=0 | s=1,c=0,a=1,j=1 | s=1 | s=2 | s= | x=1 | s=0,s=1 | s=1e3 | ,
variable: ell | m | d | x | B | pi | E
shard: 1/2 | 2/2 | 3/2 | 0/1 | 1/ | x | 1/999999 | 1/9999999
models: pixart-alpha,dit-xl-2-256 | pixart-alpha | flux.1-dev | , | x | pixart-alpha,pixart-alpha
resolutions: 256,512 | 512 | 0 | 512, | 1e3 | 9999999
batches: 1,4 | 1 | 0 | 1,1 | 9999999999
budget_minutes: 5 | 25 | 0.001 | 0 | -1 | 1e300
bootstrap: 0 | 2 | -1 | x
workers: 1 | 1 | 0 | -1
window: epoch | step | x
tensor: 1 | 2 | 8 | 3 | 0 | 64
recompute: 0 | 1 | 0.5 | 2 | -1
network_gbit: 200 | 25 | 0 | 1e9 | 1e-300
gradient_bytes: 4 | 2 | 0 | 1e300
per_output: 1000000 | 1 | 0 | 1e300
config: config.json | config.json | p | none.json | c.toml | .
catalog: c.toml | c.toml | none.toml | cal.toml | s.csv | .
calibration: cal.toml | cal.toml | none.toml | c.toml | m.csv
profile: p.csv | p.csv | none.csv | m.csv | c.toml
sweep: m.csv | m.csv | none.csv | e.csv
measured: m.csv | e.csv | runs.csv | none.csv
runs: runs.csv | runs.csv | m.csv | none.csv
add: more.csv | new.csv | runs.csv | m.csv | d/new.csv
out: o.csv | o.toml | o.json | o.parquet | o/ | o.x | m.csv | runs.csv
plot: o.svg | o.png | o.x
report: r.md | r.html | r.tex | r.json | r.x
""").strip().splitlines())
}  # fmt: skip
"""What the options of these names take, and some of what they do not."""
DEAR = {"draws": "1000", "samples": "16"}
"""Options that cost time: one value each."""
TOGETHER = {"pue": ("grid", "--grid"), "grid": ("pue", "--pue"), "region": ("provider", "--provider"),
            "earliest": ("profile", "--profile"), "month": ("profile", "--profile"), "by": ("top", "--top"),
            "shard": ("out", "--out")}  # fmt: skip
"""Options that nothing answers to without another one, which mostly comes with them."""
LEFT_OUT = ("measure", "rerun")
"""Commands that need an accelerator, or what another command wrote; `test_files` has the manifest."""
ROWS = "".join(
    f"pixart-alpha,{s},{s},{b},{0.4 * b / (b + 0.2) * s / (s + 300):.4f}\n" for s in (512, 768) for b in (1, 4)
)
RUN = "flux.1-dev,h100-sxm-80gb,1024,1024,1,28,"
PUBLISHED = "model,gpu,height,width,batch,steps,time_s,source\n"
FILES: dict[str, Any] = {
    "m.csv": f"model,height,width,batch,mu\n{ROWS}", "runs.csv": f"{PUBLISHED}{RUN}6.71,a page\n",
    "more.csv": f"{PUBLISHED}{RUN}6.9,another page\n", "s.csv": "model,count\nflux.1-dev,100\n",
    "r.csv": "model,steps\npixart-alpha,20\nflux.1-dev,28\n", "s.toml": 'model = "pixart-alpha"\nbatch = [1, 2]\n',
    "e.csv": "run_id,duration,gpu_energy,energy_consumed,gpu_count,gpu_model\n"
             "r1,6.9,0.0012,0.0015,1,NVIDIA H100 80GB HBM3\n",
    "a.csv": "run_id,model,height,width,batch,steps\nr1,flux.1-dev,1024,1024,1,28\n",
    "p.csv": "zone,hour,gco2eq_per_kwh\n" + "".join(f"FRA,{h},{100 + h}\nDEU,{h},{300 - h}\n" for h in range(24)),
    "c.toml": tomli_w.dumps(own.catalogue()),
    "cal.toml": tomli_w.dumps(own.shipped("calibrations/v100-pcie-16gb.toml")),
    "config.json": json.dumps(own.shipped("pipelines/pixart-alpha.toml")["transformer"]),
}  # fmt: skip
"""Valid files, which an option may name; the readers of all of them are tested in `test_files`."""
OF_A_COMMAND = {
    ("file", "account"): ("e.csv", "e.csv", "none.csv"), ("file", ""): ("s.toml", "s.toml", "none.toml"),
    ("requests", "route"): ("s.csv", "s.csv", "r.csv"), ("requests", "validate"): ("a.csv", "a.csv", "r.csv"),
    ("requests", "sweep"): ("r.csv", "r.csv", "s.csv"), ("requests", "pareto"): ("r.csv", "r.csv", "s.csv"),
    ("gpu", "plan-calibration"): ("l40s", "h100", "x"), ("gpu", "fit"): ("v100-pcie-16gb", "h100"),
    ("steps", "train"): ("1000", "400000", "0", "1e3"), ("batch", "train"): ("256", "64", "0"),
    ("precision", "train"): ("bf16", "fp8", "nvfp4", "x"), ("software", "train"): ("eager", "compile", "engine"),
    ("out", "fit"): ("o.toml", "o.toml", "m.csv"), ("out", "scorecard"): ("o.json", "o.json", "runs.csv"),
}  # fmt: skip
"""What a name means in one command alone."""
ALWAYS = {
    **{x: {"model": "pixart-alpha"} for x in ("estimate", "count", "sweep", "pareto", "derive", "sensitivity")},
    "uncertainty": {"model": "pixart-alpha", "draws": "1000"}, "solve": {"model": "pixart-alpha", "budget_g": "1"},
    "formula": {"name": "C_op"}, "route": {"requests": "s.csv", "places": "FRA,DEU", "capacity": "8", "gpu": "h100"},
    "account": {"gpu": "h100", "hours": "10"}, "train": {"model": "dit-xl-2-256", "steps": "1000", "batch": "256"},
    "fit": {"sweep": "m.csv", "gpu": "v100-pcie-16gb", "bootstrap": "0"}, "scorecard": {"runs": "runs.csv"},
    "validate": {"measured": "m.csv"}, "plan-calibration": {"gpu": "l40s", "number": "4", "models": "pixart-alpha"},
}  # fmt: skip
"""What a command needs, with a value that it takes."""
COMMANDS = tuple(x for x in PLACES if x not in LEFT_OUT)
HEAVY = {"sensitivity", "solve", "pareto", "derive", "fit", "plan-calibration"}
"""Commands that take a tenth of a second or more: fewer cases of them."""


@lru_cache
def options(command):
    """The arguments and options of a command: name, flag (empty for an argument), and whether it stands alone."""
    found = typer.main.get_command(app).get_command(None, command)
    return tuple(
        (x.name, x.opts[0] if x.param_type_name == "option" else "", bool(getattr(x, "is_flag", False)))
        for x in found.params if x.name != "help"
    )  # fmt: skip


def values(name, command=""):
    """Mostly what the option takes, else what its grammar does not, else anything."""
    known = OF_A_COMMAND.get((name, command)) or OF_A_COMMAND.get((name, "")) or GRAMMAR.get(name)
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
            usual = st.just(ALWAYS[command][name])
            found += [*([flag] if flag else []), draw(st.one_of(usual, usual, usual, usual, values(name, command)))]
        elif not flag:
            found += [draw(values(name, command))] if draw(st.integers(0, 4)) == 0 else []
        else:
            some.append((name, flag, alone))
    for name, flag, alone in draw(st.lists(st.sampled_from(some), max_size=4, unique_by=lambda x: x[0])):
        found += [flag] if alone else [flag, DEAR[name] if name in DEAR else draw(values(name, command))]
        other, with_it = TOGETHER.get(name, ("", ""))
        if other and with_it not in found and any(x[0] == other for x in some) and draw(st.integers(0, 3)):
            found += [with_it, draw(values(other, command))]
    return tuple(x for x in found if "\0" not in x)


def files_of(line):
    """The valid files that a command line names."""
    found = {x: FILES[x] for x in line if x in FILES}
    return {**found, **({"p/config.json": FILES["config.json"]} if "p" in line else {})}


@cases(0.075)
@given(st.sampled_from([x for x in COMMANDS if x not in HEAVY]).flatmap(lines))
@example(("places", "--where", "\x1b[31m"))
def test_any_options_of_any_command(line):
    check(run(line, files_of(line)))


@cases(0.022)
@given(st.sampled_from(sorted(HEAVY)).flatmap(lines))
def test_any_options_of_the_commands_that_take_longer(line):
    check(run(line, files_of(line)))
