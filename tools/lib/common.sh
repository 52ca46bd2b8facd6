# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# What the commands in tools/ share. To be sourced; sets $root and goes there.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export LC_ALL=C.UTF-8
export python=/usr/bin/python3 # never one that lacks Debian's modules
export build=${TIDEGATE_BUILD:-build}

say() {
	printf '[%s] %s\n' "$(date +%T)" "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "needs root: run it with sudo"
}

packages_missing() {
	comm -13 \
		<(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | awk '$1 == "ii" { print $2 }' | sort -u) \
		<(sed 's/#.*//; /^[[:space:]]*$/d; s/[[:space:]]//g' tools/packages.txt | sort -u)
}

apt_try() {
	local n
	for n in 1 2 3; do
		if DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
			-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" </dev/null; then
			return 0
		fi
		say "apt-get $1 failed, attempt $n of 3"
		sleep $((n * 5))
	done
	return 1
}

# Installs what tools/packages.txt names and is not there. Starts no service.
install_packages() {
	local missing service policy=
	mapfile -t missing < <(packages_missing)
	if [ ${#missing[@]} = 0 ]; then
		say "packages: all there"
		return 0
	fi
	need_root
	say "packages: installing ${missing[*]}"
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	fi
	if ! apt_try update || ! apt_try install --no-install-recommends "${missing[@]}"; then
		[ -z "$policy" ] || rm -f $policy
		die "could not install: ${missing[*]}"
	fi
	[ -z "$policy" ] || rm -f $policy
	for service in prometheus kamailio; do
		if [[ " ${missing[*]} " == *" $service "* ]] && command -v systemctl >/dev/null; then
			systemctl disable $service.service >/dev/null 2>&1 || true
		fi
	done
	say "packages: done"
}

ensure_user() {
	if ! getent group tidegate >/dev/null; then
		need_root
		groupadd --system tidegate
	fi
	if ! getent passwd tidegate >/dev/null; then
		need_root
		useradd --system --gid tidegate --home-dir /nonexistent --no-create-home \
			--shell /usr/sbin/nologin tidegate
		say "user: created tidegate"
	fi
}

# build_in DIR [meson options]: configures once, then builds.
build_in() {
	local dir=$1
	shift
	if [ ! -e "$dir/build.ninja" ]; then
		say "configure: $dir $*"
		rm -rf "$dir"
		meson setup "$dir" . "$@" >"/tmp/tidegate-meson.$$" 2>&1 || {
			cat "/tmp/tidegate-meson.$$"
			rm -f "/tmp/tidegate-meson.$$"
			die "meson setup $dir failed"
		}
		rm -f "/tmp/tidegate-meson.$$"
	fi
	say "build: $dir"
	ninja -C "$dir" || die "building $dir failed"
}
