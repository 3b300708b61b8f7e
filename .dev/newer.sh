#!/bin/sh
# Unpacks newer versions of clients into .tools/newer, for make clients. They have names of their own there: curl8.
set -eu
# shellcheck source=stable.sh
. "$(dirname "$0")/stable.sh"
newer=$(cd "$(dirname "$0")/.." && pwd)/.tools/newer
[ ! -e "$newer/made" ] || exit 0
unpack "$newer" curl wget2 xh
run "$newer/curl8" "$newer/tree/usr/bin/curl"
run "$newer/wget2.2" "$newer/tree/usr/bin/wget2"
run "$newer/xh" "$newer/tree/usr/bin/xh"
rm -rf "$newer/work"
touch "$newer/made"
