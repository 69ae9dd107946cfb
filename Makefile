# From a fresh clone to the running site: every target first makes .venv and keeps it in step with the requirements.
# PYTHON=python3.12 make run   takes another Python; it counts when .venv is made.

PYTHON ?= python3
VENV := .venv
VIEWER := static/vendor/model-viewer.min.js
ARGS ?=

.PHONY: run test check bench clean
.NOTPARALLEL:

# One simple command: behind a shell a SIGTERM to make would leave the site running.
run: $(VENV)/.installed $(VIEWER)
	@$(VENV)/bin/python -m config.run

test: $(VENV)/.installed-dev $(VIEWER)
	@$(VENV)/bin/python -m pytest $(ARGS)

# A production's environment, made up: the deploy checks mean something, and nothing is started or written.
check: export DATABASE_URL = postgresql://atelier@127.0.0.1:1/atelier
check: export REDIS_URL = redis://127.0.0.1:1/0
check: export SECRET_KEY = made-up-for-the-checks-0123456789-abcdefghijklmnopqrstuvwxyz
check: export ALLOWED_HOSTS = atelier.example
check: export PUBLIC_URL = https://atelier.example
check: export DEBUG =
check: $(VENV)/.installed-dev
	@$(VENV)/bin/python -m ruff check
	@$(VENV)/bin/python -m ruff format --check
	@$(VENV)/bin/python -m mypy
	@$(VENV)/bin/python -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@# It warns that it cannot ask a database which migrations ran; the files are what it is asked about.
	@$(VENV)/bin/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(VENV)/bin/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.installed-dev
	@$(VENV)/bin/python -m bench.run $(ARGS)

# Keeps var/: the pictures, the accounts and the database are there.
clean:
	rm -rf $(VENV) node_modules static/vendor staticfiles .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what Atelier needs into $(VENV). The first time this takes a minute or two."
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-c2pa.txt requirements-ml.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing what Atelier and its tests need into $(VENV). The first time this takes a minute or two."
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@ $(VENV)/.installed

# The one script that pip does not carry. Without npm or its registry the site runs too: 3D models then show their poster.
# The last line of the script names a map that we do not serve, and that collectstatic would look for.
$(VIEWER): package-lock.json
	@if command -v npm > /dev/null \
	  && npm ci --silent --ignore-scripts --no-audit --no-fund --omit=peer --fetch-retries=1 --fetch-timeout=20000 \
	  && mkdir -p $(@D) \
	  && sed '/^\/\/# sourceMappingURL=/d' node_modules/@google/model-viewer/dist/model-viewer.min.js > $@; \
	then :; else echo "No npm, or no registry: 3D models show their poster and cannot be turned."; fi

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Atelier needs Python 3.11 or newer; $(PYTHON) is not. Name a newer one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "$(PYTHON) could not make $(VENV). On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
