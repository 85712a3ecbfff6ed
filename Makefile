# Everything to build, serve, check and test entrepot. `make help` lists it.

VENV   := .venv
PYTHON ?= python3
PY     := $(VENV)/bin/python
UV     := $(VENV)/bin/uv
# --inexact: never uninstall what somebody added to the environment.
SYNC   := $(UV) sync --quiet --frozen --inexact

SOURCES := contract host plugins benchmarks tests
PACKAGE_TESTS := contract/tests host/tests plugins benchmarks/tests

# What `make bench` measures: filesystem, s3 (on Ceph), auth (what a password or a token costs),
# notifications (what a webhook costs).
BACKENDS ?= filesystem

# What the kit says of every driver, for a person and for a program.
REPORTS := --contract-report=build/contract.html --contract-report=build/contract.md --contract-report=build/contract.json

.PHONY: help install serve check quick test bench ceph moto azurite gcs

help: ## List the targets
	@grep -hE '^[a-z ]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

install: $(UV) ## Make .venv with everything in it
	$(SYNC)

serve: $(UV) ## Serve a registry on 127.0.0.1:5000 with its data under ./data
	$(SYNC) --no-dev --package entrepot --package entrepot-storage-fs --package entrepot-server-granian
	@exec $(VENV)/bin/entrepot serve $(CONFIG)

check: install ## Lint, format and types
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/mypy $(SOURCES)

quick: install ## The tests of the packages that take seconds
	$(PY) -m pytest -q -n 2 -m "not slow" $(PACKAGE_TESTS) tests/test_architecture.py

test: install ## Everything: check, and all tests, with the programs that they drive
	.ci/programs
	$(MAKE) check
	$(PY) -m pytest -q -n 2 $(REPORTS) $(PACKAGE_TESTS)
	$(PY) -m pytest -q tests

bench: install ## entrepot beside docker-registry, in one run: BACKENDS="filesystem s3"
	.ci/programs
	@set -e; for backend in $(BACKENDS); do \
		PYTHONPATH=tests $(PY) -m entrepot_benchmarks --backend $$backend $(BENCH); \
	done

ceph moto azurite gcs: install ## A storage server on 127.0.0.1, and the configuration that uses it
	.ci/programs
	@PYTHONPATH=tests exec $(PY) -m services.$@

$(UV):
	PYTHON=$(PYTHON) .ci/venv $(VENV)
