# `make train` and `make test` need no other setup. All targets: `make help`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Modules are compiled when they are first imported: most installed modules never are (--no-compile).
# With PYTHONDONTWRITEBYTECODE, every process would compile PyTorch again.
unexport PYTHONDONTWRITEBYTECODE
PIP_INSTALL := $(BIN)/pip install --quiet --no-compile --constraint constraints.txt
RUN    := runs/first_$(shell date +%Y-%m-%d_%H-%M-%S)

.DEFAULT_GOAL := help

$(STAMP): pyproject.toml models/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "rnn-codec needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) torch
	$(PIP_INSTALL) --editable '.[dev]' --editable ./models
	@touch $@

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(STAMP) ## Create .venv with the pinned versions

.PHONY: train
train: $(STAMP) ## Train on photographs from installed packages, compare with other codecs (minutes)
	$(BIN)/rnn-codec train experiment=first_run output=$(RUN)
	$(BIN)/rnn-codec evaluate model=$(RUN) data=photos beside=[jpeg_420,webp,jpeg2000,avif]

.PHONY: test
test: $(STAMP) ## Lint, check types, run all tests
	$(MAKE) --jobs 2 lint pytest

.PHONY: lint
lint: $(STAMP) ## Lint and check types, without tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Tests in a file share slow fixtures: `worksteal` keeps neighbouring tests on one worker.
.PHONY: pytest
pytest: $(STAMP) ## Run all tests, without lint and type checks
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal --durations=25

.PHONY: quick
quick: $(STAMP) ## Lint, check types, run the quick tests (before every commit)
	$(MAKE) --jobs 2 lint quick-tests

.PHONY: quick-tests
quick-tests: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal -m "not slow and not browser and not processes"

.PHONY: kodak
kodak: $(STAMP) ## Download the 24 Kodak images into datasets/kodak and check them
	$(BIN)/rnn-codec kodak $(OPTIONS)

.PHONY: baselines
baselines: $(STAMP) ## Measure the classic codecs on Kodak, in hours: results/baselines/
	for codec in jpeg_420 jpeg_444 webp jpeg2000 avif avif_444 avif_slow avif_444_slow; do \
		$(BIN)/rnn-codec evaluate codec=$$codec data=kodak beside=[] \
			output=results/baselines/$$codec $(OPTIONS) || exit 1; \
	done

.PHONY: bench-models
bench-models: $(STAMP) ## Time the models of both packages: results/bench/models/
	$(BIN)/rnn-codec bench what=models $(OPTIONS)

.PHONY: ablation-table
ablation-table: $(STAMP) ## Compare all records in results/ in a table: results/ablation.md, .csv, .tex
	$(BIN)/rnn-codec table $(OPTIONS)

.PHONY: tables
tables: $(STAMP) ## Generate the tables in README.md, docs/ and results/README.md from records and conf/
	$(BIN)/python docs/tables

.PHONY: docs
docs: tables ## Build the manual as a site, with warnings as errors: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: report
report: $(STAMP) ## Show the records in results/ on an interactive page: results/report/index.html
	$(BIN)/rnn-codec report $(OPTIONS)

.PHONY: test-slurm
test-slurm: $(STAMP) ## Run tests on a one-node Slurm cluster on this machine (installs Slurm; needs root)
	OMP_NUM_THREADS=1 tests/slurm/run.sh $(BIN)/pytest tests/slurm/by_hand.py

.PHONY: bench-commands
bench-commands: $(STAMP) ## Time compress and decompress, startup included: results/bench/commands/
	$(BIN)/rnn-codec bench what=commands $(OPTIONS)

.PHONY: bench-peers
bench-peers: $(STAMP) ## Time commands of this and other codecs side by side: results/bench/peers/ (installs none)
	$(BIN)/rnn-codec bench what=peers rates=[0.25,0.5,1,2] $(OPTIONS)
	$(BIN)/rnn-codec bench what=peers rates=[0.25,0.5,1,2] least_pixels=12000000 repetitions=1 \
		output=results/bench/peers_12_megapixels $(OPTIONS)

.PHONY: bench
bench: $(STAMP) ## Time training and coding of every cell: results/bench/networks/
	$(BIN)/rnn-codec bench $(OPTIONS)

.PHONY: fuzz
fuzz: $(STAMP) ## Fuzz the parser and the entropy decoder for ten minutes (installs atheris)
	$(BIN)/pip install --quiet atheris
	mkdir -p runs/fuzz
	$(BIN)/python tests/fuzz.py -max_total_time=600 -max_len=400 -artifact_prefix=runs/fuzz/ $(OPTIONS)

.PHONY: damage
damage: $(STAMP) ## Change 100,000 files at random: no change may go unnoticed (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.damage $(OPTIONS)

.PHONY: sizes
sizes: $(STAMP) ## Compress and decompress pictures of every size from 1x1 to 70x70 (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.sizes

.PHONY: independent
independent: $(STAMP) ## Score the recorded files of one rate by other implementations (minutes, needs Kodak)
	$(BIN)/python -m tests.independent

.PHONY: clean
clean: ## Remove .venv and the caches; keep runs
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
