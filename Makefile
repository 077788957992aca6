# Two commands to start with, each doing all of its own set-up:
#   make demo     a real Manila, a user's story, embedded storage
#   make test     every check and test
# Others: setup, lint, c-test, pytest, bench, doc, clean.

PYTHON ?= python3
VENV ?= .venv
export VENV22 ?= build/venv-manila22
CONSTRAINTS = .ci/constraints.txt
PIP_FLAGS = -q --disable-pip-version-check
export PIP_NO_INPUT = 1

RUN = $(VENV)/bin/python
C_FILES = $(wildcard csrc/*/*.c csrc/*/*.h tests/c/*.[ch] tests/fuzz/*.[ch])

.PHONY: demo test setup packages venv lint c-test pytest bench doc clean
# Packages come first, and tests need the processors.
.NOTPARALLEL:

demo: setup
	$(RUN) -m tests.demo

test: setup lint c-test pytest

setup: packages venv

packages:
	@.ci/packages

# The stamp holds what the environment was made from.
venv: $(VENV)/stamp build-native

$(VENV)/stamp: pyproject.toml setup.py $(CONSTRAINTS) Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Manila 23, for the demo and the tests, needs Python 3.11 or" \
	    "later: make PYTHON=python3.11 ..." >&2; exit 1; }
	@echo "Making the virtual environment $(VENV)"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install $(PIP_FLAGS) -c $(CONSTRAINTS) pip setuptools wheel
	@mkdir -p build
	@MANILA_NATIVE_WERROR=1 $(RUN) -m pip install $(PIP_FLAGS) \
	    -c $(CONSTRAINTS) --no-build-isolation -e '.[manila,test]' \
	    > build/venv.log 2>&1 || { cat build/venv.log; exit 1; }
	@touch $@

.PHONY: build-native
build-native: $(VENV)/stamp
	@MANILA_NATIVE_WERROR=1 $(RUN) setup.py -q build_ext --inplace

lint: venv
	$(VENV)/bin/clang-format --dry-run --Werror $(C_FILES)
	$(RUN) -m ruff check -q .

c-test: packages
	$(MAKE) -s -C tests/c check
	$(MAKE) -s -C tests/c tsan
	$(MAKE) -s -C tests/fuzz check

pytest: setup $(VENV22)/stamp
	$(VENV22)/bin/python -m pytest -q tests/contract
	$(RUN) -m pytest -q tests

# The other supported Manila, for the contract tests.
$(VENV22)/stamp: $(VENV)/stamp
	@test -x $(VENV22)/bin/python || $(PYTHON) -m venv $(VENV22)
	@$(VENV22)/bin/python -m pip install $(PIP_FLAGS) \
	    -c .ci/constraints-manila22.txt 'manila>=22,<23' pytest
	@touch $@

bench: setup
	$(RUN) -m benchmarks

doc: venv
	$(RUN) -m pip install $(PIP_FLAGS) -c $(CONSTRAINTS) \
	    --no-build-isolation -e '.[doc]'
	$(RUN) -m sphinx -q -W -b html doc/source doc/build/html

clean:
	rm -rf build dist doc/build *.egg-info manila_native/*.so
