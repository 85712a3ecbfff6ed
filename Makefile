# Build, serve, check and test entrepot. `make help` lists the targets.

VENV   := .venv
PYTHON ?= python3
PY     := $(VENV)/bin/python
UV     := $(VENV)/bin/uv
# --inexact: do not uninstall packages that were added to the environment manually.
SYNC   := $(UV) sync --quiet --frozen --inexact

SOURCES := contract host plugins examples benchmarks tests docs/conf.py
PACKAGE_TESTS := contract/tests host/tests plugins examples benchmarks/tests

# Options of `make bench`, such as "--quick", "--only filesystem", or "--compare auth": see --help.
BENCH ?= --thorough --data /var/tmp

# Reports of the kits on all drivers.
REPORTS := --contract-report=build/contract.html --contract-report=build/contract.md --contract-report=build/contract.json

# Drivers that `make mutate` mutates. For a subset: DRIVERS=storage_memory MUTANTS="entrepot_storage_memory.content.*"
# Of the layers, a fixed sample; for another size: DRIVERS=storage_layers SAMPLE=500, or SAMPLE=all.
DRIVERS ?= storage_memory storage_fs storage_layers

# Empty, so that Python writes compiled modules: the tests start hundreds of processes that would compile them again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install serve check quick test packages soak docs dist mutate bench bench-gate ceph moto azurite gcs postgres

help: ## List the targets
	@grep -hE '^[a-z -]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

install: $(UV) ## Create .venv with all packages and tools
	$(SYNC)

serve: $(UV) ## Serve a registry on 127.0.0.1:5000 with data in ./data
	$(SYNC) --no-dev --package entrepot --package entrepot-storage-fs --package entrepot-server-granian
	@exec $(VENV)/bin/entrepot serve $(CONFIG)

check: install ## Run ruff and mypy
	$(VENV)/bin/ruff check $(SOURCES) conftest.py
	$(VENV)/bin/ruff format --check $(SOURCES) conftest.py
	$(VENV)/bin/mypy $(SOURCES)

quick: install ## Run the fast tests of the packages
	$(PY) -m pytest -q -n 3 -m "not slow and not soak" $(PACKAGE_TESTS) tests/test_architecture.py

test: install ## Run check and all tests; installs the programs that they need
	.ci/programs
	$(MAKE) -j 2 check packages
	$(PY) -m pytest -q -n 4 -m "not soak" --durations=30 --durations-min=5 tests
	@if command -v docker-registry >/dev/null; then $(MAKE) bench-gate GATE=--short; \
	else echo "bench-gate skipped: docker-registry is not installed"; fi

packages:
	$(PY) -m pytest -q -n 4 -m "not soak" --durations=30 --durations-min=5 $(REPORTS) $(PACKAGE_TESTS)

soak: install ## Run all tests with all repetitions, large objects and many generated examples, and mutation testing (hours)
	.ci/programs
	ENTREPOT_TEST_ALL=1 $(PY) -m pytest -q -n 3 --contract-thorough --hypothesis-profile=soak --timeout=7200 $(PACKAGE_TESTS)
	ENTREPOT_TEST_ALL=1 $(PY) -m pytest -q -n 3 --contract-thorough --hypothesis-profile=soak --timeout=7200 tests
	$(MAKE) mutate

docs: install ## Build the documentation as a site in build/docs; warnings are errors
	$(PY) -m sphinx -W --keep-going -q -b html docs build/docs

dist: install ## Build the wheels and sdists of all packages; DIST="dist PACKAGE..." adds the dependencies of packages
	.ci/dist $(DIST)

mutate: install ## Run mutation testing on the memory and filesystem drivers, and on a sample of the layers
	$(SYNC) --group mutation
	for driver in $(DRIVERS); do SAMPLE=$(SAMPLE) tests/mutation/run $$driver $(MUTANTS) || exit; done
	$(PY) tests/mutation/survivors.py $(DRIVERS)

bench: install ## Benchmark all available backends and docker-registry; writes report.html
	.ci/programs
	@PYTHONPATH=tests $(PY) -m performance $(BENCH)

bench-gate: install ## Fail if performance drops below 80 % of tests/performance/baseline.json
	.ci/programs
	@PYTHONPATH=tests $(PY) -m performance.gate --data /var/tmp $(GATE)

ceph moto azurite gcs postgres: install ## Start a storage server on 127.0.0.1 and print a configuration for it
	.ci/programs
	@PYTHONPATH=tests exec $(PY) -m support.services.$@

$(UV):
	PYTHON=$(PYTHON) .ci/venv $(VENV)
