# `make rehearse` and `make test` do all their own set-up on a fresh Debian or Ubuntu machine.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup doctor rehearse test lint fast bench soak clean
# The pinned node before the machine's own.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SUDO := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=PATH env "PATH=$(PATH)")
UV := uv==0.13.9
SUBJECT := door
MINUTES := 30
# Tests that need root, a world of the rehearsal or a room: one at a time has the machine. The others share its cores.
ALONE := $(addprefix tests/,rehearsal/cli rehearsal/first_boot rehearsal/inside rehearsal/outside rehearsal/story door page adopted doctor/test_before.py migrate/test_migrate.py)
BESIDE := --numprocesses 2 tests $(addprefix --ignore ,$(ALONE))
# Arguments of the doctor, such as: make doctor ARGS='-c domain_name=registry.example.com'
ARGS :=

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/ready node_modules/ready ## everything the commands below need

.venv/ready: requirements-dev.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version)'
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { $(SUDO) apt-get update -qq; $(SUDO) apt-get install -y -qq --no-install-recommends python3-venv; }
	@[ -x .venv/bin/uv ] || { python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check $(UV); }
	@echo "Installing the pinned Python packages, node and Go included …"
	@VIRTUAL_ENV=.venv .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes --requirements requirements-dev.txt
	@touch $@

node_modules/ready: package-lock.json .venv/ready
	@echo "Installing the pinned CDK command line …"
	@.venv/bin/npm ci --silent --no-fund --no-audit
	@touch $@

doctor: setup ## what would make `cdk deploy` fail in your AWS account, what is wrong with what runs, and what it costs
	@.venv/bin/python -m doctor $(ARGS)

rehearse: setup ## the whole product on this machine, with no AWS account: deploy, certificate, push, pull, update, destroy
	$(SUDO) .venv/bin/python -m rehearsal

lint: setup ## ruff, mypy and shellcheck
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/shellcheck $$(git ls-files | xargs grep -lE '^#!/usr/bin/env bash')

fast: lint ## lint and every test that needs neither root nor minutes
	.venv/bin/pytest -q $(BESIDE)

test: lint ## everything, the rehearsal included (which needs root; without it, it is skipped and says so)
	$(SUDO) .venv/bin/pytest $(BESIDE)
	$(SUDO) .venv/bin/pytest $(ALONE)

bench: setup ## the front door beside other registries, or another SUBJECT=… of `python -m bench`: bench/RESULTS.md
	$(SUDO) .venv/bin/python -m bench $(SUBJECT)

soak: setup ## clients push and pull for MINUTES=30 while everything is killed; then every acknowledged push is pulled back
	$(SUDO) .venv/bin/python -m bench soak --minutes $(MINUTES)

clean: ## remove what the commands above made in this folder
	rm -rf .venv .checkov node_modules cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis
