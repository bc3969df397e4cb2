# The commands of this project. Nothing needs to be installed before them but Python 3.11+ and make.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
MEMBERS ?= 5000
SEED ?= 1
MONTH_BEFORE_LAST := from datetime import date, timedelta as days; print((date.today().replace(day=1) - days(32)).strftime('%Y-%m'))
WAREHOUSE := $(or $(HUDDLEBOARD_WAREHOUSE),var/demo/warehouse)

export HUDDLEBOARD_WAREHOUSE := $(WAREHOUSE)
# Compiled modules are kept, whatever the machine says: every start of a server is seconds faster.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo test setup setup-dev browser screenshots bench lint clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "Huddleboard needs Python 3.11 or later on the PATH (or: make PYTHON=/path/to/python3.11)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: requirements.txt constraints.txt | $(VENV)/.created
	@echo "Installing what the product needs ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt constraints.txt | $(VENV)/.created
	@echo "Installing what the product and its tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run

setup: $(VENV)/.run  ## install what the product needs into .venv

setup-dev: $(VENV)/.dev  ## and what its tests need

demo: $(VENV)/.run  ## write the demo market's payer files and build its warehouse (no work if nothing changed)
	@$(BIN)/python -m data demo --members $(MEMBERS) --seed $(SEED) --to var/demo/feeds
	@test -e $(WAREHOUSE)/CURRENT || { echo "First the market as it stood a month ago, so that there is a change to look at:"; \
	  $(BIN)/python -m data build --from var/demo/feeds --to $(WAREHOUSE) --through-delivery $$($(BIN)/python -c "$(MONTH_BEFORE_LAST)"); }
	@$(BIN)/python -m data build --from var/demo/feeds --to $(WAREHOUSE)

run: demo  ## set up, build the demo market, serve the app on http://localhost:8501
	@HUDDLEBOARD_DEMO=1 $(BIN)/python -m access demo
	@echo "Huddleboard is at http://localhost:$(PORT)"
	@HUDDLEBOARD_DEMO=1 $(BIN)/streamlit run server.py --server.port $(PORT)

browser: $(VENV)/.dev
	@$(BIN)/python tests/browser/chromium.py

test: $(VENV)/.dev browser  ## set up, run every test, the browser's too
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal

screenshots: $(VENV)/.dev browser  ## take docs/screenshots anew, by the browser tests
	@HUDDLEBOARD_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/browser/test_screenshots.py

bench: $(VENV)/.dev  ## measure speed and scale (docs/performance.md)
	@$(BIN)/python -m benchmarks

lint: $(VENV)/.dev  ## check style
	@$(BIN)/ruff check .

clean:  ## remove what tests and the demo made (not the ledger)
	rm -rf var/test var/demo
