#!/bin/sh
# Installs cgp-cred for one user: from this checkout, or from a release whose checksum is verified.
# Everything is in functions and the last line calls them, so that a download cut short runs nothing.
set -eu

# In a release's install.sh these are filled in; release_key is the public key of minisign for SHA256SUMS.
release_version='' release_base='' release_key=''

usage() {
	cat <<'USAGE'
usage: sh install.sh [--version VERSION --base-url URL] [--dry-run] [--uninstall] [--help]

Puts cgp-cred, its links git-credential-cgp and get_nhs_oauth_token, and cgp-cred-fleet into
PREFIX/bin, and its man pages, shell completions (bash, zsh, fish) and programs for key stores
below PREFIX/share.
In a checkout it builds what is there (this needs Go). With a version and a base URL it fetches
URL/cgp-cred_VERSION_OS_ARCH.tar.gz and URL/SHA256SUMS and installs what matches. The install.sh
of a release knows both.
On Windows, in Git Bash, it fetches the .zip, makes copies instead of links, and installs no man
pages and only the completion for bash. Without PREFIX it runs: cgp-cred.exe setup --install

  --version VERSION   the release to fetch, for example 1.2.0
  --base-url URL      where its files are, for example https://example.org/releases/v1.2.0
  --dry-run           say what would be done and do nothing
  --uninstall         remove what was installed; keys and profiles stay where they are
  --help              this text

environment (a flag wins):
  PREFIX              where to install; default: $HOME/.local, on Windows your folder of programs
  CGP_CRED_VERSION    as --version
  CGP_CRED_BASE_URL   as --base-url

It never asks for root, and changes no start-up file of your shell.
USAGE
}

say() { printf '%s\n' "$*"; }
note() { printf 'install.sh: %s\n' "$*" >&2; }

# stop STATUS WHAT HINT says what went wrong and what to do, and ends.
stop() {
	printf 'install.sh: %s\nhint: %s\n' "$2" "$3" >&2
	exit "$1"
}

have() { command -v "$1" >/dev/null 2>&1; }

# find_system sets windows, and exe, which ends a program's name there. uname names Git Bash, MSYS2 and Cygwin.
find_system() {
	windows='' exe=''
	case $(uname -s 2>/dev/null) in
	MINGW* | MSYS* | CYGWIN*) windows=yes exe=.exe shells=bash extra_names='completion for bash' ;;
	esac
	links="git-credential-cgp$exe get_nhs_oauth_token$exe" programs="cgp-cred-fleet$exe cgp-cred$exe"
}

# choose_prefix sets prefix, bin and share, the folders to install into. If it sets by_setup, the program's own setup
# installs into bin, as it does for users without Git Bash.
choose_prefix() {
	prefix=${PREFIX:-} by_setup=''
	[ -z "$windows" ] || [ -n "$prefix" ] || by_setup=yes
	if [ -z "$prefix" ]; then
		case ${HOME:-} in
		/*) prefix=$HOME/.local ;;
		*) stop 2 "HOME names no folder, so there is no default place to install into" "PREFIX=/opt/cgp-cred sh install.sh" ;;
		esac
	fi
	case $prefix in
	*"$newline"*) stop 2 "PREFIX has a line break in it" "give PREFIX one path, for example PREFIX=/opt/cgp-cred" ;;
	esac
	[ -z "$windows" ] || prefix=$(cygpath -u "$prefix") || stop 2 "PREFIX is no path" "PREFIX=/c/cgp-cred sh install.sh"
	case $prefix in
	/*) ;;
	*) prefix=$(pwd)/$prefix ;;
	esac
	while :; do # a slash at the end is no other folder
		case $prefix in
		*/) prefix=${prefix%/} ;;
		*) break ;;
		esac
	done
	bin=$prefix/bin share=$prefix/share
	[ -n "$by_setup" ] || return 0
	{ [ -n "${LOCALAPPDATA:-}" ] && bin=$(cygpath -u "$LOCALAPPDATA")/Programs/cgp-cred; } ||
		stop 2 "LOCALAPPDATA names no folder, so your folder of programs is not known" "PREFIX=/c/cgp-cred sh install.sh"
}

