#!/usr/bin/env bash
# Measures a cached "cgp-cred get" against other programs, in a home, on a bus and with a keyring of its own.
# It prints ratios, for times say more about the machine than about the program, and fails where one is over its limit.
# ROUNDS (default 7): how often each program has its turn; the median of the rounds counts.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-7}

for program in go hyperfine dbus-run-session gnome-keyring-daemon secret-tool; do
	command -v "$program" >/dev/null || {
		echo "bench: $program is not installed" >&2
		exit 1
	}
done

if [ -z "${CGP_BENCH_DIR:-}" ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	mkdir -m 700 "$dir"/{home,run,one,hundred,state}
	build=(env CGO_ENABLED=0 go build -trimpath -ldflags='-s -w')
	"${build[@]}" -o "$dir/cgp-cred" ./cmd/cgp-cred
	printf 'package main\n\nfunc main() {}\n' >"$dir/empty.go"
	printf 'package main\n\nimport (\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n\tif len(os.Args) > 1 {\n\t\thttp.Get(os.Args[1])\n\t}\n}\n' >"$dir/http.go"
	(cd "$dir" && "${build[@]}" -o empty empty.go && "${build[@]}" -o http http.go)
	# shellcheck disable=SC2016 # the inner bash expands it
	env -i PATH="$PATH" ROUNDS="$rounds" CGP_BENCH_DIR="$dir" \
		HOME="$dir/home" XDG_RUNTIME_DIR="$dir/run" XDG_STATE_HOME="$dir/state" XDG_CONFIG_HOME="$dir/one" \
		dbus-run-session -- bash -c 'exec bash "$1" 2>&3' bash "$PWD/.dev/bench.sh" 3>&2 2>/dev/null # the bus is talkative
	exit
fi

# From here on: inside the private session.
dir=$CGP_BENCH_DIR
cgp=$dir/cgp-cred
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
printf 'bench' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 # it goes on, and ends with the bus
for _ in $(seq 100); do
	printf 'a value' | secret-tool store --label=bench service bench account item 2>/dev/null && break
	sleep 0.1
done
"$cgp" simulate --api-key bench --jwks "$dir/jwks.json" --token-life 3600s >"$dir/listens" 2>/dev/null &
for _ in $(seq 100); do
	[ -s "$dir/listens" ] && break
	sleep 0.1
done
host=$(sed -n 's/.*"host":"\([^"]*\)".*/\1/p' "$dir/listens")
printf 'bench\n' >"$dir/key"
"$cgp" keygen p001 --host "$host" --kid bench --api-key-file "$dir/key" >"$dir/jwks.json" 2>"$dir/said" || {
	cat "$dir/said" >&2
	exit 1
}

# The same profile among a hundred: the same cached token serves it.
cp -a "$dir/one/." "$dir/hundred/"
for n in $(seq -f %03g 2 100); do
	cp -p "$dir/hundred/cgp-cred/profiles/p001.yaml" "$dir/hundred/cgp-cred/profiles/p$n.yaml"
done
"$cgp" get p001 >/dev/null
for config in one hundred; do
	XDG_CONFIG_HOME=$dir/$config "$cgp" get p001 --format json | grep -q '"cached":true' || {
		echo "bench: the second get was not served from the cache, so there is nothing to measure" >&2
		exit 1
	}
done

# took CONFIG NAME COMMAND... appends the median time of one round to NAME.
took() {
	local config=$1 name=$2
	shift 2
	XDG_CONFIG_HOME=$dir/$config hyperfine -N --style none --warmup 20 --runs 200 --export-json "$dir/round.json" "$*" >/dev/null 2>&1
	sed -n 's/.*"median": *\([0-9.e+-]*\).*/\1/p' "$dir/round.json" >>"$dir/$name"
}
for _ in $(seq "$rounds"); do
	took one get "$cgp" get p001
	took one empty.times "$dir/empty"
	took one http.times "$dir/http"
	took one secret-tool secret-tool lookup service bench account item
	took hundred hundred.times "$cgp" get p001
done

# ratio A B prints the median of the rounds' ratios.
ratio() {
	paste "$dir/$1" "$dir/$2" | awk '{ print $1 / $2 }' | sort -g | awk '{ r[NR] = $1 } END { print r[int((NR + 1) / 2)] }'
}

over=0
# row TITLE RATIO LIMIT prints a line of the table, and remembers a ratio over its limit.
row() {
	local verdict=''
	if [ "$3" != - ] && awk -v r="$2" -v l="$3" 'BEGIN { exit !(r == "" || r > l) }'; then
		verdict='  OVER THE LIMIT'
		over=1
	fi
	printf '%-46s %6.2f  %6s%s\n' "$1" "$2" "$3" "$verdict"
}
printf '%-46s %6s  %6s\n' "a cached get, compared with" ratio limit
row "an empty Go program" "$(ratio get empty.times)" 2.40
row "an empty Go program with net/http in it" "$(ratio get http.times)" -
row "secret-tool lookup of one item" "$(ratio get secret-tool)" 0.50
row "itself: one of 100 profiles with the only one" "$(ratio hundred.times get)" 1.10
exit $over
