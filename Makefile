# `make run` starts an example, `make test` runs all checks. The other targets are parts of `make test`, and the long
# forms that it leaves out.

GO     ?= go
MODULES = $(patsubst ./%/go.mod,%,$(filter-out ./go.mod ./internal/tools/go.mod,$(shell find . -name go.mod -not -path './build/*' | sort)))
NESTED  = $(MODULES:%=nested/%)
PKGS    = ./...

.PHONY: run test deps lint unit race stress nested $(NESTED) purego cross arm64 bench-once fuzz long mutants bench \
	bench-quick bench-report bench-peers clean

run:
	@$(GO) run ./examples/hotpath $(ARGS)

# It ends at the first target that fails, and prints how many seconds each took.
test:
	@./internal/tools/timed.sh $(MAKE) deps lint unit race stress purego cross arm64 bench-once $(NESTED)
	@echo "make test: all passed"

# The servers and the browser that some tests need. As root, missing ones are installed from Debian's packages.
deps:
	@./internal/tools/deps.sh

# gofmt, govet and staticcheck, whose version is in internal/tools/go.mod and whose checks are in staticcheck.conf.
lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GO) vet -tags purego $(PKGS)
	$(GO) vet -tags explore ./internal/percpu ./atomicf ./shard ./histogram ./quantile
	staticcheck=$$($(GO) -C internal/tools tool -n staticcheck) && \
	for module in . $(MODULES); do echo "staticcheck $$module" && (cd $$module && $$staticcheck ./...) || exit 1; done && \
	$$staticcheck -tags purego ./internal/percpu ./atomicf ./shard ./histogram ./quantile

# Integration tests with real servers are among these.
unit:
	$(GO) test -timeout 30m -shuffle=on $(PKGS)

# All packages under the race detector, but for those of `stress`, which runs them under it too.
race:
	$(GO) test -timeout 30m -race -short -shuffle=on $$($(GO) list $(PKGS) | grep -vxF "$$($(GO) list $(STRESSED))")

# The packages that others build on, with fewer, as many and more Ps than usual: once here, twenty times in `make long`.
STRESSED = ./internal/percpu ./atomicf ./shard ./histogram ./quantile
stress:
	$(GO) test -timeout 30m -race -short -cpu=1,2,8 -shuffle=on -count=$(or $(STRESS),1) $(STRESSED)

purego:
	$(GO) test -timeout 30m -short -tags purego ./internal/percpu ./atomicf ./shard ./histogram ./quantile ./encode ./engine/... ./internal/instrument ./export/...

# 386 runs here, or in an emulator where the machine cannot run it. All of it builds for arm64; what runs there is in the
# next target.
cross:
	@./internal/tools/emulated.sh 386 ./internal/percpu ./atomicf ./shard ./histogram ./quantile ./encode ./engine/... ./internal/instrument ./export/...
	GOARCH=arm64 $(GO) build $(PKGS)
	GOARCH=arm64 $(GO) vet $(PKGS)

# The short tests in an emulator of arm64: what the code does there, but not with that processor's weaker order of memory.
arm64:
	@./internal/tools/emulated.sh arm64 ./internal/percpu ./atomicf ./shard ./histogram ./quantile ./encode ./engine ./internal/instrument ./export

# Every benchmark runs once, so that none rots.
bench-once:
	$(GO) test -short -run '^$$' -bench . -benchtime 1x $(PKGS) >/dev/null

# Vets and tests each nested module, and runs its benchmarks once.
nested: $(NESTED)

$(NESTED): nested/%:
	cd $* && $(GO) vet ./... && $(GO) test -timeout 30m ./...
	cd $* && $(GO) test -short -run '^$$' -bench . -benchtime 1x ./... >/dev/null

# Every fuzz target for a while: make fuzz FUZZTIME=1m
fuzz:
	@./internal/tools/fuzz.sh $(or $(FUZZTIME),20s)

# The long forms of the tests: the whole accuracy matrix, a minute of GOMAXPROCS flips, 1e8 adds, 1e7 series, races
# twenty times over. Takes an hour or so.
long:
	QUIPU_LONG=1 $(GO) test -timeout 3h $(PKGS)
	cd internal/composition && QUIPU_LONG=1 $(GO) test -timeout 1h ./...
	$(MAKE) stress STRESS=20

# Plants known bugs in the source, one at a time, and asks the tests of their package: about 15 minutes. Parts of it:
# make mutants MUTANTS='-run ^atomicf'
mutants:
	$(GO) run ./internal/mutants $(MUTANTS)

bench:
	$(GO) test -run '^$$' -bench . -benchmem -timeout 1h ./bench

bench-quick:
	cd bench/peers && $(GO) run ./cmd/race -quick

# The race on your machine as one HTML file, with plots and the machine's facts.
bench-report:
	cd bench/peers && $(GO) run ./cmd/race -report $(abspath $(or $(REPORT),build/bench-report.html))

bench-peers:
	cd bench/peers && $(GO) run ./cmd/race

clean:
	rm -rf build
	$(GO) clean -testcache
