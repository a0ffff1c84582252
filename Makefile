# make run   installs batchdigits into .venv and reads inbox/ into outbox/
# make check runs lint, types and the unit tests: half a minute
# make test  runs lint, types and every test but those of faults and what is long: some minutes
# make test-all runs what make test leaves out: what is long, and deeper tests of faults
# make bench measures speed against what the hardware must do
# make fuzz MINUTES=10 looks for files that break what reads files from outside, guided by coverage
# make soak  puts the watcher through a day of faults, bursts and idleness
# make accuracy DATA=folder measures how well the bundled model reads
# make fonts fetches the typefaces that the bundled model learned from into fonts/
# make man    writes the manual page, build/batchdigits.1
# make lock   renews what requirements/ holds: every package with its version and hashes
# make faults kills, damages and has calls fail as often as before a release: over an hour
# All but the measurements are quick the second time: the stamp files say what is installed already.

VENV := .venv
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest
# The first Python that TensorFlow has wheels for; `make PYTHON=/path/to/python run` picks another.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && { command -v $$each; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Install a set of packages (run, dev, bench) exactly as tested: every file is compared with its hash.
install = $(PIP) install --require-hashes -r requirements/$(1)-$$($(BIN)/python -c \
	'import sys; print("%d.%d" % sys.version_info[:2])').txt

.PHONY: man run check test test-all lint bench soak accuracy fonts faults fuzz lock clean

run: $(VENV)/installed
	@echo "==> reading inbox/ into outbox/"
	@$(BIN)/batchdigits run inbox outbox --quarantine copy || test $$? -eq 3
	@echo "==> done: open outbox/results.csv"

check: $(VENV)/installed-dev lint
	@echo "==> unit tests"
	@$(PYTEST) -n 2 -m "not integration and not faults and not long"

test: $(VENV)/installed-dev lint
	@echo "==> tests"
	@$(PYTEST) -n 5 --dist worksteal -m "not long and not faults"

# A tenth of what make faults does, a fiftieth of its failing calls and power cuts, and what takes long or needs LibreOffice, a network, a browser.
test-all: $(VENV)/installed-dev
	@echo "==> long tests"
	@BATCHDIGITS_KILLS=18 BATCHDIGITS_SWAPS=1000 BATCHDIGITS_WRITERS=10 BATCHDIGITS_MUTATIONS=6400 BATCHDIGITS_WORKBOOKS=20 $(PYTEST) -n 2 --dist worksteal -m "long or faults"

faults: $(VENV)/installed-dev
	@BATCHDIGITS_KILLS=180 BATCHDIGITS_SWAPS=10000 BATCHDIGITS_WRITERS=100 BATCHDIGITS_MUTATIONS=64000 BATCHDIGITS_WORKBOOKS=200 BATCHDIGITS_JOURNALS=200 BATCHDIGITS_EVERY=1 $(PYTEST) -n 2 --dist worksteal -m faults

# A minute for each target; TARGETS="images journals" and the like chooses.
MINUTES ?= 1
fuzz: $(VENV)/installed-bench
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(TARGETS)

# BENCH="throughput --small" and the like chooses; MNIST is fetched by Keras or given with --mnist.
bench: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks $(BENCH)

# SOAK="day --arrivals 1000000 --faults 20000" and the like chooses, and makes it as long as wanted.
soak: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks.soak $(SOAK)

# DATA holds mnist.npz, scans.tar or scans/, optdigits.npz, semeion.npz; what is missing is skipped.
# ACCURACY="--only scans --keep looked-at" and the like chooses.
DATA ?= .
accuracy: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks.accuracy --data '$(DATA)' $(ACCURACY)

# From the npm packages of Fontsource, each with its licence beside it.
fonts:
	@command -v npm >/dev/null || { echo "make fonts needs npm" >&2; exit 1; }
	@mkdir -p fonts && cd fonts && rm -rf package *.tgz && while IFS=@ read -r name version; do \
		[ -f "$$name.woff" ] && continue; \
		npm pack --silent "@fontsource/$$name@$$version" </dev/null >/dev/null && \
		tar -xzf *.tgz package/package.json "package/files/$$name-latin-400-normal.woff" && \
		{ tar -xzf *.tgz package/LICENSE 2>/dev/null || mv package/package.json package/LICENSE; } && \
		mv package/LICENSE "$$name.LICENSE" && mv package/files/*.woff "$$name.woff" && \
		rm -r package *.tgz || { echo "cannot fetch $$name $$version" >&2; exit 1; }; \
	done < ../models/typefaces.txt

# From the same text as --help; man -l build/batchdigits.1 shows it.
man: $(VENV)/installed-dev
	@$(BIN)/python -m tests.support.man_page build/batchdigits.1
	@echo "==> build/batchdigits.1"

lint: $(VENV)/installed-dev
	@echo "==> ruff and mypy"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "batchdigits needs Python 3.11, 3.12 or 3.13 with venv"; exit 1; }
	@echo "==> creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg pyproject.toml $(wildcard requirements/*.txt) | $(VENV)/bin/python
	@echo "==> installing batchdigits (the first time takes some minutes: TensorFlow is large)"
	@$(call install,run)
	@# setuptools warns of what editable installs are.
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "==> installing what the tests need"
	@$(call install,dev)
	@$(BIN)/python -m tests.support.browser
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev
	@echo "==> installing what the benchmarks need"
	@$(call install,bench)
	@touch $@

# A set keeps to the versions of the set before it: tests run with what users run with.
# Versions that still fit are kept; `make lock LOCK=--upgrade` takes the newest of all.
lock: $(VENV)/installed-dev
	@for version in 3.11 3.12 3.13; do \
		compile() { $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate \
			--custom-compile-command "make lock" --python-version $$version --python-platform linux \
			$(LOCK) "$$@" setup.cfg requirements/build.in; } && \
		compile --extra all -o requirements/run-$$version.txt && \
		compile --extra dev -c requirements/run-$$version.txt -o requirements/dev-$$version.txt && \
		compile --extra dev --extra bench -c requirements/dev-$$version.txt -o requirements/bench-$$version.txt || exit; \
	done

clean:
	rm -rf $(VENV) build dist *.egg-info
