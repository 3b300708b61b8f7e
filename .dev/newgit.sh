#!/bin/sh
# Unpacks a git that knows authtype (2.46 or later) into .tools/newgit, for the tests, where the system's is older: Debian
# stable's package and the libraries it needs, run by their own loader. Nothing outside that folder is changed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)/.tools/newgit
[ ! -x "$root/git" ] || exit 0
! git credential capability 2>/dev/null | grep -q authtype || exit 0
for program in apt-get dpkg-deb; do
	command -v $program >/dev/null || { echo "newgit: needs $program" >&2; exit 1; }
done

work=$root/work
rm -rf "$root"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$root/tree" "$root/git-core"
: >"$work/status"
mirror=$(sed -n 's/^URIs: *\([^ ]*debian\)$/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
[ -n "$mirror" ] || { echo "newgit: no Debian mirror is configured" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}
apt update
packages=$(apt --no-install-recommends --print-uris -y install git | sed -n 's/^[^ ]* \([^_ ]*\)_.*/\1/p' | grep -Ev '^(perl|libperl|perl-.*|liberror-perl|git-man|gcc-.*|openssl-provider-legacy)$')
# shellcheck disable=SC2086 # a list of words
(cd "$work" && apt download $packages)
for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$root/tree"; done

loader=$(find "$root/tree" -name 'ld-linux*.so.*' | head -n 1)
libraries=$(dirname "$(find "$root/tree" -name 'libcurl-gnutls.so.4' | head -n 1)")
run() { # NAME PROGRAM: a name that starts a program by its own loader
	printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$2" >"$1"
	chmod +x "$1"
}
run "$root/git-core/git" "$root/tree/usr/bin/git"
run "$root/git-core/git-remote-https" "$root/tree/usr/lib/git-core/git-remote-http"
printf '#!/bin/sh\nexport GIT_EXEC_PATH="%s"\nexec "%s/git" "$@"\n' "$root/git-core" "$root/git-core" >"$root/git"
chmod +x "$root/git"
rm -rf "$work"
"$root/git" --version
