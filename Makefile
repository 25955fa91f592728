# SPDX-License-Identifier: GPL-2.0-only
#
# make          build the module and socksctl for the running kernel
# make KDIR=…   … for another kernel's headers or build tree
# make install  install both, the service, its configuration and completion in
#               shells (DESTDIR, prefix, INSTALL_MOD_PATH; system/Makefile has more)
# make uninstall  remove all that, but a configuration that was changed
# make demo     show the main job in a virtual machine
# make check    run all tests
# make coverage which lines of the module the tests reach
# make bench    measure
# make htmldocs make Documentation/output/index.html
# make deps     install the Debian packages that demo, check and bench need

KDIR ?= /lib/modules/$(shell uname -r)/build

# What builds module and tool.
build_packages = bison build-essential flex libjansson-dev libmnl-dev \
	libncurses-dev zlib1g-dev

# The kernels, and the machine which runs them.
vm_packages = bc busybox-static cpio dwarves kmod libelf-dev libssl-dev \
	linux-headers-6.12-amd64 linux-headers-amd64 linux-image-6.12-amd64 \
	linux-image-amd64 linux-source-6.12 python3 qemu-system-x86 rsync \
	xz-utils zstd

# What the tests check with, and the programs and servers they use.
test_packages = bpftrace clang cppcheck curl dante-client dante-server \
	default-jdk-headless file gcc-multilib git gron iproute2 libclang-rt-14-dev \
	libpython3.11-testsuite linux-perf man-db mandoc netcat-openbsd nginx-light \
	openssh-client openssh-server pkg-config procps proxychains4 \
	pyflakes3 python3-jsonschema python3-yaml redsocks shellcheck sparse \
	strace systemd tcpdump tmux tnftp tor tsocks util-linux vsftpd wget wrk zsh

# What the documentation is made with, what the recipes in it use, and what it
# compares with.
documentation_packages = jq nftables podman python3-sphinx torsocks

# What the Debian packages are built and checked with.
debian_packages = debhelper dh-dkms dkms dpkg-dev fakeroot lintian openssl

packages = $(build_packages) $(vm_packages) $(test_packages) \
	$(documentation_packages) $(debian_packages)

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
	$(MAKE) -C system install

uninstall: uninstall-modules uninstall-tools

# Where modules_install puts it, whichever way it is compressed.
uninstall-modules:
	release=$$($(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease) && \
	for dir in updates extra; do \
		rm -f "$(INSTALL_MOD_PATH)/lib/modules/$$release/$$dir"/socks.ko*; \
	done

uninstall-tools:
	$(MAKE) -C userspace-cfg uninstall
	$(MAKE) -C system uninstall

clean:
	$(MAKE) -C userspace-cfg clean
	$(MAKE) -C system clean
	[ ! -d $(KDIR) ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf tests/log tests/transparency/build Documentation/output

htmldocs:
	sphinx-build -q -b html Documentation Documentation/output

# Quiet where nothing is missing. The daemons among the packages are started
# by the tests alone.
deps:
	@tests/deps $(packages)

demo: deps
	@tests/vm/run --bare -- tests/demo/demo

check: deps
	@tests/check $(SUITES)

coverage: deps
	@tests/coverage/run $(SUITES)

bench: deps
	@tests/bench/run

.PHONY: all modules tools install install-modules install-tools uninstall \
	uninstall-modules uninstall-tools clean htmldocs deps demo check coverage \
	bench