# choose_source sets src to the checkout to build, or version, base and loopback to the release to fetch.
choose_source() {
	version=${version:-${CGP_CRED_VERSION:-}} base=${base:-${CGP_CRED_BASE_URL:-}} src='' loopback=''
	if [ -n "$release_version" ] && [ -z "$version" ]; then
		version=$release_version base=${base:-$release_base}
	fi
	if [ -z "$version$base" ]; then
		find_checkout
		return
	fi
	both="give --version and --base-url to install a release, or neither to build a checkout"
	[ -n "$version" ] || stop 2 "there is a base URL and no version" "$both"
	[ -n "$base" ] || stop 2 "there is a version and no base URL" "$both"
	version=${version#v}
	case $version in
	[!0-9]* | *[!0-9A-Za-z.+-]* | '') stop 2 "the version is not a version number" "--version 1.2.0" ;;
	esac
	while :; do
		case $base in
		*/) base=${base%/} ;;
		*) break ;;
		esac
	done
	check_base
}

# check_base allows https, and http on this machine only.
check_base() {
	case $base in
	*[[:space:][:cntrl:]\\\"\'?#@]*) stop 2 "the base URL holds a character that it must not" "give it as https://HOST/PATH, without user name, query or spaces" ;;
	https://?*) return ;;
	http://*) ;;
	*) stop 2 "the base URL is not an https URL" "--base-url https://HOST/PATH" ;;
	esac
	authority=${base#http://}
	authority=${authority%%/*}
	case $authority in
	localhost | localhost:* | 127.0.0.1 | 127.0.0.1:* | '[::1]' | '[::1]:'*) loopback=yes ;;
	*) stop 2 "the base URL is plain http, which anyone on the way can change" "--base-url https://HOST/PATH" ;;
	esac
}

# find_checkout sets src to the folder of this very file, if that is a checkout. Read from a pipe, $0 is the shell's name,
# and a file of that name in the current folder is not this script.
find_checkout() {
	hint="run install.sh in a checkout, or give --version and --base-url to install a release"
	if [ "${0##*/}" != install.sh ] || [ ! -f "$0" ] || ! grep -q '^# Installs cgp-cred for one user:' "$0"; then
		stop 2 "there is nothing to install: this script was not read from a file" "$hint"
	fi
	src=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || stop 1 "the folder of install.sh can't be entered" "$hint"
	if [ ! -d "$src/cmd/cgp-cred" ] || ! grep -qx 'module cgp-cred' "$src/go.mod" 2>/dev/null; then
		stop 2 "there is nothing to install: $src is no checkout of cgp-cred" "$hint"
	fi
}

# make_tmp makes tmp, a folder that no other user can enter, and removes it at the end.
make_tmp() {
	new=''
	tmp=$(umask 077 && mktemp -d) || stop 1 "no temporary folder can be made" "set TMPDIR to a folder that you can write to"
	[ -z "$windows" ] || tmp=$(cygpath -m "$tmp") # C:/x is a path for every program
	trap 'rm -rf -- "$tmp"; [ -z "$new" ] || rm -f -- "$new"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# build compiles src into tmp/cgp-cred and tmp/cgp-cred-fleet.
build() {
	stamp=dev vcs=-buildvcs=false
	# Where git does not call src itself the top of a work tree, what it says would be about another project.
	if have git && top=$(git -C "$src" rev-parse --show-cdup 2>/dev/null) && [ -z "$top" ] &&
		stamp=$(git -C "$src" describe --tags --always --dirty --match 'v[0-9]*' 2>/dev/null); then
		vcs=-buildvcs=auto
	else
		stamp=dev
	fi
	if [ -z "${HOME:-}" ]; then # go has no place for its caches then
		GOCACHE=${GOCACHE:-$tmp/cache} GOPATH=${GOPATH:-$tmp/go} GOFLAGS="${GOFLAGS:-} -modcacherw"
		export GOCACHE GOPATH GOFLAGS
	fi
	say "building cgp-cred $stamp from $src"
	(cd -- "$src" && GOOS='' GOARCH='' GOWORK=off CGO_ENABLED=0 \
		go build -trimpath "$vcs" -ldflags="-s -w -X main.version=$stamp" -o "$tmp/cgp-cred$exe" ./cmd/cgp-cred) ||
		stop 1 "go build did not succeed; its own message is above" "this needs the Go that go.mod names, or a newer one; here is $(go version 2>/dev/null || echo another)"
	if [ -d "$src/cmd/cgp-cred-fleet" ]; then # only a fleet with a Redis needs it, and only it needs the library for that
		(cd -- "$src" && GOOS='' GOARCH='' GOWORK=off CGO_ENABLED=0 \
			go build -trimpath "$vcs" -ldflags="-s -w -X main.version=$stamp" \
			-o "$tmp/cgp-cred-fleet$exe" ./cmd/cgp-cred-fleet >"$tmp/said" 2>&1) ||
			note "cgp-cred-fleet can't be built, and is left out: $(sed -n 1p "$tmp/said")"
	fi
	[ -z "$windows" ] || return 0
	page_date=$(git -C "$src" log -1 --format=%ct 2>/dev/null) || page_date=''
	[ "$stamp" != dev ] || page_date=''
	(cd -- "$src" && GOOS='' GOARCH='' GOWORK=off CGO_ENABLED=0 SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$page_date} \
		go run -trimpath -buildvcs=false -tags man ./cmd/cgp-cred man "$tmp/man" >"$tmp/said" 2>&1) ||
		note "the man pages can't be written, and are left out: $(sed -n 1p "$tmp/said")"
	[ ! -d "$src/contrib" ] || cp -R "$src/contrib" "$tmp/contrib"
}

# platform sets os and arch, as the names of releases have them.
platform() {
	case $(uname -s) in
	Linux) os=linux ;;
	Darwin) os=darwin ;;
	MINGW* | MSYS* | CYGWIN*) os=windows ;;
	*) stop 1 "there is no release for $(uname -s)" "build it from a checkout" ;;
	esac
	machine=$(uname -m)
	case "$os $(uname -s) ${PROCESSOR_IDENTIFIER:-}" in # on ARM, Windows may emulate this shell
	windows*-ARM64* | windows*' ARMv'*) machine=arm64 ;;
	esac
	case $machine in
	x86_64 | amd64) arch=amd64 ;;
	aarch64 | arm64) arch=arm64 ;;
	*) stop 1 "there is no release for the processor $machine" "build it from a checkout" ;;
	esac
	top=cgp-cred_${version}_${os}_${arch}/ # the one folder in the archive
	archive=${top%/}.tar.gz unpackers='tar gzip awk'
	[ -z "$windows" ] || archive=${top%/}.zip unpackers='unzip awk'
}

