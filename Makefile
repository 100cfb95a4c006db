# `make study` and `make test` set up everything that they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2
# What CI runs: make test TIER="not slow"
TIER ?= not slow and not integration

# Every folder of results/, as experiment:dataset or experiment:dataset:profile. They share trained models, so the order
# matters for the time.
RUNS ?= \
  sampling_strategies:digits training_length:digits latent_maps:digits kl_per_dimension:digits gap_ladder:digits \
  posterior_gap:digits learned_priors:digits gap_ladder:mnist reconstruction_weight:mnist decoder_noise:mnist \
  learned_priors:mnist memorisation:mnist training_size:mnist conditional:mnist gan_baseline:mnist \
  posterior_gap:mnist linear_ground_truth:mnist binarised_mnist:mnist latent_maps:mnist kl_per_dimension:mnist \
  single_latent:mnist two_datasets:mnist published_contradiction:mnist architectures:mnist latent_dimension:mnist \
  sampling_strategies:mnist:paper sampling_strategies:fashion-mnist:paper latent_maps:fashion-mnist \
  posterior_gap:fashion-mnist single_latent:fashion-mnist gap_ladder:fashion-mnist learned_priors:fashion-mnist \
  reconstruction_weight:fashion-mnist sampling_strategies:colour-patches reconstruction_weight:colour-patches \
  kl_per_dimension:colour-patches posterior_gap:colour-patches gap_ladder:colour-patches gan_baseline:colour-patches \
  latent_dimension:colour-patches decoder_noise:colour-patches sequences:co2 sequences:etth1

.PHONY: study test test-slow check results clean
.DELETE_ON_ERROR:

study: $(VENV)/.installed
	$(BIN)/study run sampling_strategies --profile quick

test: $(VENV)/.installed-for-tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "$(TIER)"

test-slow: $(VENV)/.installed-for-tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

check: $(VENV)/.installed-for-tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# What is done already is read from the store; one folder alone: make results RUNS=gap_ladder:mnist
results: $(VENV)/.installed
	set -e; for run in $(RUNS); do set -- $$(echo $$run | tr : ' '); \
	  $(BIN)/study run $$1 --dataset $$2 --profile $${3:-default}; done
	$(BIN)/python -m experiments.benchmarks.spectra
	$(BIN)/python -m experiments.benchmarks.audit
	$(BIN)/study claims
	$(BIN)/study index

clean:
	rm -rf $(VENV) .study

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-for-tests: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.installed
