#!/bin/sh
# Unpacks wine into .tools/wine, for the tests of the Windows programs: a tree of Debian's packages, and a prefix that
# each run copies. It needs no root, and changes nothing outside that folder.
set -eu
# shellcheck source=stable.sh
. "$(dirname "$0")/stable.sh"
wine=$(cd "$(dirname "$0")/.." && pwd)/.tools/wine
[ ! -d "$wine/prefix" ] || exit 0
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "$0: needs Linux on amd64" >&2; exit 1; }
unshare -m true 2>/dev/null || unshare -rm true || { echo "$0: needs root, or user namespaces" >&2; exit 1; }
unpack "$wine" wine wine64 base-files libc-bin
rm -rf "$wine/work"
# What the package's own script does after it is unpacked: wine takes zlib for its own library.
zlib=$(find "$wine/tree/usr/x86_64-w64-mingw32/lib" -name 'zlib*.dll')
{
	head -c 64 "$zlib"
	printf 'Wine builtin DLL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	tail -c +97 "$zlib"
} >"$wine/tree/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/${zlib##*/}"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$wine/tree/etc/hosts"
WINEPREFIX=$wine/new sh "$(dirname "$0")/windows.sh" wineboot -i 2>/dev/null
WINEPREFIX=$wine/new sh "$(dirname "$0")/windows.sh" --end
mv "$wine/new" "$wine/prefix" # complete only now
