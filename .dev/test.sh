#!/bin/sh
# Runs every test, those of helper and keystore with the race detector if it can be built: it needs a C compiler. It
# installs nothing: tests that need what is missing are skipped, and the last lines say how many and what. TEST_TIMEOUT
# (60m) is what a package may take. Arguments go to go test.
set -eu
cd "$(dirname "$0")/.."
limit=${TEST_TIMEOUT:-60m}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export CGP_CRED_TEST_SKIPPED="$work/skipped"
: >"$work/skipped"
: >"$work/late"
tab=$(printf '\t')

# without_stacks passes on what go test prints. When a package's time is up, one line in the file late takes the place of
# the stacks of all its goroutines.
without_stacks() {
	stacks='' running=''
	while IFS= read -r line || [ -n "$line" ]; do
		case $stacks$line in
		stacks"FAIL$tab"*)
			stacks=''
			echo "$line"
			echo "out of time: $(echo "$line" | cut -f 2) took longer than $limit (running: ${running#, }): $(longer)" >>"$work/late"
			;;
		stacks"$tab$tab"*)
			running="$running, ${line#"$tab$tab"}"
			;;
		stacks*) ;;
		'panic: test timed out after '*) stacks=stacks running='' ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# longer is the command that gives a package twice the time.
longer() {
	case $limit in
	*[!0-9]*[!0-9] | [!0-9]*) echo "TEST_TIMEOUT=120m make test" ;;
	*) echo "TEST_TIMEOUT=$((${limit%[!0-9]} * 2))${limit##*[0-9]} make test" ;;
	esac
}

# windows runs a core of the tests as Windows programs. make windows runs them all. Only in CI it unpacks a wine.
windows() {
	if [ ! -d .tools/wine/prefix ] && { [ "${CI:-}" != true ] || ! command -v apt-get >/dev/null 2>&1; }; then
		echo "no wine here: no test ran as a Windows program: make deps installs it" >&2
		return 0
	fi
	sh .dev/wintests.sh ./keystore/disk ./keystore/job ./keystore/keychain ./keystore/terminal ./helper/flight ./helper/install ./cmd/cgp-cred \
		-run '^Test([^S].*|Scripts/(usage|store|rotate|keychain|profiles|decide|config))$' 2>&1
}

race=-race
if [ "$(go env CGO_ENABLED)" != 1 ] || ! echo '#include <stdlib.h>' | $(go env CC) -E -x c - >/dev/null 2>&1; then
	echo "no C compiler here: the tests run without the race detector" >&2
	race=
fi
# The scripts start thousands of processes, each of which takes several times as long with the race detector; what runs
# at the same time within a process is tested beneath them. The tests of cmd are built as programs are released, so that
# Go finds in its cache what make lint and these tests themselves build. make lint vets: go test does not do it again.
# cmd/cgp-cred takes longest and comes first. Most tests wait for something: twice as many packages run at a time as
# there are cores.
packages=$(($(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) * 2))
{
	status=0
	# shellcheck disable=SC2086 # nothing if it is empty
	go test $race -vet=off -p "$packages" -timeout "$limit" "$@" ./helper/... ./keystore/... 2>&1 || status=$?
	CGO_ENABLED=0 go test -trimpath -vet=off -p "$packages" -timeout "$limit" "$@" \
		./cmd/cgp-cred ./cmd/cgp-cred-fleet ./cmd/internal/... 2>&1 || status=$?
	windows || status=$?
	echo "$status" >"$work/status"
} | without_stacks
status=$(cat "$work/status")
sh .dev/skipped.sh "$work/skipped"
cat "$work/late"
exit "$status"
