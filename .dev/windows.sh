#!/bin/sh
# Runs a Windows program with wine, in this folder and with this environment. It has a wine prefix of its own, and so a
# Credential Manager and a user's folders of its own, which end with it. Programs that share a prefix set WINEPREFIX, an
# absolute path, make it with --new, and end it with --end. "go test -exec" can call this script.
# usage: .dev/windows.sh PROGRAM ARGS... | .dev/windows.sh --new | .dev/windows.sh --end
set -eu
umask 077 # as in a folder of the user; wine shows the mode as rights
wine=$(cd "$(dirname "$0")/.." && pwd)/.tools/wine
program=/usr/lib/wine/wine64
export LC_ALL=C.UTF-8 # the names of files
export WINEDEBUG="${WINEDEBUG:--all}" WINEDLLOVERRIDES='winemenubuilder.exe=d;mscoree=d;mshtml=d' WINESERVER=/usr/lib/wine/wineserver64
export HOME=/nowhere # wine would link the user's folders into the prefix
if [ -d "$wine/programs" ]; then # on PATH there
	WINEPATH=${WINEPATH:+$WINEPATH;}Z:$(printf %s "$wine/programs" | tr / '\134')
	export WINEPATH
fi
unset DISPLAY WAYLAND_DISPLAY SSL_CERT_FILE SSL_CERT_DIR

# enter runs a program in the tree, where every other folder of this machine has its usual path.
enter() {
	rights=''
	[ "$(id -u)" = 0 ] || rights=-r
	# shellcheck disable=SC2016,SC2086 # the inner shell expands it; rights may be empty
	unshare $rights -m sh -eu -c '
		tree=$1
		shift
		for folder in /*; do
			case $folder in /bin | /sbin | /lib* | /usr | /etc | /var | /boot | /lost+found) continue ;; esac
			[ -d "$folder" ] && [ ! -L "$folder" ] || continue
			mkdir -p "$tree$folder"
			mount --rbind "$folder" "$tree$folder"
		done
		unset TMPDIR # wine ends with a crash of free() if it is set
		exec unshare --root="$tree" --wd="$PWD" "$@"' enter "$wine/tree" "$@"
}

# end stops what runs in the prefix.
end() {
	enter "$WINESERVER" -k 2>/dev/null || :
	enter "$WINESERVER" -w
}

# new makes WINEPREFIX, which may exist as an empty folder.
new() {
	mkdir -p "$WINEPREFIX"
	# A file with two names is written in place: those that wine writes are copied.
	cp -al "$wine/prefix/." "$WINEPREFIX" 2>/dev/null || cp -a "$wine/prefix/." "$WINEPREFIX"
	for registry in "$wine"/prefix/*.reg; do
		rm -f "$WINEPREFIX/${registry##*/}"
		cp "$registry" "$WINEPREFIX"
	done
}

if [ "${1:-}" = --new ]; then
	new
elif [ "${1:-}" = --end ]; then
	end
elif [ -n "${WINEPREFIX:-}" ]; then
	enter $program "$@"
else
	WINEPREFIX=$(mktemp -d)
	export WINEPREFIX
	trap 'rm -rf "$WINEPREFIX"' EXIT
	trap 'exit 1' HUP INT TERM
	new
	status=0
	enter $program "$@" || status=$?
	end
	exit $status
fi
