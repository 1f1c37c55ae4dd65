# Every target makes what it needs: a virtual environment in .venv with pinned packages.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# Images of Python often set this. The tests start hundreds of processes, each of which would compile
# all modules again, and pytest would rewrite the assertions of all tests again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: azurite streaming demo test test-vllm test-wheel soak rehearsal gallery docs check format bench clean

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(INSTALLED)
	$(BIN)/pagefoundry sample demo/corpus
	$(BIN)/pagefoundry run demo/recipe.yaml
	$(BIN)/pagefoundry verify demo/data
	$(BIN)/pagefoundry inspect demo/data

# Azure's emulator, for the tests of that store. They are skipped where there is no npm.
AZURITE := 3.35.0
.azurite/$(AZURITE):
	npm install --silent --no-save --prefix .azurite azurite@$(AZURITE) && touch $@ \
		|| echo "Azurite could not be installed: the tests of that store are skipped"

azurite: $(if $(shell command -v npm),.azurite/$(AZURITE),)

# The library that reads MDS shards, by itself, as it asks for older packages than those we pin. Of what
# it asks for, these are all that our own packages do not bring.
STREAMING := 0.13.0
BESIDE_STREAMING := catalogue==2.0.10 cramjam==2.14.0 python-snappy==0.7.3 zstd==1.5.7.2
.streaming/$(STREAMING): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .streaming mosaicml-streaming==$(STREAMING) $(BESIDE_STREAMING)
	touch $@

streaming: .streaming/$(STREAMING)

# Three at a time, for two cores, as many wait for Ray or for servers; dealt out by
# tests/side_by_side.py. -rs: what was skipped, and why.
test: $(INSTALLED) azurite streaming
	$(BIN)/python -m pytest --numprocesses 3 -rs $(OPTIONS)

# vLLM pins what the rest does not, so it has an environment of its own. Not compiled: the tests import
# a small part of it.
.venv-vllm/installed: pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r constraints-vllm.txt -e .
	touch $@

test-vllm: .venv-vllm/installed
	.venv-vllm/bin/python -m pytest tests/vllm

# The wheel in an environment outside the tree, which is gone afterwards.
test-wheel: $(INSTALLED)
	$(BIN)/python -m tests.packaging.wheel

# Publishes under readers, races, series of calls, ten times the examples, and mutants; then histories
# of faults from SEED on.
MINUTES ?= 60
SEED ?= 0
soak: $(INSTALLED)
	PAGEFOUNDRY_SOAK_PUBLISHES=50 PAGEFOUNDRY_RACES=20 $(BIN)/python -m pytest tests/faults/test_readers.py tests/faults/test_races.py
	PAGEFOUNDRY_SERIES=100 $(BIN)/python -m pytest tests/workers/rasterising/test_children.py
	PAGEFOUNDRY_MANY=1 $(BIN)/python -m pytest --numprocesses 2 tests/schemas tests/cluster tests/workers tests/pages
	$(BIN)/python -m tests.hostile.soak --count 10000 --seed $(SEED)
	$(BIN)/python -m tests.faults.soak --minutes $(MINUTES) --seed $(SEED)

# 20 simulated nodes of 8 GPUs: 20 GiB of memory, 20 minutes. OPTIONS=--help tells what else.
OPTIONS ?=
rehearsal: $(INSTALLED)
	$(BIN)/python -m tests.rehearsal $(OPTIONS)

# One sample of every kind, to look at: docs/gallery.html.
gallery: $(INSTALLED)
	rm -rf demo/gallery
	$(BIN)/pagefoundry run demo/gallery.yaml
	$(BIN)/pagefoundry gallery demo/gallery docs/gallery.html --each 2

# The site: build/docs/site/index.html. A link that leads nowhere is an error.
docs: $(INSTALLED)
	$(BIN)/python -m docs.generate build/docs
	$(BIN)/zensical build --strict --config-file build/docs/zensical.toml

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf .venv .venv-vllm .azurite .streaming build *.egg-info demo/corpus demo/data demo/gallery
	rm -rf examples/reader/data examples/reader/texts.jsonl examples/reader/state.pt