# choose_tools sets fetcher and hasher before anything is fetched.
choose_tools() {
	if have curl; then
		fetcher=curl
	elif have wget && wget --version 2>/dev/null | grep -q 'GNU Wget'; then # others don't verify certificates
		fetcher=wget
	else
		stop 1 "neither curl nor GNU wget is here, so nothing can be fetched" "install curl, or build from a checkout"
	fi
	if have sha256sum; then
		hasher=sha256sum
	elif have shasum; then
		hasher='shasum -a 256'
	elif have openssl; then
		hasher='openssl dgst -sha256 -r'
	else
		stop 1 "none of sha256sum, shasum and openssl is here, so the download can't be verified" "install one of them"
	fi
	for tool in $unpackers; do
		have "$tool" || stop 1 "$tool is not here, so the release can't be unpacked" "install $tool"
	done
}

# fetch NAME puts base/NAME into tmp/NAME.
fetch() {
	case $fetcher$loopback in
	curl) set -- "$1" --proto '=https' ;;
	curlyes) set -- "$1" --proto '=http,https' --noproxy '*' ;;
	wget) set -- "$1" --secure-protocol=TLSv1_2 ;;
	wgetyes) set -- "$1" --no-proxy ;;
	esac
	name=$1
	shift
	if [ "$fetcher" = curl ]; then
		curl -fsSLg --tlsv1.2 "$@" --connect-timeout 20 --max-time 900 -o "$tmp/$name" -- "$base/$name" && return
	elif wget -nv -S "$@" --tries=1 --timeout=20 -O "$tmp/$name" -- "$base/$name" 2>"$tmp/log"; then
		# wget follows a redirect to plain http; what came that way is not used.
		[ -n "$loopback" ] || ! grep -Eiq '^ *location: *http:' "$tmp/log" || stop 1 "$base/$name leads to plain http" "choose another base URL"
		return
	else
		grep -v '^ ' "$tmp/log" >&2 || true
	fi
	stop 1 "$base/$name can't be fetched" "check the version, the base URL and the connection; a file that is not there means no such release for $os/$arch"
}

