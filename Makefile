# Every target is one line over `python -m pipelines`; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
RECIPE := $(BIN)/python -m pipelines

# glibc gives large buffers back to the kernel at each training step unless told not to: 1.3 to 2 times slower.
export MALLOC_TRIM_THRESHOLD_ := 8000000000
export MALLOC_MMAP_THRESHOLD_ := 8000000000

# Settings from the command line, the same for every target: make daily TICKERS="AAPL MSFT" DATA=elsewhere
# The names are those of OPTIONS in pipelines/command_line.py; SET takes any other: make backtest SET="network.units=16"
VARIABLES := CONFIG DATA SOURCE TICKERS FILES HEADLINES FROM FOLDS HORIZON SEEDS NOW MODE ONLY MODEL ACCEPT FILE RUNS RUN_ID SESSION HEAD MARKETS DATASET AT BY YES ONLINE SET
$(foreach name,$(VARIABLES),$(eval export STOCKSEQ_$(name) := $$($(name))))
# Every variable of the command line, so that a misspelt one is refused.
export STOCKSEQ_VARIABLES := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))

define install
	@sh -c 'set -e; \
	if ! $(BIN)/python -c "" 2>/dev/null; then \
	  found=""; seen=""; \
	  for candidate in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python; do \
	    [ -n "$$candidate" ] || continue; \
	    version=$$("$$candidate" -c "import sys; print(\"%d.%d\" % sys.version_info[:2])" 2>/dev/null) || continue; \
	    case "$$version" in 3.11|3.12|3.13) found="$$candidate"; break;; *) seen="$$seen $$candidate is $$version;";; esac; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "stockseq needs Python 3.11, 3.12 or 3.13, and found none:$${seen:- no python at all;} install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; \
	  fi; \
	  rm -rf $(VENV); \
	  if command -v uv >/dev/null 2>&1; then uv venv --quiet --python "$$found" $(VENV); \
	  else "$$found" -m venv $(VENV) || { echo "Python at $$found has no venv module; on Debian: apt install python3-venv" >&2; exit 1; }; fi; \
	fi; \
	echo "Installing the packages of $(1); one to three minutes the first time."; \
	if command -v uv >/dev/null 2>&1; then \
	  uv pip install --compile-bytecode --python $(BIN)/python --require-hashes -r $(1); \
	  $(if $(2),:,uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .); \
	else \
	  $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r $(1); \
	  $(if $(2),:,$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .); \
	fi'
endef

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.runtime $@

# The documentation is built in an environment of its own, which imports nothing of the product.
DOCS := .venv-docs
$(DOCS)/.docs: VENV := $(DOCS)
$(DOCS)/.docs: BIN := $(DOCS)/bin
$(DOCS)/.docs: requirements-docs.lock
	$(call install,requirements-docs.lock,alone)
	@touch $@

.PHONY: setup dev demo daily news train add remove doubts refetch promote settings backtest ablation audit exam benchmark import report why runs compare models ledger schedule unschedule doctor maintain check format test coverage test-slow campaign mutation bench bench-compare docs pictures notebooks lock help clean

setup: $(VENV)/.runtime ## Make the virtual environment from the lock
dev: $(VENV)/.dev ## The same with the developers' tools

demo: setup ## Run the whole of daily and backtest on a simulated market, offline
	@$(RECIPE) demo
daily: setup ## Fetch, score, build features, forecast the next session, score past forecasts
	@$(RECIPE) daily
news: setup ## Bring years of headlines into the store (HEADLINES="edgar alpaca" FROM=2015-01-01)
	@$(RECIPE) news
train: setup ## Train on the store's tickers and TICKERS (ONLY=1: on these alone); promote only what is better
	@$(RECIPE) train
add: setup ## Bring TICKERS into the store, for every run from now on
	@$(RECIPE) add
remove: setup ## Leave TICKERS out from now on; the store and the ledger keep what they hold
	@$(RECIPE) remove
doubts: setup ## List the bars that are held back as doubtful; ACCEPT="AAPL:2024-11-29" takes one as it is
	@$(RECIPE) doubts
refetch: setup ## Ask for the whole history of TICKERS again and show what changed
	@$(RECIPE) refetch
