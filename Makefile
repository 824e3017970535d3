# Every target makes its own environment in .venv; nothing else needs to be installed but Python 3.11+ and make.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := $(shell find ditcarbon_sym fits paper_figures derivations -type f -not -path '*/__pycache__/*' -not -path '*.egg-info/*')

.PHONY: help install figures claims derivations test fits scorecard ground-truth verify measure measure-cpu fuzz consistency mutants known-mutants versions bench check docs docs-check examples dist clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11; run: make PYTHON=python3.11 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

install: .venv/.installed  ## make .venv with the package and its tools

figures: build/.figures  ## every table and figure, into build/

build/.figures: .venv/.installed $(SOURCES)
	$(BIN)/python -m paper_figures build
	@touch $@

claims: .venv/.installed  ## the ledger of every printed number; rewrites the shipped copy, the totals of the site and the errata
	$(BIN)/python -m paper_figures.ledger build

derivations: .venv/.installed  ## the equations from matrix products, with their steps, into build/derivations
	$(BIN)/python -m derivations build/derivations

test: .venv/.installed  ## all tests, on all cores
	$(BIN)/pytest -n auto --dist worksteal

fits: .venv/.installed  ## refit the calibrations that the package ships
	$(BIN)/python -m fits.v100_production
	$(BIN)/python -m fits.operator_law
	$(BIN)/python -m fits.transfer_tables
	$(BIN)/python -m fits.software
	$(BIN)/python -m fits.parallel
	$(BIN)/python -m fits.training

scorecard: .venv/.installed  ## every published run, predicted with its model in the fit and held out, into build/
	$(BIN)/python -m paper_figures build scorecard scorecard_rows scorecard_rivals unseen scorecard_models scorecard_accelerators operator_laws operator_law_v100 coverage pit interval_widths operator_law_coverage operator_law_other_team operator_law_transfer operator_law_constants several_held_out several_degrees several_splits several_elsewhere several trainings training_errors other_makers other_makers_errors llmcarbon
	$(BIN)/python -m paper_figures build modes mode_rows mode_constants modes_by_stack

.venv-verify/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-verify
	.venv-verify/bin/pip install --quiet --disable-pip-version-check -e '.[verify]'
	@touch $@

ground-truth: .venv-verify/.installed  ## count every released network's real class again, into tests/ground_truth
	.venv-verify/bin/python -m fits.ground_truth
	.venv-verify/bin/python -m fits.traffic

verify: .venv-verify/.installed  ## check our counts against the real classes (an environment of its own, large)
	.venv-verify/bin/python -m fits.pixart_flops --check
	.venv-verify/bin/python -m fits.ground_truth --check
	.venv-verify/bin/pytest -W ignore::FutureWarning tests/verify

SWEEP ?= fits/measurements/sweep.csv
MODELS := dit-xl-2-256,pixart-alpha,sd3-medium,cogvideox-2b,flux.1-dev,wan2.1-t2v-1.3b

MEASURE_PYTHON ?= .venv-measure/bin/python

.venv-measure/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-measure
	.venv-measure/bin/pip install --quiet --disable-pip-version-check -e '.[measure]'
	@touch $@

# MEASURE_PYTHON=python3 takes an interpreter that has torch already, and this checkout as it is: nothing is installed or fetched.
MEASURE := HF_HUB_OFFLINE=1 PYTHONPATH=.$(if $(PYTHONPATH),:$(PYTHONPATH)) $(MEASURE_PYTHON) -m ditcarbon_sym
MINUTES ?= 25

measure: $(if $(filter .venv-measure/%,$(MEASURE_PYTHON)),.venv-measure/.installed)  ## measure this machine's GPU for MINUTES into SWEEP (goes on if it is there), and calibrate
	$(MEASURE) measure --device cuda --models $(MODELS) --batches 1,4,8 --budget-minutes $(MINUTES) --resume --out $(SWEEP)
	@mkdir -p build
	@if $(MEASURE_PYTHON) -c 'import lmfit, scipy' 2>/dev/null; then $(MEASURE) fit $(SWEEP) --out build/measured.toml; \
	else echo "lmfit is not installed here; calibrate elsewhere: ditcarbon fit $(SWEEP) --out measured.toml"; fi

measure-cpu: .venv-verify/.installed  ## the same path on the processor, in about two minutes: measure, fit, estimate
	@mkdir -p build && rm -f build/cpu.csv
	.venv-verify/bin/ditcarbon measure --device cpu --quick --out build/cpu.csv
	.venv-verify/bin/ditcarbon fit build/cpu.csv --out build/cpu.toml
	.venv-verify/bin/ditcarbon estimate dit-xl-2-256 --resolution 512 --calibration build/cpu.toml

CASES ?= 100000

fuzz: .venv/.installed  ## CASES (100,000) hostile files and command lines, others each time
	FUZZ_CASES=$(CASES) $(BIN)/pytest -n auto tests/fuzz

NUMBER ?= 60
SEED ?= 0
JOBS ?= 2

.venv/.nox: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check nox uv cosmic-ray coverage
	@touch $@

mutants: .venv/.nox  ## NUMBER (60; 0 for all) small changes of the package by SEED: does a test notice?
	$(BIN)/python -m tests.mutants --number $(NUMBER) --seed $(SEED) --jobs $(JOBS)

known-mutants: .venv/.installed  ## NUMBER (60) of the changes that a test has noticed before: does one still notice?
	$(BIN)/python -m tests.mutants --again --number $(NUMBER) --seed $(SEED) --jobs $(JOBS)

versions: .venv/.nox  ## the tests against the wheel with the lowest and the newest libraries, on every Python that is here
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nox

consistency: .venv/.installed  ## 3,000 random requests: every answer agrees with itself, and every way of asking with the others
	REQUESTS=3000 $(BIN)/pytest -n auto tests/test_consistency.py

bench: .venv/.installed  ## speed, as ratios against an alternative in the same run
	$(BIN)/pytest --benchmark-enable --benchmark-columns=min,median,rounds --benchmark-sort=name tests/benchmarks/bench_*.py

# The tools of the site have an environment of their own: what they bring along would be imported by others where it is found.
.venv-docs/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

docs: .venv-docs/.installed  ## the site, with its gallery and notebooks run, into build/site; every link is checked
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --quiet --strict
	.venv-docs/bin/python -m docs.check

docs-check: docs  ## photographs of four pages of the site, wide and narrow (needs Chromium), into build/shots
	.venv-docs/bin/python -m docs.check shots

examples: .venv/.installed  ## write into README.md and the site's pages what their examples print now
	$(BIN)/python -m docs.examples

dist: .venv-docs/.installed  ## wheel and source distribution, checked, into dist
	rm -rf dist
	.venv-docs/bin/python -m build
	.venv-docs/bin/twine check --strict dist/*

check: .venv/.installed  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:  ## remove what was built (not the environments)
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
