# The two that matter: `make demo` and `make test`. Both need only the toolchains: Rust, a C and C++ compiler, make, and for
# the Java side a JDK, Maven and Node.js.

CARGO ?= cargo
CC ?= cc
CXX ?= c++
RELEASE := target/release
LIB := $(RELEASE)/libpaynow_bridge.so
STATIC_LIB := $(RELEASE)/libpaynow_bridge.a
SANDBOX := $(RELEASE)/paynow-sandbox

# What is installed with the libraries is made where they are: `make install` may run where there is no cargo.
NOTICES = sh packaging/notices.sh >$(RELEASE)/NOTICES.new && mv $(RELEASE)/NOTICES.new $(RELEASE)/THIRD-PARTY-NOTICES.txt

export PAYNOW_LIB_DIR := $(CURDIR)/$(RELEASE)
export PAYNOW_STATIC_LIB := $(CURDIR)/$(STATIC_LIB)
export PAYNOW_INCLUDE_DIR := $(CURDIR)/include
export PAYNOW_SANDBOX_BIN := $(CURDIR)/$(SANDBOX)
export CC CXX

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@printf '  make test-SUITE   Run one suite, or with T=NAME one test of it: %s\n' '$(SUITES)'

.PHONY: demo
demo: lib sandbox ## Run a Minecraft server with five players against the sandbox (JDK 25, Maven, Node.js 20)
	@sh examples/minestom-server/demo.sh

.PHONY: demo-cpp
demo-cpp: lib sandbox ## Run a C++ game server against the sandbox and show that no tick is late
	@sh examples/cpp-server/demo.sh

.PHONY: test
test: ## Run every test (about 20 minutes on two cores)
	@sh tests/run.sh

# One suite by itself; T=NAME runs one test of it (see CONTRIBUTING.md). Each builds only what it needs.
SUITES := rust cli valkey simulation abi c counted cpp java minestom packages engines hosts fuzz
.PHONY: $(SUITES:%=test-%)
$(SUITES:%=test-%): test-%:
	@sh tests/run.sh $*
test-rust test-cli: sandbox
test-abi test-c test-counted test-cpp test-java test-minestom test-packages test-engines test-hosts: lib sandbox
test-cpp test-packages test-engines: static

.PHONY: test-full
test-full: test ## Run what takes longer too: valgrind, sanitizers, the model checker, mutants
	@sh tests/verify/full.sh

.PHONY: soak
soak: lib sandbox ## Half an hour of mixed load with faults: memory, threads and descriptors stay flat
	@sh tests/soak/soak.sh 30

.PHONY: fuzz
fuzz: ## Feed the C interface and the decoders generated input, ten minutes each
	@sh fuzz/run.sh 600

.PHONY: soak-java
soak-java: lib sandbox ## A million requests through the Java API: heap, memory, threads and descriptors stay flat
	@sh tests/soak/java/soak.sh

.PHONY: bench-java
bench-java: lib sandbox ## Measure the Java API beside HttpClient, OkHttp and Apache's client
	@sh bench/java/run.sh

.PHONY: bench
bench: lib sandbox ## Measure the bridge and libcurl side by side
	@sh bench/run.sh

.PHONY: bench-network
bench-network: lib sandbox ## Play 1 to 100 servers of a network, with a real Redis, and print what it reaches
	@sh bench/network/run.sh

.PHONY: hosts
hosts: test-hosts ## Load the library into real hosts: Luanti, ioquake3, Python, Go, a C++ loop

.PHONY: lint
lint: ## Check formatting, lints, documentation and what the library is made of
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --workspace --bin pnb --test command_line --locked -- -D warnings
	$(CARGO) clippy --no-default-features --lib --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --document-private-items
	@sh tests/verify/deny.sh

.PHONY: header
header: ## Generate include/paynow_bridge.h from src/ffi
	PAYNOW_WRITE_HEADER=1 $(CARGO) test --locked --test header

.PHONY: abi-dump
abi-dump: ## Write tests/abi again, for an intended change of the C interface (Debian: abigail-tools)
	@sh tests/abi/run.sh dump

.PHONY: contract
contract: ## Compare an OpenAPI document of PayNow's with the declared operations: FILE="management.json storefront.json"
	@$(CARGO) run --quiet --locked -p paynow-contract -- $(FILE)

.PHONY: lib
lib: ## Build the shared library
	@# One crate type at a time: cargo turns LTO off when an rlib is among those of one invocation.
	$(CARGO) rustc --locked --release --lib --features wiping-allocator --crate-type cdylib
	@# At run time it is looked for by its soname.
	@ln -sf libpaynow_bridge.so $(LIB).0
	@$(NOTICES)

.PHONY: size
size: lib ## Say how large the library is, by the layers of src
	@sh tests/packages/size.sh $(LIB)

.PHONY: static
static: ## Build the static library
	$(CARGO) rustc --locked --release --lib --features wiping-allocator --crate-type staticlib
	@$(NOTICES)

.PHONY: java
java: lib ## Build the Java API with the library inside, and install it into the local Maven repository
	@rm -rf java-shim/api/target/classes/dev/paynowbridge/natives
	@mkdir -p target/java
	strip --strip-unneeded -o target/java/libpaynow_bridge.so $(LIB)
	mvn -B -ntp -q -f java-shim/pom.xml install -DskipTests -Dpaynow.native=$(CURDIR)/target/java/libpaynow_bridge.so

PREFIX ?= /usr/local
.PHONY: install
install: ## Install below PREFIX what `make lib static` built, with headers, CMake package and pkg-config files
	@sh packaging/install.sh "$(PREFIX)" "$(DESTDIR)"

.PHONY: dist
dist: sandbox ## Build, check, run and pack every target and the zips for game engines into target/dist
	@sh packaging/dist.sh

.PHONY: release-check
release-check: ## Say what a release still lacks: version, tag, signatures, archives
	@sh packaging/release-check.sh

.PHONY: sandbox
sandbox: ## Build the sandbox
	$(CARGO) build --locked --release -p paynow-sandbox

.PHONY: cli
cli: ## Build pnb, the command line
	$(CARGO) build --locked --release -p paynow-cli

.PHONY: clean
clean: ## Remove everything that was built
	$(CARGO) clean
