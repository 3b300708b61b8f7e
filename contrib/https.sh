# shellcheck shell=sh
# What the programs for services have in common: a request with a secret header. They read it from their own folder. It
# needs curl 7.55 or later and jq.
LC_ALL=C
export LC_ALL

# fail TEXT... ends the program with one line.
fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# secret FILE prints the secret in a file. What would end curl's line is refused.
secret() {
	line=$(cat "$1") || exit 1
	case $line in '' | *[!!-~]* | *[\"\\]*) fail "$1 holds no token" ;; esac
	printf %s "$line"
}

# request METHOD URL [ARGS OF CURL...] sends $body, if it is not empty, with the header line $header, and sets status
# and answer. The secrets reach curl through pipes: "-K -" is the header, so the body is on another descriptor. curl
# reads no .curlrc, follows no redirect, to which it would send the header, and gives up after ten seconds.
request() {
	method=$1 url=$2
	shift 2
	case $url in
	*@*) fail "$url: write the URL without a user" ;;
	https://?*) ;;
	http://127.0.0.1:* | http://localhost:* | 'http://[::1]:'*) set -- --noproxy '*' "$@" ;;
	http://169.254.169.254/* | http://metadata.google.internal/*) set -- --noproxy '*' "$@" ;; # the machine's own host
	*) fail "$url: only https, or http on this machine" ;;
	esac
	[ -z "$body" ] || set -- -H 'Content-Type: application/json' --data-binary @/dev/fd/3 "$@"
	answer=$(printf %s "$body" | {
		exec 3<&0
		# shellcheck disable=SC2154 # the program sets it
		printf 'header = "%s"\n' "$header" | curl -q -gsS --connect-timeout 5 --max-time 10 --proto =http,https \
			-X "$method" -w '\n%{http_code}' -K - "$@" "$url"
	}) || exit 1
	status=${answer##*"
"} answer=${answer%"
"*}
}

# part ARGS OF JQ... prints a part of the answer, or returns 1: jq -e is content with no input.
part() {
	found=$(printf %s "$answer" | jq -er "$@" 2>/dev/null) && [ -n "$found" ] && printf '%s\n' "$found"
}

# bearer FILE URL HEADER sets header to that of an access token: the one in FILE, or, if FILE is the word metadata, one of
# the machine's own identity, which its cloud answers with at URL.
bearer() {
	body='' header=$3
	if [ "$1" = metadata ]; then
		request GET "$2"
		[ "$status" = 200 ] || refused
		token=$(part .access_token) || fail "the metadata server answered without a token"
	else
		token=$(secret "$1")
	fi
	header="Authorization: Bearer $token"
}

# refused ends the program with the service's own words.
refused() {
	words=$(part '(.errors // [.error.message, .error_description]) | map(strings) | join("; ")') ||
		words=$(printf %s "$answer" | head -c 200)
	fail "HTTP $status: $(printf %s "$words" | tr -s '\n\t' ' ')"
}
