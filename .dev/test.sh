#!/bin/sh
# Runs every test, with the race detector where it can be built: it needs a C compiler. Arguments go to go test; without
# any, each fuzz target is fuzzed for FUZZTIME (2s) after that.
set -eu
cd "$(dirname "$0")/.."
race=-race
if [ "$(go env CGO_ENABLED)" != 1 ] || ! echo '#include <stdlib.h>' | $(go env CC) -E -x c - >/dev/null 2>&1; then
	echo "no C compiler here: the tests run without the race detector" >&2
	race=
fi
status=0
# shellcheck disable=SC2086 # nothing, where it is empty
go test $race -timeout "${TEST_TIMEOUT:-60m}" "$@" ./... || status=$?
if [ $# = 0 ]; then
	FUZZTIME="${FUZZTIME:-2s}" sh .dev/fuzz.sh || status=$?
fi
exit "$status"