# verify_signature stops unless SHA256SUMS is signed for the public key, and says so if that can't be checked.
verify_signature() {
	if [ -z "$release_key" ]; then
		say "no signature is verified: this install.sh has no public key. The SHA-256 is"
	elif ! have minisign; then
		say "no signature is verified: minisign is not here. The SHA-256 is"
	else
		fetch SHA256SUMS.minisig
		minisign -Vq -P "$release_key" -x "$tmp/SHA256SUMS.minisig" -m "$tmp/SHA256SUMS" >"$tmp/said" 2>&1 ||
			stop 1 "the signature of SHA256SUMS is not by the release's key: $(sed -n 1p "$tmp/said")" \
				"nothing was installed; another version has its own install.sh, and may have another key; otherwise report it"
	fi
}

# verify stops unless SHA256SUMS has one line for the archive and the archive's sum is that.
verify() {
	want=$(awk -v name="$archive" '{ sub(/\r$/, ""); file = $2; sub(/^\*/, "", file) } NF == 2 && file == name { print tolower($1) }' "$tmp/SHA256SUMS" | sort -u)
	case $want in
	'' | *[!0-9a-f]*) stop 1 "SHA256SUMS has no single sum for $archive, so it can't be verified" "check the version and the base URL; nothing was installed" ;;
	esac
	got=$($hasher "$tmp/$archive" | awk 'NR == 1 { print tolower($1) }') || got=''
	[ "${#got}" -eq 64 ] || stop 1 "the checksum of $archive can't be computed" "nothing was installed; check that ${hasher%% *} works"
	[ "$got" = "$want" ] || stop 1 "the checksum of $archive is not the one in SHA256SUMS" "nothing was installed; fetch it again, and report it if it stays so"
}

# list writes the names of the archive's members to tmp/all, and lines that begin with the letter of their type to
# tmp/members.
list() {
	if [ -n "$windows" ]; then
		unzip -Z1 "$tmp/$archive" >"$tmp/all" 2>/dev/null && unzip -Zs "$tmp/$archive" '*' >"$tmp/members" 2>/dev/null
	else
		tar -tzf "$tmp/$archive" >"$tmp/all" 2>/dev/null && tar -tvzf "$tmp/$archive" >"$tmp/members" 2>/dev/null
	fi
}

# take NAME puts a program of the archive into tmp.
take() {
	if [ -n "$windows" ]; then
		unzip -pq "$tmp/$archive" "$top$1" >"$tmp/$1"
	else
		tar -xzOf "$tmp/$archive" "$top$1" >"$tmp/$1"
	fi || stop 1 "$archive can't be unpacked" "$odd"
}

