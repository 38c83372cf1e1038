# The tasks of the project. CI runs the same ones: see .ci/run.

# The version that the program reports: the nearest tag, else the commit.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The version comes from the line above, so Go need not ask git as well. In a
# container that would fail when the checkout belongs to another user.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
# DuckDB is C++.
export CGO_ENABLED := 1

LDFLAGS := -s -w -X main.version=$(VERSION)

# Packages tested at the same time; each may run PostgreSQL or a browser.
TEST_PACKAGES ?= 2
TEST_TIMEOUT ?= 30m
# Where they write; asked when a task needs it.
TEST_FOLDER = TMPDIR="$$(scripts/test-folder)"

GOLANGCI_VERSION := v2.15.0
GOLANGCI := bin/golangci-lint-$(GOLANGCI_VERSION)

.PHONY: help build run demo generate test test-cells test-deps test-types test-postgres-matrix lint format check-generated idle bench faults mutants clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-20s %s\n", $$1, $$2}'

build: ## Build bin/leat
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/leat ./cmd/leat

run: ## Serve on 127.0.0.1:8080, with the data in ./leat-data
	go run -ldflags '$(LDFLAGS)' ./cmd/leat serve

demo: ## Load sample data through one flow and serve the pages
	go run -ldflags '$(LDFLAGS)' ./cmd/leat demo

generate: ## Write the Go code of the templ files
	go tool templ generate -path ui -log-level warn

test-deps: ## Install PostgreSQL, Chromium and the OpenSSH server for the tests (Debian)
	scripts/install-test-deps

test: test-deps ## Run every test, with samples of the large tables of tests
	$(TEST_FOLDER) go test -p $(TEST_PACKAGES) -timeout $(TEST_TIMEOUT) ./...

test-cells: test-deps ## Run every test, with all cells of the large tables of tests
	$(TEST_FOLDER) LEAT_TEST_CELLS=all go test -count=1 -p $(TEST_PACKAGES) -timeout $(TEST_TIMEOUT) ./...

# LEAT_TEST_SEED draws other tables.
test-types: ## Compare 300 drawn tables of every PostgreSQL type at source and target
	$(TEST_FOLDER) LEAT_TEST_SCHEMAS=300 go test -count=1 -run 'TypesDifferential|EveryTypeDifferential' -timeout $(TEST_TIMEOUT) ./connectors/postgres

test-postgres-matrix: ## Test the PostgreSQL connector on the oldest to the newest server
	$(TEST_FOLDER) scripts/postgres-matrix $(POSTGRES_VERSIONS)

lint: $(GOLANGCI) ## Check style and the common mistakes
	$(GOLANGCI) run ./...

format: $(GOLANGCI) ## Format the Go code the way lint wants it
	$(GOLANGCI) fmt ./...

check-generated: ## Fail when generated code is not what the templ files say
	scripts/check-generated

idle: build ## Measure the memory of a server that has nothing to do; at most 60 MiB
	scripts/idle-memory bin/leat

bench: ## Measure the speed of loads against psql and print the ratios
	go run ./cmd/leat-bench

# Without a package named, go test prints the report of a passing test as well.
faults: test-deps ## Kill, pause and cut runs at every step, and count the rows (half an hour)
	$(TEST_FOLDER) LEAT_TEST_CELLS=all go test -C internal/faults -tags 'faults crashpoints' -parallel 10 -timeout 120m

mutants: test-deps ## Break the safety code line by line; every break must turn a test red
	$(TEST_FOLDER) go run ./cmd/leat-mutants

clean: ## Remove what was built
	rm -rf bin

# The linter is a tool, not a dependency: it stays out of go.mod. Its GOFLAGS
# are empty, since flags meant for this module could break its build.
$(GOLANGCI):
	GOFLAGS= GOBIN='$(CURDIR)/bin' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv bin/golangci-lint $@
