# shellcheck shell=bash disable=SC2034 # set here, used there
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of this folder have in common. Sourced, not run.

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# The tree the module and socksctl are built from.
tree=$(cd "${SOCKS_TREE:-$vm/../..}" && pwd -P)
# Whatever takes long to build is kept here, outside the checkout.
cache=$(realpath -m "${SOCKS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/socks}")
# modprobe and depmod are not on every user's path.
tools_path=$PATH:/usr/sbin:/sbin

# 125 is the status of a machine that could not be started.
die() {
	printf 'vm/%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

# need FILE|PROGRAM PACKAGE: fail where it is missing and say how to get it.
need() {
	if [[ $1 == /* ]]; then
		[[ -e $1 ]] && return
	else
		PATH=$tools_path type -P "$1" >/dev/null && return
	fi
	die "$1 is missing: it is in the package $2 ('make deps' installs it)"
}

# lock FILE [WHAT]: hold FILE locked till this script ends.
lock() {
	mkdir -p "${1%/*}"
	exec {lock_fd}>"$1"
	flock -n "$lock_fd" && return
	[[ -z ${2-} ]] || printf 'vm/%s: waiting for %s\n' "${0##*/}" "$2" >&2
	flock "$lock_fd"
}
