# Thin on purpose: each target is one or two ordinary commands inside .venv.
PYTHON ?= python3
BIN := .venv/bin
SUBJECT := all
PIP := $(BIN)/pip --disable-pip-version-check
CYTHON := $(shell find engine bench -name '*.pyx' -o -name '*.pxd') $(wildcard $(patsubst %.pxd,%.py,$(shell find engine -name '*.pxd')))
QUICKFIX := quickfix>=1.16,<1.17
JSPUREFIX := tests/interop/jspurefix/package.json tests/interop/jspurefix/package-lock.json
# Tests against jspurefix run where npm and a node that it supports are installed, and are skipped elsewhere.
NPM := $(shell node -e 'process.exitCode = parseInt(process.versions.node) < 18 ? 1 : 0' 2>/dev/null && command -v npm)
# Kalshi's clients, each with an environment of its own; a machine that cannot fetch one skips its tests.
CLIENTS := $(patsubst tests/interop/clients/%.txt,.venv/clients/%/installed,$(wildcard tests/interop/clients/*.txt))
TESTED := .venv/engine .venv/test .venv/history $(CLIENTS) $(if $(NPM),.venv/jspurefix/installed)

# The suite by several processes, since most tests wait for sockets and processes; then, alone, those that measure time.
# pytest ends with 5 where ARGS chose none of a part.
WORKERS ?= $(shell echo $$(($$(nproc) < 8 ? $$(nproc) + 1 : 8)))
SUITE = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not alone" $(ARGS); together=$$?; \
	$(BIN)/python -m pytest -m alone $(ARGS); alone=$$?; \
	[ $$together$$alone != 55 ] && [ $$together -eq 0 -o $$together -eq 5 ] && [ $$alone -eq 0 -o $$alone -eq 5 ]

.PHONY: demo demo-backtest test lint checked bench clean

demo: .venv/engine ; $(BIN)/fixlane demo $(if $(VENUE),--venue $(VENUE)) $(ARGS)

# A minute of the demo recorded and run once more as it was; the sample strategy over that recording, and over a day of
# markets made by chance.
demo-backtest: .venv/history
	rm -rf var/backtest/recording
	$(BIN)/fixlane demo --seconds 60 --no-compare --record var/backtest/recording
	$(BIN)/fixlane replay config/engine.toml --capture var/backtest/recording
	$(BIN)/fixlane backtest config/engine.toml --data var/backtest/recording --out var/backtest/demo \
		--latency-from var/backtest/recording/audit.log --against-live
	$(BIN)/fixlane backtest config/engine.toml --generate var/backtest/data --out var/backtest --latency 5 $(ARGS)

test: $(TESTED) ; $(SUITE)

bench: .venv/engine .venv/test .venv/bench ; $(BIN)/fixlane bench $(SUBJECT) $(ARGS)

lint: .venv/engine .venv/test .venv/bench .venv/history
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy

# The whole suite on extensions built with bounds, None and overflow checks; then the fast build again.
checked: $(TESTED)
	ENGINE_CHECKED=1 $(BIN)/python setup.py -q build_ext --inplace --force
	($(SUITE)); status=$$?; $(BIN)/python setup.py -q build_ext --inplace --force; exit $$status

clean: ; rm -rf .venv build var $(shell find engine bench -name '*.so')

.venv/python:
	@echo "fixlane: creating .venv"
	@$(PYTHON) -m venv .venv && touch $@

# quickfix ships as source only. -O1 -g0 took 2 min 20 s on a 2-core virtual machine and makes a small wheel.
.venv/quickfix: .venv/python
	@echo "fixlane: building quickfix from source, once: two to five minutes"
	@CXXFLAGS="$${CXXFLAGS:--O1 -g0}" $(PIP) install -v "$(QUICKFIX)" > .venv/quickfix.log 2>&1 & \
	pid=$$!; while kill -0 $$pid 2>/dev/null; do sleep 2; \
	  printf '\r  compiled %d files ' "$$(grep -c '^  *\(g++\|c++\|gcc\|cc\|x86_64[^ ]*\|aarch64[^ ]*\) .* -c ' .venv/quickfix.log)"; \
	done; echo; wait $$pid || { tail -40 .venv/quickfix.log; echo "fixlane: quickfix did not build: see above"; exit 1; }
	@touch $@

.venv/engine: pyproject.toml setup.py $(CYTHON) .venv/quickfix
	@echo "fixlane: installing the engine and compiling its extensions"
	@$(PIP) install -q -e . && touch $@

# The extras' packages, without building the engine again.
EXTRA = $(BIN)/python -c 'import sys, tomllib; \
	extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	print(*(line for name in sys.argv[1:] for line in extras[name]), sep="\n")'

.venv/test: pyproject.toml .venv/engine
	@echo "fixlane: installing test tools"
	@$(EXTRA) test dev | $(PIP) install -q -r /dev/stdin && touch $@

.venv/history: pyproject.toml .venv/engine
	@echo "fixlane: installing what a backtest's report wants"
	@$(EXTRA) history | $(PIP) install -q -r /dev/stdin && touch $@

.venv/bench: pyproject.toml .venv/engine
	@echo "fixlane: installing the benchmark's peers"
	@$(EXTRA) bench | $(PIP) install -q -r /dev/stdin && touch $@

.venv/jspurefix/installed: $(JSPUREFIX) .venv/python
	@echo "fixlane: installing jspurefix, a FIX engine to test against"
	@mkdir -p $(@D) && cp $(JSPUREFIX) $(@D)
	@$(NPM) ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

# Their metadata asks for a newer Python than they need, so pip takes exactly what the file says and asks nobody.
.venv/clients/%/installed: tests/interop/clients/%.txt .venv/python
	@echo "fixlane: installing $*, a client to test the simulated venue with"
	@$(PYTHON) -m venv $(@D) && if $(@D)/bin/pip --disable-pip-version-check install -q --no-deps --ignore-requires-python -r $<; \
	  then touch $@; else echo "fixlane: $* cannot be installed, its tests are skipped: see above"; fi
