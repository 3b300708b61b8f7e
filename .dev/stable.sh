# shellcheck shell=sh
# Sourced by newgit.sh and newer.sh: packages of the Debian that follows the tests' own, unpacked into a folder and run
# by their own loader. Nothing outside that folder is changed.

# unpack ROOT PACKAGE... unpacks packages and the libraries they need into ROOT/tree, and sets loader and libraries. The
# caller removes ROOT/work.
unpack() {
	root=$1
	shift
	for program in apt-get dpkg-deb; do
		command -v $program >/dev/null || { echo "$0: needs $program" >&2; return 1; }
	done
	work=$root/work
	rm -rf "$root"
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$root/tree"
	: >"$work/status"
	mirror=$(sed -n 's/^URIs: *\([^ ]*debian\)$/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
	[ -n "$mirror" ] || { echo "$0: no Debian mirror is configured" >&2; return 1; }
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
	apt update || return 1
	packages=$(apt --no-install-recommends --print-uris -y install "$@" | sed -n 's/^[^ ]* \([^_ ]*\)_.*/\1/p' | grep -Ev '^(perl|libperl|perl-.*|liberror-perl|git-man|gcc-.*|openssl-provider-legacy)$')
	# shellcheck disable=SC2086 # a list of words
	(cd "$work" && apt download $packages) || return 1
	for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$root/tree" || return 1; done
	loader=$(find "$root/tree" -name 'ld-linux*.so.*' | head -n 1)
	libraries=$(dirname "$(find "$root/tree" -name 'libc.so.6' | head -n 1)")
	lib=$libraries/libproxy # libraries of a library
	[ ! -d "$lib" ] || libraries=$libraries:$lib
}

apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}

# run NAME PROGRAM makes a name that starts a program by its own loader.
run() {
	printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$2" >"$1"
	chmod +x "$1"
}
