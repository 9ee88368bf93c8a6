# Each target sets up what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help cpu set-up book live serve lab demo numbers shots test alone links clean

CHAPTERS ?= --all
SYSTEM_PYTHON ?= $(shell command -v python3 || command -v python)
PYTHON := .venv/bin/python
PORT ?= 8000
NOTEBOOKS := $(wildcard book/*.ipynb)
BOOK := _build/html/index.html

help:
	@echo "make book    build the book (warnings are errors) and say where it is"
	@echo "make live    fetch what the live page runs its model with (needs Node; the book builds without)"
	@echo "make serve   serve the built book on http://localhost:$(PORT)"
	@echo "make lab     open the notebooks in JupyterLab"
	@echo "make demo    train, score and predict in about a minute, and write a page to look at"
	@echo "make numbers write the measured numbers of the prose again from book/results"
	@echo "make shots   picture every built page, wide and narrow, light and dark"
	@echo "make test    style, unit, property, page and notebook tests"
	@echo "make alone   run each chapter in an empty folder and a new environment, as on Colab (CHAPTERS=\"--chapter 03\": one)"
	@echo "make links   ask every address in the book, and every host of data, whether it still answers"
	@echo "make cpu     before the first set-up, where pip would choose a build of PyTorch for GPUs: the one without"
	@echo "make clean   remove what was built (the environment in .venv stays)"

cpu:
	@"$(SYSTEM_PYTHON)" tools/set_up.py --venv-only
	$(PYTHON) -m pip install --quiet uv -c constraints.txt
	$(PYTHON) -m uv pip install --quiet --python $(PYTHON) --torch-backend cpu torch -c constraints.txt

set-up:
	@test -n "$(SYSTEM_PYTHON)" || { echo "set-up: no Python was found: install Python 3.11 or newer, then run this again." >&2; exit 1; }
	@"$(SYSTEM_PYTHON)" tools/set_up.py

book: set-up
	$(PYTHON) .venv/bin/jupyter-book build book --config _config.yml --path-output . -W -n --keep-going
	@echo "The book is built: open $(CURDIR)/$(BOOK)"

live:
	@command -v npm >/dev/null || { echo "live: npm was not found: install Node 20 or newer; without it the live page asks a CDN." >&2; exit 1; }
	cd tools/live && npm ci --prefer-offline --no-audit --no-fund --fetch-retries=1

serve: book
	@echo "The book is at http://localhost:$(PORT) (Ctrl-C stops)"
	@$(PYTHON) -m http.server $(PORT) --bind localhost --directory _build/html

lab: set-up
	$(PYTHON) -m jupyterlab book

demo: set-up
	$(PYTHON) experiments/demo.py

numbers: set-up
	@$(PYTHON) tools/refresh_numbers.py
	@$(PYTHON) tools/check_numbers.py

shots: book
	$(PYTHON) tools/screenshots.py

test: set-up
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 --dist loadgroup tests
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 --dist loadfile --nbval --nbval-current-env $(NOTEBOOKS)

alone: set-up
	$(PYTHON) tools/run_chapters_alone.py $(CHAPTERS)

links: set-up
	$(PYTHON) tools/check_links.py

clean:
	rm -rf _build tools/live/node_modules .pytest_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
