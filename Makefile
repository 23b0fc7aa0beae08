# Redline's commands. `make demo` and `make test` set up whatever they need; see README.md.
PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
TESTS := $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder
PORT ?= 8000
export PYTHONDONTWRITEBYTECODE :=  # compiled once, not by each of the many processes that tests start
SOURCES := kb procedures review search tests manage.py
# Debian packages (PRINTING: what PDFs need), installed where apt and rights allow, quietly left out otherwise.
PRINTING := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk
debian = @dpkg -s $(1) >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); } >/dev/null 2>&1 || true
PIP := $(BIN)/pip install --quiet --no-compile --disable-pip-version-check --require-hashes

.PHONY: setup demo run test test-browser test-faults test-postgresql test-elasticsearch check bench translations lock

# pip installs uv, and uv the rest in seconds; pip does it all where uv cannot (only pip may know the index).
.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	awk '/^[^ #]/ { found = /^uv==/ } found' requirements.lock | $(PIP) -r /dev/stdin
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock || $(PIP) -r requirements.lock
	touch $@

kb/locale/zh_Hans/LC_MESSAGES/django.mo: kb/locale/zh_Hans/LC_MESSAGES/django.po .venv/installed
	@$(BIN)/pybabel -q compile -i $< -o $@
setup: .venv/installed kb/locale/zh_Hans/LC_MESSAGES/django.mo

demo: setup  # everything from nothing: database, static files, demo content, then the server
	$(call debian,$(PRINTING))
	$(MANAGE) migrate --verbosity 0 && $(MANAGE) collectstatic --noinput --verbosity 0 && $(MANAGE) demo --port $(PORT)
	$(MAKE) --no-print-directory run
run: setup
	$(BIN)/gunicorn -c python:kb.gunicorn --bind 127.0.0.1:$(PORT) --workers 2

test: setup  # what could not run is said at the end
	$(call debian,$(PRINTING))
	$(TESTS) -m "not browser and not faults"

test-elasticsearch: setup  # the contract of the search, and its faults, on a real node that the tests start
	$(if $(and $(shell command -v java),$(shell command -v mvn)),,$(call debian,default-jre-headless maven))
	$(BIN)/python -m pytest -m elasticsearch tests/integration/search

test-browser test-faults: setup  # the running site in Chromium; processes killed, files damaged, many at once
	$(call debian,$(PRINTING) $(if $(shell command -v chromium),,chromium))
	$(TESTS) -m $(@:test-%=%)

test-postgresql: setup  # the same tests as `make test` against the server that DATABASE_URL names
	@test -n "$$DATABASE_URL" || { echo "Set DATABASE_URL, e.g. postgres://redline:PASSWORD@127.0.0.1:5432/redline"; exit 2; }
	$(TESTS) -m "not browser and not corpora"

check: setup
	$(BIN)/ruff check $(SOURCES) && $(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy && $(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run && $(MANAGE) check --fail-level WARNING
	$(MANAGE) translations check && $(BIN)/python docs/check.py
bench: setup
	$(BIN)/python -m tests.bench
translations: setup
	$(MANAGE) translations update
lock: setup
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-header --no-emit-index-url -q -o requirements.lock
