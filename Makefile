# `make` lists the targets. All paths are relative to this file's folder, so a clone may lie anywhere.

PYTHON ?=
RUN := .venv/bin/python
COMPILE := $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
SHELL_FILES := $(wildcard scripts/*.sh .ci/run)
WORKFLOWS := $(wildcard .github/workflows/*.yml)
DOCKERFILES := $(wildcard Dockerfile .devcontainer/Dockerfile)

export PYTHON
# What the shell holds for another Python.
unexport PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev up down status logs clean-stack demo bench bench-long bench-large bench-compare test e2e slow faults storm upgrades soak soak-kills unit test-tools check lint format types audit \
	docs dashboards pictures requirements

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: ## install what runs: packages, Java if there is none, jars; create .env
	@scripts/setup.sh

setup-dev: ## install the tools for make check too
	@scripts/setup.sh dev

up: setup ## start PostgreSQL, Kafka and Airflow in the background; the stream runs
	@$(RUN) main.py stack up

down: $(RUN) ## stop them; the data stay
	@$(RUN) -m stack down

status: $(RUN) ## show what runs, how the stream does, the last hours and checks
	@$(RUN) -m stack status

logs: $(RUN) ## show the ends of their logs
	@$(RUN) -m stack logs

clean-stack: $(RUN) ## stop them and DELETE all their data
	@$(RUN) -m stack clean

$(RUN):
	@scripts/setup.sh

demo: setup ## the whole way once: simulate, stream, compare with the ground truth, report
	@$(RUN) main.py demo

bench: setup ## measure the stream beside hand-written consumers, plain COPY, without alarms: 45 minutes; bench.json, bench.svg
	@$(RUN) main.py bench --json bench.json --plot bench.svg

bench-long: setup ## the same, ten minutes per rate and over a large table: hours; bench-long.json, bench-long.svg
	@$(RUN) main.py bench --long --json bench-long.json --plot bench-long.svg

bench-large: setup ## stream, hourly job, page and Grafana beside 50 M other readings: 25 GB of disk; bench-large.json
	@$(RUN) main.py bench large --table-rows 50000000 --json bench-large.json

bench-compare: setup ## which figures moved since a commit: make bench-compare BASE=COMMIT
	@$(RUN) -m tools.bench.compare "$(or $(BASE),HEAD~1)" HEAD

test: setup-dev test-tools ## unit tests, and integration tests on real servers; not the slow ones
	$(RUN) -m pytest tests/ -m "not slow and not e2e and not faults and not upgrades" -n 3 --dist worksteal

e2e: setup-dev test-tools ## whole stacks with Airflow, killed, stalled, read in a browser; a Spark cluster
	$(RUN) -m pytest tests/ -m "e2e and not slow" -n 2 --dist loadfile

slow: setup-dev test-tools ## the tests that take long
	$(RUN) -m pytest tests/ -m slow

unit: setup-dev ## the tests that need no server
	$(RUN) -m pytest tests/ -m "not integration and not slow and not faults and not upgrades"

# CHOICE="copy or clock" runs those whose names hold one of these words.
faults: setup-dev ## break one part after the other under traffic, and account for every record: 40 minutes
	@scripts/install-test-tools.sh faults
	$(RUN) -m pytest tests/faults -m faults -p no:randomly $(if $(CHOICE),-k "$(CHOICE)")

# PLAN=FILE runs the actions of a file; WITHOUT=fence takes the fence out of the stream, to see that the storm notices.
storm: setup-dev ## random faults and commands by seed, against a model: make storm SEED=gale MINUTES=30
	$(RUN) -m tests.storm $(if $(SEED),--seed "$(SEED)") $(if $(MINUTES),--minutes "$(MINUTES)") \
		$(if $(PLAN),--plan "$(PLAN)") $(if $(WITHOUT),--without "$(WITHOUT)") $(if $(NO_SHRINK),--no-shrink)

# CHOICE="0.4.0 or empty" runs those whose names hold one of these words.
upgrades: setup-dev ## from earlier versions to this one and back, under traffic: 20 minutes, the first time some more
	$(RUN) -m pytest tests/upgrades -m upgrades -p no:randomly $(if $(CHOICE),-k "$(CHOICE)")

soak: setup-dev ## an hour of traffic, a fault every few minutes: is memory flat? make soak MINUTES=60 RATE=2000; soak.jsonl, soak.svg
	$(RUN) -m tests.soak hour $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(RATE),--rate "$(RATE)")

soak-kills: setup-dev ## 20 M records while processes and servers are killed: make soak-kills RECORDS=20000000 SEED=1; 14 GB of disk
	$(RUN) -m tests.soak kills $(if $(RECORDS),--records "$(RECORDS)") $(if $(SEED),--seed "$(SEED)")

test-tools: # Chromium and Docker's own Compose, where they are missing
	@scripts/install-test-tools.sh

check: lint types test e2e ## what CI runs

lint: setup-dev node_modules/.package-lock.json ## style of Python, JavaScript, SQL, shell, Dockerfile and workflows; the contract
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	node_modules/.bin/biome lint --error-on-warnings
	node tools/contract/validate.mjs docs/contract/asyncapi.yaml
	$(RUN) -m sqlfluff lint --disable-progress-bar include grafana/queries
	.venv/bin/shellcheck $(SHELL_FILES)
	$(if $(DOCKERFILES),.venv/bin/hadolint $(DOCKERFILES))
	$(if $(WORKFLOWS),.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS))

# What checks the page's JavaScript and the contract; nothing of it is served.
node_modules/.package-lock.json: package-lock.json
	@scripts/install-node-tools.sh

format: setup-dev ## rewrite Python and SQL in the house style
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .
	$(RUN) -m sqlfluff fix --disable-progress-bar include grafana/queries

types: setup-dev ## mypy, strict
	$(RUN) -m mypy

# An advisory that is looked into and does not concern us is named here, with the reason, by --ignore-vuln.
audit: setup-dev ## look up every pinned package in PyPI's vulnerability data
	$(RUN) -m pip_audit --strict --disable-pip --require-hashes -r requirements.txt -r requirements-dev.txt \
		-r requirements-java.txt -r requirements-uv.txt

docs: setup-dev ## write docs/dags.md anew from the workflows, and docs/contract from the sources
	$(RUN) -m tools.dag_docs
	$(RUN) -m tools.contract

dashboards: setup-dev ## write Grafana's dashboards and alert rules anew from tools/grafana and grafana/queries
	$(RUN) -m tools.grafana

pictures: setup-dev ## take the pictures of the documents anew, in the machine's chromium
	$(RUN) -m tools.pictures

requirements: setup ## compile the hashed requirements*.txt anew from the *.in
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(COMPILE) requirements-java.in -o requirements-java.txt
	$(COMPILE) requirements-uv.in -o requirements-uv.txt