# unpack takes cgp-cred, cgp-cred-fleet, the man pages and the programs of contrib out of the archive. Only plain files
# with names that a release has are allowed.
unpack() {
	odd="the archive is not one of cgp-cred; nothing was installed"
	list || stop 1 "$archive can't be unpacked" "$odd"
	# Two links are allowed, to the program. They are not taken, and neither are copies: place makes its own.
	! grep '^[^-]' "$tmp/members" | grep -Evq "^l.* $top(git-credential-cgp|get_nhs_oauth_token) -> cgp-cred\$" ||
		stop 1 "$archive holds something other than plain files" "$odd"
	pages='man/(cgp-cred[a-z-]*|git-credential-cgp|get_nhs_oauth_token)\.1'
	tools='contrib/(systemd/)?[a-z0-9]+[a-z0-9@.-]*'
	own="$(echo "$programs $links" | sed 's/[.]/\\./g; s/ /|/g')"
	awk -v top="$top" 'index($0, top) != 1 { exit 1 } { print substr($0, length(top) + 1) }' "$tmp/all" >"$tmp/names" ||
		stop 1 "$archive holds a file that a release does not have" "$odd"
	own="$own|LICENSE|[A-Z]+\.md|docs/[a-z-]+\.(md|png)|completions/[_a-z][a-z0-9_.-]*"
	! grep -Evxq "$own|$pages|$tools" "$tmp/names" ||
		stop 1 "$archive holds a file that a release does not have" "$odd"
	[ "$(grep -cFx "cgp-cred$exe" "$tmp/names")" = 1 ] || stop 1 "$archive does not hold one cgp-cred$exe" "$odd"
	take "cgp-cred$exe"
	case $(grep -cFx "cgp-cred-fleet$exe" "$tmp/names") in
	0) ;; # an earlier release
	1) take "cgp-cred-fleet$exe" ;;
	*) stop 1 "$archive holds more than one cgp-cred-fleet$exe" "$odd" ;;
	esac
	[ -z "$windows" ] || return 0
	grep -Ex "$pages|$tools" "$tmp/names" >"$tmp/extras" || return 0
	# shellcheck disable=SC2046 # names without spaces, as the pattern says
	tar -xzf "$tmp/$archive" -C "$tmp" $(sed "s|^|$top|" "$tmp/extras") || stop 1 "$archive can't be unpacked" "$odd"
	for folder in man contrib; do
		[ ! -d "$tmp/$top$folder" ] || mv "$tmp/$top$folder" "$tmp/$folder"
	done
}

# place puts the programs and the links into bin. Few users of Windows may make links: there they are copies. They come
# first, so that all is new if cgp-cred is.
place() {
	elsewhere="choose a folder that is yours: PREFIX=\"\$HOME/.local\" sh install.sh"
	sweep
	[ ! -f "$tmp/cgp-cred-fleet$exe" ] || place_program "cgp-cred-fleet$exe"
	[ -n "$windows" ] || place_program cgp-cred
	for link in $links; do
		if [ -e "$bin/$link" ] || [ -L "$bin/$link" ]; then
			if ! ours "$bin/$link"; then
				note "$bin/$link is another program's and was not changed; to have cgp-cred's, remove it and install again"
				continue
			fi
			[ -n "$windows" ] || continue
		fi
		if [ -n "$windows" ]; then
			place_program "$link" cgp-cred.exe
		else
			ln -s cgp-cred "$bin/$link" || stop 1 "the link $bin/$link can't be made" "$elsewhere"
		fi
	done
	[ -z "$windows" ] || place_program cgp-cred.exe
	installed=$bin/cgp-cred$exe
	say "installed $installed: $(sed -n 1p "$tmp/said")"
}

# place_program NAME [FILE] moves tmp/FILE, or tmp/NAME, to its place in one step: the old program may be running.
place_program() {
	[ ! -d "$bin/$1" ] || stop 1 "$bin/$1 is a folder" "move it away, or choose another PREFIX"
	mkdir -p -- "$bin" 2>/dev/null || stop 1 "the folder $bin can't be made" "$elsewhere"
	new=$(mktemp "$bin/.cgp-cred.XXXXXX$exe" 2>/dev/null) || {
		new=''
		stop 1 "nothing can be written to $bin" "$elsewhere"
	}
	{ cat "$tmp/${2:-$1}" >"$new" && chmod 755 "$new"; } || stop 1 "writing to $bin did not succeed" "is the disk full?"
	check_program "$new" "is $bin on a file system that runs programs?"
	if [ -z "$windows" ] || [ ! -e "$bin/$1" ]; then
		mv -f -- "$new" "$bin/$1" || stop 1 "$bin/$1 can't be replaced" "$elsewhere"
	elif ! mv -f -- "$new" "$bin/$1" 2>/dev/null; then
		{ aside "$bin/$1" && { mv -f -- "$new" "$bin/$1" || { mv -f -- "$old" "$bin/$1" && false; }; }; } ||
			stop 1 "$bin/$1 can't be replaced" "$elsewhere"
	fi
	new=''
}

