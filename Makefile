# SPDX-License-Identifier: MIT
#
# A short front to meson and ninja. `make help` lists the targets.

BUILD       ?= build
PREFIX      ?= /usr/local
KERNEL_PEER ?= ../shared/tools/kernel-peer
SOAK        ?= 3600

all: ## build build/vole, build/voled, build/libvole.so and build/libvole.a
	@scripts/setup build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX)
	@ninja -C $(BUILD) programs

demo: ## two hosts, one tunnel, a gigabyte through it; needs no root
	@scripts/setup demo
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) scripts/demo

check: ## everything that proves the tree: builds, analysis, tests, sanitizers
	@scripts/setup test demo
	@python3 scripts/check

check-kernel: ## talk to the Linux kernel's own WireGuard (KERNEL_PEER=PROGRAM runs it)
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@ninja -C $(BUILD) tests/unit/device_test
	@KERNEL_PEER="$(KERNEL_PEER)" tests/lab/run --build $(BUILD) --jobs 1 --seconds 1200 tests/interop/kernel.py \
		tests/interop/kernel_netlink.py tests/interop/kernel_up.py

check-cross: ## the rooms without I/O on four other machines, emulated; a static build; voled's size
	@scripts/setup cross
	@scripts/check-cross

sim: ## virtual life on bad networks, as in `make check`; YEARS=10 lives ten years, MINUTES=30 ends it then
	@scripts/setup test
	@$(MAKE) --no-print-directory all
ifdef YEARS
	@ninja -C $(BUILD) tests/sim/sim
	@tests/sim/years --build $(BUILD) --years $(YEARS) $(if $(MINUTES),--minutes $(MINUTES))
else
	@meson test -C $(BUILD) --suite sim --verbose
endif

load: ## floods, replays, 10 000 peers, faults and kills for real, ten minutes; then SOAK=3600 seconds of life
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@ninja -C $(BUILD) bench-programs tests/load/peers tests/load/junk
	@LAB_KILLS=60 tests/lab/run --build $(BUILD) --jobs 1 --seconds 1800 tests/lab/faults.py tests/load/floods.py \
		tests/load/replays.py tests/load/links.py tests/load/hub.py
ifneq ($(SOAK),0)
	@LAB_BUILD=$(BUILD) tests/load/soak.py $(SOAK)
endif

scarce: ## refuse each allocation of vole and voled once, about ten minutes; BUILD=build-asan looks closer
	@scripts/setup test
	@ninja -C $(BUILD) programs tests/scarce/scarce.so tests/unit/scarce_device_test
	@$(BUILD)/tests/unit/scarce_device_test
	@tests/lab/run --build $(BUILD) --seconds 3600 tests/scarce/commands.py tests/scarce/daemon.py

check-memory: ## lab, interop and units where memory is short: voled limited to 32 MiB, with 1000 peers
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@scripts/check-memory $(BUILD)

mutations: ## plant every fault of tests/mutations in a copy of the tree and see it noticed, about half an hour
	@scripts/setup test
	@scripts/mutate

fuzz: ## libFuzzer on every target of tests/fuzz, SECONDS=60 each; TARGET="uapi http" for some of them
	@scripts/setup build fuzz
	@tests/fuzz/run --seconds $(or $(SECONDS),60) $(TARGET)

bench: ## measure voled beside what else is here, about 20 minutes; BENCH="--quick" or others of bench/run
	@scripts/setup bench
	@$(MAKE) --no-print-directory all
	@ninja -C $(BUILD) bench-programs
	@python3 bench/run --build $(BUILD) $(BENCH)

install: all ## install under PREFIX (default /usr/local); DESTDIR is honoured
	@meson install -C $(BUILD) --no-rebuild

clean: ## remove everything that was built
	rm -rf build build-*

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

.PHONY: all demo check check-kernel check-cross check-memory sim load scarce mutations fuzz bench install clean help
