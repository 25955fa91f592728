# SPDX-License-Identifier: GPL-2.0-only
#
# make          build the module and socksctl for the running kernel
# make KDIR=…   … for another kernel's headers or build tree
# make install  install both (DESTDIR, prefix, INSTALL_MOD_PATH)
# make demo     show the main job in a virtual machine
# make check    run all tests
# make bench    measure
# make deps     install the Debian packages that demo, check and bench need

KDIR ?= /lib/modules/$(shell uname -r)/build

# What builds module and tool.
build_packages = bison build-essential flex libjansson-dev libmnl-dev

# The kernels, and the machine which runs them.
vm_packages = bc busybox-static cpio dwarves kmod libelf-dev libssl-dev \
	linux-headers-6.12-amd64 linux-headers-amd64 linux-image-6.12-amd64 \
	linux-image-amd64 linux-source-6.12 python3 qemu-system-x86 rsync \
	xz-utils zstd

# What the tests check with, and the programs and servers they use.
test_packages = cppcheck curl dante-server default-jdk-headless file git gron \
	iproute2 libclang-rt-14-dev mandoc netcat-openbsd nginx-light \
	openssh-client openssh-server procps python3-jsonschema python3-yaml \
	shellcheck sparse strace tcpdump tor util-linux wget

packages = $(build_packages) $(vm_packages) $(test_packages)

all: modules tools

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C userspace-cfg

install: install-modules install-tools

install-modules: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

install-tools:
	$(MAKE) -C userspace-cfg install

clean:
	$(MAKE) -C userspace-cfg clean
	[ ! -d $(KDIR) ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf tests/log

# Quiet where nothing is missing. The daemons among the packages are started
# by the tests alone.
deps:
	@tests/deps $(packages)

demo: deps
	@tests/vm/run --bare -- tests/demo/demo

check: deps
	@tests/check $(SUITES)

bench: deps
	@tests/bench/run

.PHONY: all modules tools install install-modules install-tools clean deps \
	demo check bench