# check_program FILE HINT stops unless the new program runs. tmp/said is what it says of its version.
check_program() {
	"$1" version >"$tmp/said" 2>&1 ||
		stop 1 "the new program does not run on this machine; what was installed before is still there" "$2"
}

# aside FILE gives a program another name, old. Windows allows that while the program runs, and no removal.
aside() {
	old=$(mktemp "${1%/*}/.cgp-cred.XXXXXX.old" 2>/dev/null) && mv -f -- "$1" "$old"
}

# sweep removes what aside has left, except what is still running.
sweep() {
	[ -z "$windows" ] || [ -n "$dry" ] || rm -f -- "$bin"/.cgp-cred.??????.old 2>/dev/null || true
}

# place_by_setup has the new program install itself: into the user's folder of programs, on the user's Path, and in the
# list of apps.
place_by_setup() {
	installed=$tmp/cgp-cred.exe
	chmod 755 "$tmp"/*.exe
	check_program "$installed" "is a rule of this machine against it? then ask its administrator"
	"$installed" setup --install || stop 1 "the program can't install itself; its own message is above" \
		"PREFIX=\"\$HOME/.local\" sh install.sh needs no setting of Windows"
}

# extras is each man page, program of contrib and completion that is installed, a name below share each line.
extras() {
	for page in "$share"/man/man1/cgp-cred.1 "$share"/man/man1/cgp-cred-*.1 "$share/man/man1/git-credential-cgp.1" "$share/man/man1/get_nhs_oauth_token.1"; do
		if [ -e "$page" ] || [ -L "$page" ]; then echo "man/man1/${page##*/}"; fi
	done
	for program in "$share"/cgp-cred/contrib/* "$share"/cgp-cred/contrib/systemd/*; do
		if [ -f "$program" ] || [ -L "$program" ]; then echo "${program#"$share/"}"; fi
	done
	for shell in $shells; do
		for script in $(completion "$shell"); do
			if [ -e "$share/$script" ] || [ -L "$share/$script" ]; then echo "$script"; fi
		done
	done
}

# completion SHELL is each name of the completion script below share. bash and fish look for a file of the command's name.
completion() {
	for command in cgp-cred $links; do
		command=${command%.exe}
		case $1 in
		bash) echo "bash-completion/completions/$command" ;;
		fish) echo "fish/vendor_completions.d/$command.fish" ;;
		esac
	done
	[ "$1" != zsh ] || echo zsh/site-functions/_cgp-cred
}

# place_extras puts man pages, programs of contrib and completions below share. The program is installed already, so what can't be written is
# told and left out.
place_extras() {
	extras >"$tmp/before"
	had_zsh=$(grep -x "$(completion zsh)" "$tmp/before" || true)
	while read -r name; do # pages of an earlier version may have no successor
		case $name in
		man/*) [ -L "$share/$name" ] || rm -f -- "$share/$name" 2>/dev/null || true ;;
		esac
	done <"$tmp/before"
	for page in "$tmp"/man/*.1; do
		[ ! -f "$page" ] || place_extra "$page" "man/man1/${page##*/}"
	done
	for program in "$tmp"/contrib/* "$tmp"/contrib/systemd/*; do
		[ ! -f "$program" ] || place_extra "$program" "cgp-cred/${program#"$tmp/"}"
	done
	for shell in $shells; do
		if "$installed" completion "$shell" >"$tmp/script" 2>/dev/null && [ -s "$tmp/script" ]; then
			for script in $(completion "$shell"); do
				place_extra "$tmp/script" "$script"
			done
		fi
	done
	if [ -n "$(extras)" ]; then say "installed its $extra_names below $share"; fi
	case ${SHELL:-} in
	*/zsh) [ -n "$had_zsh" ] || [ ! -f "$share/$(completion zsh)" ] || tell_zsh ;;
	esac
}

