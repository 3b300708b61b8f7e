#!/bin/sh
# Installs cgp-cred into RUNNER_TEMP/cgp-cred/bin, for the steps of a job. If a version is named, or the action by the tag of
# a release, that release is fetched and its SHA-256 verified; otherwise the action's own checkout is built, which needs Go.
# From action.yml: CHECKOUT, RELEASE (a version, or empty), BASE, REF (the tag or commit of the action), REPOSITORY.
set -eu
: "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_PATH:?is set by the runner}" "${CHECKOUT:?}"
temp=$RUNNER_TEMP windows=''
case $(uname -s) in
MINGW* | MSYS* | CYGWIN*) # the runner's paths have backslashes, this shell's do not
	windows=yes
	temp=$(cygpath -u "$RUNNER_TEMP")
	CHECKOUT=$(cygpath -u "$CHECKOUT")
	;;
esac
prefix=$temp/cgp-cred
bin=$prefix/bin

version=${RELEASE:-}
if [ -z "$version" ]; then
	case ${REF:-} in
	v[0-9]*.[0-9]*.[0-9]*) version=$REF ;;
	esac
fi
version=${version#v}
case $version in
*[!0-9A-Za-z.+-]*)
	echo "cgp-cred: $version is not a version" >&2
	exit 2
	;;
esac
base=${BASE:-${SERVER:-https://github.com}/${REPOSITORY:-}/releases/download/v$version}

# fetch NAME gets a file of the release.
fetch() { curl -q -fsSL --proto '=https' --tlsv1.2 --retry 2 -o "$work/$1" -- "$base/$1"; }

# release unpacks a release for Windows into bin, if it has the checksum that the release says.
release() {
	case ${RUNNER_ARCH:-X64} in
	ARM64) name=cgp-cred_${version}_windows_arm64 ;;
	*) name=cgp-cred_${version}_windows_amd64 ;;
	esac
	fetch "$name.zip"
	fetch SHA256SUMS
	want=$(tr -d '\r' <"$work/SHA256SUMS" | sed -n "s/^\([0-9a-f]\{64\}\) [ *]$name\.zip\$/\1/p")
	got=$(sha256sum "$work/$name.zip" | cut -c 1-64)
	if [ -z "$want" ] || [ "$want" != "$got" ]; then
		echo "cgp-cred: the checksum of $name.zip is not the one in SHA256SUMS: nothing is installed" >&2
		exit 1
	fi
	unzip -q "$work/$name.zip" -d "$work"
	cp "$work/$name"/*.exe "$bin"
}

# build compiles the checkout for Windows into bin.
build() {
	(cd "$CHECKOUT" && CGO_ENABLED=0 GOOS=windows GOWORK=off go build -trimpath -ldflags='-s -w' -o "$work/" ./cmd/cgp-cred)
	for program in cgp-cred git-credential-cgp get_nhs_oauth_token; do
		cp "$work/cgp-cred.exe" "$bin/$program.exe"
	done
}

if [ -z "$windows" ]; then
	[ -z "$version" ] || set -- --version "$version" --base-url "$base"
	PREFIX=$prefix sh "$CHECKOUT/install.sh" "$@"
	echo "$bin" >>"$GITHUB_PATH" # for later steps
	exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$bin" # an earlier step may have put other programs there
mkdir -p "$bin"
if [ -n "$version" ]; then release; else build; fi
cygpath -w "$bin" >>"$GITHUB_PATH"
