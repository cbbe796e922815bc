# Two commands set everything up on a machine that has Python 3.11 or later: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
INSTALLED := $(VENV)/.installed

.PHONY: demo test quick check notebooks docs clean

$(INSTALLED): setup.py pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "keras_vision needs Python 3.11 or later; set PYTHON=/path/to/it"; exit 2; }
	@# Without python3-venv, Debian's venv fails half-way: python is there, pip is not. Only what was made here goes.
	@test -e $(VENV) || is_new=yes; \
		$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv $(VENV) || { \
		test -z "$$is_new" || rm -rf $(VENV); \
		echo "$(PYTHON) cannot make $(VENV); on Debian and Ubuntu: apt-get install python3-venv"; exit 2; }
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(INSTALLED)  ## find a VGG that classifies 90% of Fashion-MNIST
	$(VENV)/bin/python tools/demo.py

test: $(INSTALLED)  ## run the tests
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal

quick: $(INSTALLED)  ## run those that take no longer than about a second
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal -m "not slow"

check: $(INSTALLED)  ## lint, formatting and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

notebooks: $(INSTALLED)  ## run the notebooks of the documentation, and keep what they show
	$(VENV)/bin/python tools/notebooks.py

docs: $(INSTALLED)  ## the documentation site, in build/docs; a warning or a dead link is an error
	$(VENV)/bin/python tools/docs_pages.py build/docs-source
	$(VENV)/bin/zensical build --strict --clean --config-file mkdocs.yml

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
