# Everything a person needs here; `make` alone shows the menu. Needs Python 3.11 or newer; the rest is installed
# into .venv from locked requirements whose hashes are checked.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

ARGS ?=
ENGINE ?= docker
ROWS ?=
VERSION ?= 0.1.0
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
FIND_PYTHON := for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	python="$$candidate"; break; fi; done

##@ Use it
.PHONY: demo
demo: install ## play a hospital with 27 recorded patients: make demo [ARGS="--once --report FILE"]
	@$(BIN)/journey demo $(ARGS)

.PHONY: install
install: .venv/.installed ## make .venv with everything to run, and the command .venv/bin/journey

.PHONY: images
images: ## build an image of every service: make images [ENGINE=podman] [VERSION=0.1.0]
	@for service in registration beds discharge followup console simulator; do \
		$(ENGINE) build --build-arg SERVICE=$$service -f deploy/Dockerfile -t carejourney/$$service:$(VERSION) .; done

.PHONY: compose-env
compose-env: install ## write deploy/.env with fresh passwords, and keys for trials; then deploy/README.md
	@$(BIN)/python -m deploy.compose_env

##@ Work on it
.PHONY: install-dev
install-dev: .venv/.installed-dev ## the same, with linters, types and tests

.PHONY: unit
unit: install-dev ## the tests of rules, without broker or database (seconds)
	@$(BIN)/pytest tests/unit -n 2 $(ARGS)

.PHONY: test
test: install-dev provision ## every test, against Apache Kafka and PostgreSQL; brings what it needs
	@$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

.PHONY: chaos
chaos: install-dev provision ## fault runs with seeds, and the planted bugs: make chaos [RUNS=200] [SEED=n]
	@$(BIN)/python -m tests.chaos $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: bench
bench: install-dev provision ## measure it beside its limits: make bench [ROWS=P1,P4] [ARGS=--publish]
	@$(BIN)/python -m tests.bench $(ROWS) $(ARGS)

.PHONY: check
check: install-dev ## format, lint, types, import contracts, published events, generated files, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m cli.generated --check
	@$(BIN)/python -m cli.migration_rules

.PHONY: generated
generated: install-dev ## write the files that are made from code (schemas, event documents)
	@$(BIN)/python -m cli.generated
	@$(BIN)/python -m tests.chaos.report
	@$(BIN)/python -m tests.bench.report

.PHONY: format
format: install-dev ## let ruff format the code and fix what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: hooks
hooks: install-dev ## let git run check before each commit and unit before each push
	@$(BIN)/pre-commit install

.PHONY: provision
provision: install ## bring Java, Maven, Kafka's jars, Chromium, Chinese fonts, promtool (as root on Debian), or say how
	@deploy/local/provision.sh $(BIN)/python

.PHONY: lock
lock: .venv/.made ## choose the newest versions again and write requirements/*.txt
	@$(PIP) install uv
	@cd requirements && for name in runtime services dev; do \
		../$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			$$name.in -o $$name.txt; done
	@cd requirements && ../$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-deps assets.in -o assets.txt

##@ Tidy up
.PHONY: clean
clean: ## remove caches and build leftovers
	@rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## also stop the stack and remove .venv and .local (all local data)
	@if [ -x $(BIN)/journey ]; then $(BIN)/journey down; fi
	@rm -rf .venv .local

.PHONY: help
help: ## this menu
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Stamps: each stands for a state of .venv and is redone when what it was made from changes.
.venv/.made:
	@$(FIND_PYTHON); \
	if [ -z "$${python:-}" ]; then \
		echo "carejourney needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || true)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi; \
	"$$python" -m venv .venv || { echo "Python cannot make a .venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@touch $@

.venv/.installed: requirements/runtime.txt requirements/assets.txt pyproject.toml | .venv/.made
	@echo "installing into .venv …"; date +%s > .venv/.began
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --require-hashes --no-deps --upgrade --target .venv/assets -r requirements/assets.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@echo $$(( $$(date +%s) - $$(cat .venv/.began) )) > .venv/.install-seconds
	@touch $@

.venv/.installed-dev: requirements/dev.txt .venv/.installed
	@echo "installing the developers' tools into .venv …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