# place_extra FILE NAME copies FILE to NAME below share. A link of this name is the user's own and stays as it is.
place_extra() {
	if [ -L "$share/$2" ]; then
		note "$share/$2 is a link and was not changed"
		return
	fi
	folder=$share/${2%/*}
	if mkdir -p -- "$folder" 2>/dev/null && new=$(mktemp "$folder/.cgp-cred.XXXXXX" 2>/dev/null) &&
		cat "$1" >"$new" && chmod "$(mode "$1")" "$new" && mv -f -- "$new" "$share/$2"; then
		new=''
		return
	fi
	[ -z "$new" ] || rm -f -- "$new"
	new=''
	note "$share/$2 can't be written and was left out"
}

# mode FILE is 755 for a program, otherwise 644.
mode() {
	case $1 in
	*-sign | *-keystore) echo 755 ;;
	*) echo 644 ;;
	esac
}

tell_zsh() {
	say "To complete cgp-cred in zsh, add this line to ~/.zshrc before compinit:"
	say "    fpath=(\"$(printf '%s' "$share" | sed 's/[\\"$`]/\\&/g')/zsh/site-functions\" \$fpath)"
}

# ours says whether PATH is a link or a copy that this script made. A copy of any version has the name of its Go package
# in it; nothing is run to find that out.
ours() {
	if [ -n "$windows" ]; then
		[ -f "$1" ] && LC_ALL=C grep -Fq 'cgp-cred/cmd/cgp-cred' "$1"
		return
	fi
	[ -L "$1" ] || return 1
	case $(readlink "$1") in
	cgp-cred | "$bin/cgp-cred") return 0 ;;
	esac
	return 1
}

# tell_path says what is missing to call cgp-cred by its name.
tell_path() {
	case :${PATH:-}: in
	*":$bin:"*)
		first=$(command -v "cgp-cred$exe" || true)
		[ "$first" = "$bin/cgp-cred$exe" ] || note "$first comes before $bin on your PATH and will be the one that runs"
		return
		;;
	esac
	quoted=$(printf '%s' "$bin" | sed 's/[\\"$`]/\\&/g')
	say "$bin is not on your PATH. To call cgp-cred by its name, add this line to your shell's start-up file:"
	case ${SHELL:-} in
	*/fish) say "    fish_add_path \"$quoted\"" ;;
	*) say "    export PATH=\"$quoted:\$PATH\"" ;;
	esac
}

