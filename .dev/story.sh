#!/bin/sh
# A key's life in this user's real keychain, against a simulated APIM on this machine: made, used, rotated, removed. It is
# for machines of CI, whose keychain ends with them; the profile is called cgp-cred-story.
# usage: .dev/story.sh PROGRAM [COMMAND...]; the command is one that exec runs
set -eu
program=${1:?is the cgp-cred to run}
shift
case $program in
/* | ?:*) ;;
*/*) program=$PWD/$program ;;
esac
[ $# -gt 0 ] || set -- "$program" version
name=cgp-cred-story
work=$(mktemp -d)
simulator=''
end() {
	"$program" logout "$name" --yes >/dev/null 2>&1 || :
	[ -z "$simulator" ] || kill "$simulator" 2>/dev/null || :
	rm -rf "$work"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
cd "$work"

# step WHAT COMMAND... runs a command, and ends the story if it fails.
step() {
	echo "story: $1"
	shift
	"$@" || { echo "story: FAILED: $*" >&2; exit 1; }
}

# same A B succeeds if two texts are the same, and not empty.
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }

# fails STATUS COMMAND... succeeds if a command ends with a status.
fails() {
	want=$1 got=0
	shift
	"$@" >/dev/null 2>&1 || got=$?
	[ "$got" = "$want" ]
}

# quiet runs a command whose stdout is a secret.
quiet() { "$@" >/dev/null; }

api_key=story-api-key-0123456789
"$program" simulate --api-key "$api_key" --jwks jwks.json >simulator.json 2>simulator.log &
simulator=$!
for _ in $(seq 300); do
	! grep -q '"host"' simulator.json || break
	sleep 0.2
done
host=$(sed -n 's/.*"host":"\([^"]*\)".*/\1/p' simulator.json)
printf %s "$api_key" >api-key

step "make a key in the keychain" "$program" keygen "$name" --host "$host" --kid story-1 --api-key-file api-key --out jwks.json
first=$("$program" get "$name" --format token)
step "a second get comes from the cache" same "$first" "$("$program" get "$name" --format token)"
step "look at it" "$program" status "$name"
step "every link is well" "$program" doctor "$name"
"$program" erase "$name"
second=$("$program" get "$name" --format token)
step "after erase there is a new token" fails 1 same "$first" "$second"
step "add a second key" "$program" rotate "$name" --kid story-2 --out jwks.json
step "its first token promotes it" quiet "$program" get "$name" --force-new
step "drop the first key" "$program" rotate "$name" --finish
step "a command gets a token" "$program" exec "$name" -- "$@"
step "remove the key, the token and the profile" "$program" logout "$name" --yes
step "nothing is left" fails 3 "$program" get "$name"
echo "story: done"
