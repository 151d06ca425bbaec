# Two commands do it all: `make talk` and `make test`. `make help` lists the others.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SAMPLE := examples/sample.wav
REPLY := sample-reply.wav

.DEFAULT_GOAL := help
.PHONY: help talk setup lint check test test-full test-random bench sound-card smart-turn turn-reader clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

$(BIN)/python:
	@echo "==> making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "localvoice needs Python 3.11 or later: make PYTHON=python3.12 talk"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "no venv module: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.base: $(BIN)/python pyproject.toml
	@echo "==> installing localvoice and its packages (about 400 MB, half a minute on a fast line)"
	@$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@echo "==> installing what the tests need"
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $@

setup: $(VENV)/.base ## the virtual environment, without starting anything

talk: $(VENV)/.base ## start the assistant
	@sh scripts/ensure_portaudio.sh
	@echo "==> localvoice talk (Ctrl-C ends it)"
	@code=0; \
	if [ -t 0 ]; then $(BIN)/localvoice talk || code=$$?; else $(BIN)/localvoice talk </dev/null || code=$$?; fi; \
	case $$code in \
	  130) code=0 ;; \
	  4) echo "==> no sound card here: the same conversation from a file, $(SAMPLE), answered into $(REPLY)"; \
	     code=0; $(BIN)/localvoice talk --input $(SAMPLE) --output $(REPLY) </dev/null || code=$$? ;; \
	esac; exit $$code

check: lint ## formatting, lint, layers and types
	@echo "==> mypy"
	@$(BIN)/mypy --no-error-summary

lint: $(VENV)/.dev # what a second or two can tell
	@echo "==> ruff, import-linter"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo >.import_linter.log 2>&1 || { cat .import_linter.log; exit 1; }
	@rm -f .import_linter.log

sound-card: # a virtual sound card for the device tests, where apt may be used
	@sh scripts/ensure_sound_card.sh

smart-turn: $(VENV)/.dev # the model that tests and benchmarks hear with, where it can be fetched
	@sh scripts/ensure_smart_turn.sh $(BIN)/python

turn-reader: $(VENV)/.dev ## a language model for two of the tests and a benchmark (93 MB)
	@sh scripts/ensure_turn_reader.sh $(BIN)/python

test: lint sound-card smart-turn ## everything this machine can test
	@echo "==> tests"
	@sh scripts/run_tests.sh $(BIN)/python

test-full: check sound-card smart-turn turn-reader ## the same with the extras `full` (compiles llama-cpp-python, installs torch)
	@$(PIP) install --quiet --editable '.[full,dev]'
	@TYPES=no sh scripts/run_tests.sh $(BIN)/python

test-random: $(VENV)/.dev ## long random conversations in virtual time
	@$(BIN)/python -m pytest -q -m random --timeout 3000

bench: $(VENV)/.dev sound-card ## starters, echo, turns, sound card and engines measured on this machine (half an hour; needs flite and espeak-ng)
	@$(BIN)/python benchmarks/starters/recogniser.py --voices 1
	@$(BIN)/python -m benchmarks.audio.echo --rooms 8
	@$(BIN)/python -m benchmarks.turns.endpoints
	@$(BIN)/python -m benchmarks.turns.overlaps
	@$(BIN)/python benchmarks/audio/device_gaps.py --seconds 20 --cuts 10
	@$(BIN)/python -m benchmarks.engines.language_model
	@$(BIN)/python -m benchmarks.engines.speech
	@$(BIN)/python -m benchmarks.engines.word_times
	@$(BIN)/python -m benchmarks.stt.partials

clean: ## remove what was made here, models excepted
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(REPLY)