# tell_packages says which cgp-cred on PATH a package manager installed: only the first on PATH runs.
tell_packages() {
	rest=${PATH:-}:
	while [ -n "$rest" ]; do
		other=${rest%%:*}/cgp-cred$exe rest=${rest#*:}
		if [ ! -f "$other" ] || [ "$other" = "$bin/cgp-cred$exe" ] || ! manager=$(package_manager "$other"); then continue; fi
		note "$other was installed by $manager; the first on your PATH runs, so remove one: the package, or this one with sh install.sh --uninstall"
	done
}

# package_manager FILE prints the name of the package manager that installed a file.
package_manager() {
	if dpkg -S "$1"; then
		echo dpkg >&3
	elif HOME=$tmp rpm -qf "$1"; then # Debian's makes a database in HOME
		echo rpm >&3
	elif apk info --who-owns "$1"; then
		echo apk >&3
	elif pacman -Qo "$1"; then
		echo pacman >&3
	else
		return 1
	fi 3>&1 >/dev/null 2>&1
}

# install_it is what install.sh does without --uninstall.
install_it() {
	choose_source
	if [ -n "$src" ]; then
		have go || stop 1 "Go is not here, so nothing can be built" "install Go (https://go.dev/dl/), or give --version and --base-url to install a release"
		what="build $src"
	else
		platform
		choose_tools
		what="fetch $base/$archive, verify its SHA-256"
	fi
	if [ -n "$dry" ]; then
		names="cgp-cred$exe, $(echo "$links" | sed 's/ /, /') and cgp-cred-fleet$exe"
		say "would $what and put $names into $bin, $extra_names below $share"
		return
	fi
	make_tmp
	if [ -n "$src" ]; then
		build
	else
		say "fetching $base/$archive"
		fetch SHA256SUMS
		verify_signature
		fetch "$archive"
		verify
		unpack
	fi
	if [ -n "$by_setup" ]; then place_by_setup; else place; fi
	place_extras
	[ -z "$by_setup" ] || return 0 # setup has told it
	tell_path
	tell_packages
}

# program says whether NAME is a program, and not a link to one.
program() {
	case " $programs " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

# uninstall removes the programs, those links that are ours, and what is below share.
uninstall() {
	for name in $programs; do
		[ ! -d "$bin/$name" ] || stop 1 "$bin/$name is a folder, not the program" "is this the PREFIX that you installed into?"
	done
	removed='' by_name="$links $programs"
	sweep
	if [ -n "$by_setup" ]; then
		by_name=''
		[ ! -f "$bin/cgp-cred.exe" ] || uninstall_by_setup
	fi
	for name in $by_name; do
		path=$bin/$name
		[ -e "$path" ] || [ -L "$path" ] || continue
		if ! program "$name" && ! ours "$path"; then
			note "$path is another program's and was not changed"
			continue
		fi
		remove_one "$path"
	done
	for name in $(extras); do # no name has a space
		if [ -L "$share/$name" ] || [ ! -f "$share/$name" ]; then
			note "$share/$name is not a plain file and was not changed"
			continue
		fi
		remove_one "$share/$name"
	done
	[ -n "$removed" ] || say "nothing to remove: cgp-cred is not in $bin"
	if [ -n "$dry" ]; then
		say "Keys, tokens and profiles stay where they are. To remove them too, first run: cgp-cred logout --all"
	else
		say "Keys, tokens and profiles were left where they are. To remove them too, install again, run: cgp-cred logout --all"
	fi
}

# uninstall_by_setup has the program remove itself. A copy of it runs, so that the file is not in use.
uninstall_by_setup() {
	removed=yes
	if [ -n "$dry" ]; then
		say "would run: $bin/cgp-cred.exe setup --uninstall"
		return
	fi
	make_tmp
	cp -- "$bin/cgp-cred.exe" "$tmp/cgp-cred.exe" || stop 1 "$bin/cgp-cred.exe can't be read" "is $bin yours?"
	"$tmp/cgp-cred.exe" setup --uninstall ||
		stop 1 "the program can't remove itself; its own message is above" "Windows removes it too: Settings, Installed apps"
}

# remove_one removes PATH, or says that it would.
remove_one() {
	removed=yes
	if [ -n "$dry" ]; then
		say "would remove $1"
		return
	fi
	if [ -z "$windows" ]; then
		rm -f -- "$1" || stop 1 "$1 can't be removed" "is ${1%/*} yours?"
	elif ! rm -f -- "$1" 2>/dev/null; then
		aside "$1" || stop 1 "$1 can't be removed" "is ${1%/*} yours?"
		note "$1 is running: it is $old now; delete that when it has ended"
	fi
	say "removed $1"
}

# set_option FLAG VALUE keeps the value of a flag that has one.
set_option() {
	case $1 in
	--version) version=$2 ;;
	--base-url) base=$2 ;;
	esac
}

main() {
	newline='
'
	shells='bash zsh fish' extra_names='man pages, shell completions and programs for key stores'
	dry='' remove='' version='' base=''
	while [ $# -gt 0 ]; do
		case $1 in
		--version | --base-url)
			[ -n "${2:-}" ] || stop 2 "$1 needs a value" "sh install.sh --help"
			set_option "$1" "$2"
			shift
			;;
		--version=?* | --base-url=?*) set_option "${1%%=*}" "${1#*=}" ;;
		--dry-run) dry=yes ;;
		--uninstall) remove=yes ;;
		--help | -h)
			usage
			return
			;;
		*) stop 2 "unknown argument '$1'" "sh install.sh --help" ;;
		esac
		shift
	done
	find_system
	choose_prefix
	if [ -n "$remove" ]; then uninstall; else install_it; fi
}

{ main "$@"; exit; }
