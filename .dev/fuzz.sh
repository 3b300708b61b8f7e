#!/bin/sh
# Fuzzes each target for FUZZTIME (default 20s), as many at a time as there are processors. It starts from the inputs
# saved in testdata/fuzz and, with FUZZCACHE=keep, from what earlier runs found. An input that fails is written to
# testdata/fuzz, where it stays until it is fixed.
# usage: .dev/fuzz.sh [PACKAGE...]
set -eu

# one BINARY FOLDER TARGET fuzzes one target and prints what happened only if something is wrong.
if [ "${1:-}" = one ]; then
	[ $# = 4 ] || exit 0 # there is no target at all
	binary=$2 target=$4
	cd "$3"
	status=0
	cache=$FUZZCORPUS/$3
	mkdir -p "$cache"
	"$binary" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$FUZZTIME" -test.fuzzminimizetime 1s -test.parallel 1 \
		-test.fuzzcachedir "$cache" </dev/null >"$binary.$target.out" 2>&1 || status=$?
	# Go's engine now and then takes the end of the time for a failure. A failing input would be named.
	if [ "$status" != 0 ] && grep -q 'context deadline exceeded' "$binary.$target.out" && ! grep -q 'Failing input' "$binary.$target.out"; then
		status=0
	fi
	if [ "$status" = 0 ]; then
		echo "fuzz: $3 $target: $(sed -n 's/^fuzz: elapsed: .*execs: \([0-9]*\).*/\1/p' "$binary.$target.out" | tail -n 1) inputs"
		exit 0
	fi
	{
		echo "fuzz: $3 $target: FAILED"
		cat "$binary.$target.out"
	} >&2
	exit 1
fi

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export FUZZTIME="${FUZZTIME:-20s}" FUZZCORPUS="$work/corpus"
[ "${FUZZCACHE:-}" != keep ] || FUZZCORPUS=$(go env GOCACHE)/fuzz/$(go list -m)

# The compiler instruments what it builds for -fuzz, so these binaries are others than the tests'. The first ones are
# fuzzed while the others are built.
grep -rEl --include='*_test.go' '^func Fuzz' "${@:-.}" | xargs -n 1 dirname | sort -u >"$work/packages"
while read -r package; do
	mkdir -p "$work/$package"
	if go test -c -fuzz=. -o "$work/$package/fuzz.test" "./$package" </dev/null; then
		"$work/$package/fuzz.test" -test.list '^Fuzz' | sed "s|^|$work/$package/fuzz.test $package |"
	else
		echo "$package" >>"$work/unbuilt"
	fi
done <"$work/packages" | xargs -n 3 -P "$(getconf _NPROCESSORS_ONLN)" sh .dev/fuzz.sh one
[ ! -e "$work/unbuilt" ]
