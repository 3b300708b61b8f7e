#!/bin/sh
# Runs every fuzz target for FUZZTIME (default 20s): go test takes one at a time.
set -eu
cd "$(dirname "$0")/.."
grep -rEl --include='*_test.go' '^func Fuzz' cmd helper keystore | while read -r file; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | while read -r target; do
		echo "fuzz: $(dirname "$file") $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" "./$(dirname "$file")" </dev/null || exit 1
	done || exit 1
done
