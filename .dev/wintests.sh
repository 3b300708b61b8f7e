#!/bin/sh
# Runs tests as Windows programs with wine, and says what was skipped. Arguments go to go test, packages last; without
# any, all packages are tested. The scripts' programs are built here: there is no Go under wine.
# usage: .dev/wintests.sh [ARGS... PACKAGES...]
set -eu
cd "$(dirname "$0")/.."
sh .dev/wine.sh
if command -v npm >/dev/null; then sh .dev/winnode.sh; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
: >"$work/skipped"
export GOOS=windows GOARCH=amd64 CGO_ENABLED=0
for program in cgp-cred cgp-cred-fleet; do
	printf '{"Replace":{"%s/cmd/%s/guarded.go":"%s/cmd/internal/scripttest/testdata/guarded.go"}}' \
		"$PWD" "$program" "$PWD" >"$work/overlay.json"
	go build -trimpath -ldflags='-s -w' -buildvcs=false -overlay "$work/overlay.json" -o "$work/" "./cmd/$program"
done
# Where wine has a path of this machine: as Z:\tmp\x.
windows() { printf 'Z:%s' "$1" | tr / '\134'; }
CGP_CRED_TEST_SKIPPED=$(windows "$work/skipped") CGP_CRED_TEST_PROGRAMS=$(windows "$work")
export CGP_CRED_TEST_SKIPPED CGP_CRED_TEST_PROGRAMS CGP_CRED_TEST_CREDENTIALS=throwaway CI=
[ $# -gt 0 ] || set -- ./helper/... ./keystore/... ./cmd/cgp-cred ./cmd/cgp-cred-fleet
status=0
go test -trimpath -vet=off -timeout "${TEST_TIMEOUT:-60m}" -exec "sh $PWD/.dev/windows.sh" "$@" || status=$?
sh .dev/skipped.sh "$work/skipped"
exit $status
