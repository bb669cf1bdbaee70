# The commands of this project; `make help` lists them. Each sets up what it needs: Python >= 3.11, make and git suffice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The lock holds for Linux on x86-64; elsewhere pip resolves the ranges of pyproject.toml.
ifeq ($(shell uname -s)-$(shell uname -m),Linux-x86_64)
CONSTRAINTS := --constraint requirements.lock
endif

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help replicate test lab report book test-browser lock clean
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

replicate: $(VENV)/.installed  ## run every notebook in its default profile, write the report, say whether the conclusions agree with the committed ones
	$(BIN)/python -m replication run all --profile default
	$(BIN)/python -m replication report --results results/local
	$(BIN)/python -m replication compare

test: $(VENV)/.installed-test  ## lint and all tests, among them every notebook in its smoke profile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lab: $(VENV)/.installed  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

report: $(VENV)/.installed  ## regenerate results/CLAIMS.md and the tables of README.md from the committed results
	$(BIN)/python -m replication report

book: $(VENV)/.installed-book  ## build the book into docs/_build/html; a warning, a dead link or a missing image is an error
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build/html
	@echo "docs/_build/html/index.html"

test-browser: $(VENV)/.installed-browser book  ## open the book, and every notebook in JupyterLab, in Chromium (apt-get install chromium)
	$(BIN)/python -m pytest tests/browser

lock: $(VENV)/.installed  ## resolve pyproject.toml anew into requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade --no-header --no-annotate --quiet --output-file requirements.tmp
	@{ sed -n '/^#/p' requirements.lock; \
	   sed "s/ and platform_machine == 'x86_64' and sys_platform == 'linux'//; s/ ; platform_machine == 'x86_64' and sys_platform == 'linux'//" requirements.tmp; } > requirements.new
	@rm requirements.tmp && mv requirements.new requirements.lock

clean:  ## remove the virtual environment, the local results and the built book
	rm -rf $(VENV) results/local docs/_build docs/generated

# One marker file per set of packages: make installs again only when the requirements change.
$(VENV)/.installed: pyproject.toml requirements.lock
	$(call install,.[cluster$(comma)experiments$(comma)metis$(comma)sentence-transformers])
	@touch $@

$(VENV)/.installed-test: pyproject.toml requirements.lock
	$(call install,.[cluster$(comma)experiments$(comma)metis$(comma)test])
	@touch $(VENV)/.installed $@

$(VENV)/.installed-book: pyproject.toml requirements.lock
	$(call install,.[experiments$(comma)metis$(comma)book])
	@touch $(VENV)/.installed $@

$(VENV)/.installed-browser: pyproject.toml requirements.lock
	$(call install,.[experiments$(comma)metis$(comma)book$(comma)browser$(comma)test])
	@touch $(VENV)/.installed $(VENV)/.installed-book $(VENV)/.installed-test $@

comma := ,

define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python >= 3.11 is needed; $(PYTHON) is " + sys.version.split()[0] + " (set PYTHON=...)")'
	@test -n "$(CONSTRAINTS)" || echo "No lock for this platform: installing from the ranges in pyproject.toml."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about 6 GB on Linux) ..."
	@$(BIN)/python -m pip install --quiet $(CONSTRAINTS) --editable "$(1)"
endef