promote: setup ## Make MODEL the champion by hand, which its record then says
	@$(RECIPE) promote
settings: setup ## Print every setting with its description, default and value in force
	@$(RECIPE) settings
backtest: setup ## Walk-forward forecasts, statistics, the ledger backtest, the page
	@$(RECIPE) backtest
ablation: setup ## Judge layers and inputs against the plain network, a declared family (FOLDS=4 SEEDS=3)
	@$(RECIPE) ablation
audit: setup ## Prove on your own store that nothing looks ahead
	@$(RECIPE) audit
exam: setup ## Judge the whole product on simulated markets whose optimum is known (MARKETS=6)
	@$(RECIPE) exam
benchmark: setup ## Score the network by a published protocol (DATASET=stocknet FILES=...)
	@$(RECIPE) benchmark
import: setup ## Bring bars or headlines from FILE (or the folder FILES) into the store
	@$(RECIPE) import
report: setup ## Rebuild and open the page of a run (RUN_ID=..., default the newest)
	@$(RECIPE) report
why: setup ## Show what moved a forecast (RUN_ID=... TICKERS=AAPL SESSION=2021-03-04, default the newest)
	@$(RECIPE) why
runs: setup ## List the runs
	@$(RECIPE) runs
compare: setup ## Compare runs on what both forecast, with the settings that differ (RUNS="NAME latest")
	@$(RECIPE) compare
models: setup ## List every model with its numbers and state
	@$(RECIPE) models
ledger: setup ## Verify the forecast ledger and show the live record
	@$(RECIPE) ledger --verify
schedule: setup ## Let this machine run the morning by itself; shown before it is installed (AT=08:10 BY=cron YES=1)
	@$(RECIPE) schedule
unschedule: setup ## Take away what schedule installed
	@$(RECIPE) unschedule
doctor: setup ## Check Python, packages, disk, clock, store, ledger, keys and schedule, and say what to do
	@$(RECIPE) doctor
maintain: setup ## Compact the store's tables
	@$(RECIPE) maintain

check: dev ## Format, lint, types and import contracts
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
format: dev ## Format and mend what ruff can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
test: dev ## Run the tests; no network and no server needed
	@# Bytecode is kept even where the environment forbids it: each process that a test starts would compile all modules.
	@# Three workers keep two cores busy: some tests wait for servers and for the disk.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
coverage: dev ## Run the tests and report which lines they reach; takes a third longer
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered
test-slow: dev ## Run the tests that take minutes
	@$(BIN)/python -m pytest -m slow
campaign: dev ## Try thousands of faults, foes and random inputs (FAMILY=yahoo SEED=2); goes on where it stopped
	@$(BIN)/python -m tests.campaign $(if $(FAMILY),--family $(FAMILY)) $(if $(SEED),--seed $(SEED))
mutation: dev ## Change the code of prices, dataset, news and simulator bit by bit; list what no test notices
	@$(BIN)/mutmut run && $(BIN)/mutmut results
bench: dev ## Run the measurements; their figures go to bench.json
	@$(BIN)/python -m pytest -m bench -s --timeout=0
bench-compare: dev ## Tell what got slower since the figures of BASE (BASE=bench-before.json)
	@$(BIN)/python -m tests.bench.compare "$(BASE)"
docs: $(DOCS)/.docs ## Build the documentation's site into build/site, strictly; it asks no network
	@PATH="$(DOCS)/bin:$$PATH" NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet
	@$(DOCS)/bin/python docs/scripts/check_site.py build/site
pictures: dev ## Take the documentation's pictures of the demo's pages anew (after `make demo`; needs Chromium)
	@$(BIN)/python -m docs.scripts.pictures
notebooks: dev ## Run the documentation's notebooks and save what they print
	@$(BIN)/python -m docs.scripts.notebooks
lock: ## Rebuild the lock files (needs uv)
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --extra dev pyproject.toml -o requirements-dev.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url -c requirements-dev.lock pyproject.toml -o requirements.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url -c requirements-dev.lock --group docs -o requirements-docs.lock
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
clean: ## Remove the virtual environments, what was built and the demo's data
	@rm -rf $(VENV) $(DOCS) demo build mutants .coverage *.egg-info
