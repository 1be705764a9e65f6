# SPDX-License-Identifier: Apache-2.0
# The front door. `make help` lists what there is.

SHELL := /bin/sh
PREFIX ?= /usr/local
SWIFT ?= swift
UNAME := $(shell uname -s)
BIN := .build/release
DEBUG := .build/debug
FUZZ_SECONDS ?= 60
DATA ?= ../shared/data/injection

# The hook starts for every tool call, so it carries no dynamic linking. Darwin has no static executables.
ifeq ($(UNAME),Linux)
HOOK_FLAGS := --static-swift-stdlib -Xswiftc -static-executable
else
HOOK_FLAGS :=
endif

.DEFAULT_GOAL := help
.PHONY: help setup build hook install uninstall demo test golden lint fmt bench fuzz check resources model clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the system libraries (RE2, Hyperscan or Vectorscan, SQLite) when one is missing
	@Tools/setup

hook:
	@Tools/setup --quiet
	@echo 'building writ-hook (static)'
	@$(SWIFT) build -c release --product writ-hook $(HOOK_FLAGS) --scratch-path .build-hook

build: hook ## build writ and writ-hook in release into .build/release
	@echo 'building writ (release)'
	@$(SWIFT) build -c release --product writ
	@cp -f .build-hook/release/writ-hook $(BIN)/writ-hook

install: build ## install both executables under PREFIX (/usr/local)
	@install -d $(DESTDIR)$(PREFIX)/bin
	@install -m 755 $(BIN)/writ $(BIN)/writ-hook $(DESTDIR)$(PREFIX)/bin/
	@echo 'installed writ and writ-hook in $(DESTDIR)$(PREFIX)/bin'

uninstall: ## remove both executables from PREFIX
	@rm -f $(DESTDIR)$(PREFIX)/bin/writ $(DESTDIR)$(PREFIX)/bin/writ-hook

demo: build ## guard a scripted agent in a poisoned repository, with the real hook, daemon and ledger
	@Tools/demo $(BIN)

test: hook ## build and run all tests
	@echo 'building the tests'
	@$(SWIFT) build --build-tests
	@cp -f .build-hook/release/writ-hook $(DEBUG)/writ-hook
	@$(SWIFT) test --skip-build

golden: test ## rewrite the golden files; read the difference before you commit it
	@WRIT_GOLDEN=rewrite $(SWIFT) test --skip-build

lint: ## check format, embedded resources and forbidden constructs
	@$(SWIFT) format lint --strict --parallel --recursive Sources Tests Benchmarks/Sources Fuzz Tools Package.swift
	@Tools/embed-resources --check

fmt: ## format all sources in place
	@$(SWIFT) format --in-place --parallel --recursive Sources Tests Benchmarks/Sources Fuzz Tools Package.swift

bench: build ## measure hook, cold start, decision, policy engine and memory, and compare with the recorded limits
	@Benchmarks/run $(BIN)

fuzz: ## run every fuzz target for FUZZ_SECONDS (60)
	@Fuzz/run $(FUZZ_SECONDS)

model: ## train the injection weights anew from labelled data in DATA (../shared/data/injection); REPORT=leave-one-source-out only reports
	@$(SWIFT) build -c release --product writ-model
	@$(BIN)/writ-model $(DATA) leave-one-source-out $(if $(REPORT),,train)

resources: ## list the embedded files anew after adding or removing one
	@Tools/embed-resources

check: test lint ## what CI runs

clean: ## remove everything that was built
	@rm -rf .build .build-*
