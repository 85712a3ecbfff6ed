# Everything to build, serve, check and test entrepot. `make help` lists it.

VENV   := .venv
PYTHON ?= python3
PY     := $(VENV)/bin/python
UV     := $(VENV)/bin/uv
# --inexact: never uninstall what somebody added to the environment.
SYNC   := $(UV) sync --quiet --frozen --inexact

SOURCES := contract host plugins benchmarks tests
PACKAGE_TESTS := contract/tests host/tests plugins benchmarks/tests

# More of `make bench`, such as "--quick", "--only filesystem", or "--compare auth": see --help.
BENCH ?= --thorough --data /var/tmp

# What the kit says of every driver, for a person and for a program.
REPORTS := --contract-report=build/contract.html --contract-report=build/contract.md --contract-report=build/contract.json

# What `make mutate` mutates: MUTANTS="entrepot_storage_memory.content.*" DRIVERS=storage_memory is a part of it.
DRIVERS ?= storage_memory storage_fs

.PHONY: help install serve check quick test mutate bench bench-gate ceph moto azurite gcs

help: ## List the targets
	@grep -hE '^[a-z ]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

install: $(UV) ## Make .venv with everything in it
	$(SYNC)

serve: $(UV) ## Serve a registry on 127.0.0.1:5000 with its data under ./data
	$(SYNC) --no-dev --package entrepot --package entrepot-storage-fs --package entrepot-server-granian
	@exec $(VENV)/bin/entrepot serve $(CONFIG)

check: install ## Lint, format and types
	$(VENV)/bin/ruff check $(SOURCES) conftest.py
	$(VENV)/bin/ruff format --check $(SOURCES) conftest.py
	$(VENV)/bin/mypy $(SOURCES)

quick: install ## The tests of the packages that take seconds
	$(PY) -m pytest -q -n 3 -m "not slow" $(PACKAGE_TESTS) tests/test_architecture.py

test: install ## Everything: check, and all tests, with the programs that they drive
	.ci/programs
	$(MAKE) check
	$(PY) -m pytest -q -n 3 --durations=30 --durations-min=5 $(REPORTS) $(PACKAGE_TESTS)
	$(PY) -m pytest -q -n 3 --durations=30 --durations-min=5 tests
	@if command -v docker-registry >/dev/null; then $(MAKE) bench-gate GATE=--short; \
	else echo "bench-gate is left out: it needs docker-registry"; fi

mutate: install ## Break the memory and filesystem drivers in 1,700 ways, one by one; their tests must notice
	$(SYNC) --group mutation
	for driver in $(DRIVERS); do tests/mutation/run $$driver $(MUTANTS) || exit; done
	$(PY) tests/mutation/survivors.py $(DRIVERS)

bench: install ## Every backend that can be started here, beside docker-registry, into report.html
	.ci/programs
	@PYTHONPATH=tests $(PY) -m entrepot_benchmarks $(BENCH)

bench-gate: install ## Fail where entrepot keeps less than 80 % of benchmarks/baseline.json
	.ci/programs
	@PYTHONPATH=tests $(PY) -m entrepot_benchmarks.gate --data /var/tmp $(GATE)

ceph moto azurite gcs: install ## A storage server on 127.0.0.1, and the configuration that uses it
	.ci/programs
	@PYTHONPATH=tests exec $(PY) -m services.$@

$(UV):
	PYTHON=$(PYTHON) .ci/venv $(VENV)
