#!/bin/sh
# Makes a release's files in DIST (default dist): archives, packages, an image, install.sh, SHA256SUMS and more. The same
# commit gives the same bytes. BASE_URL is where users will find the files; install.sh then needs no option. If the module
# has an address on github.com, it is that of the release there. MINISIGN_KEY is the file of the secret key that signs
# SHA256SUMS, with its public key in MINISIGN_PUBLIC_KEY (default: the same name with .pub). With systems as arguments it
# makes only their archives. TOOLS is the folder with nfpm, cyclonedx-gomod and minisign.
# usage: VERSION=1.2.3 [BASE_URL=https://...] [MINISIGN_KEY=FILE] .dev/release.sh [OS/ARCH...]
set -eu
umask 022
export TZ=UTC LC_ALL=C
cd "$(dirname "$0")/.."
: "${VERSION:?is needed: VERSION=1.2.3}"
version=${VERSION#v}
case $version in
[!0-9]* | *[!0-9A-Za-z.+-]*)
	echo "release: $VERSION is not a version number" >&2
	exit 2
	;;
esac
packages=''
[ $# -gt 0 ] || {
	packages=yes
	set -- linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
}
mkdir -p "${DIST:-dist}"
dist=$(cd "${DIST:-dist}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
made=$(git log -1 --format=%cI 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ) # every file is as old as the commit
SOURCE_DATE_EPOCH=$(date -u -d "$made" +%s) && export SOURCE_DATE_EPOCH    # and so are the man pages
home=$(sed -n 's|^module \(github.com/[^/]*/[^/]*\)$|https://\1|p' go.mod)
base=${BASE_URL:-${home:+$home/releases/download/v$version}}
out=$work/out # what is released
mkdir "$out"

# common makes the folder with what every archive has.
common() {
	mkdir -p "$work/common/docs" "$work/common/completions"
	for file in LICENSE README.md SECURITY.md CHANGELOG.md CONTRIBUTING.md; do
		[ ! -f "$file" ] || cp "$file" "$work/common"
	done
	cp docs/*.md docs/*.png "$work/common/docs"
	cp -R contrib "$work/common/contrib"
	rm -rf "$work/common/contrib/testdata"
	sh .dev/packaging/notices.sh >"$work/common/NOTICES.md"
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="$flags" -tags man -o "$work/here" ./cmd/cgp-cred
	"$work/here" man "$work/common/man"
	fleet_page >"$work/common/man/cgp-cred-fleet.1"
	"$work/here" completion bash >"$work/common/completions/cgp-cred.bash"
	"$work/here" completion zsh >"$work/common/completions/_cgp-cred"
	"$work/here" completion fish >"$work/common/completions/cgp-cred.fish"
	"$work/here" completion powershell >"$work/common/completions/cgp-cred.ps1"
	find "$work/common" -type f -exec chmod 644 {} +
	chmod 755 "$work/common"/contrib/*-sign "$work/common"/contrib/*-keystore
	find "$work/common" -exec touch -d "$made" {} +
}

# fleet_page prints a manual page with the help of cgp-cred-fleet.
fleet_page() {
	printf '.TH CGP-CRED-FLEET 1 "%s"\n.SH NAME\ncgp\-cred\-fleet \- keep the token of a fleet in a Redis\n' "${made%%T*}"
	printf '.SH DESCRIPTION\n.nf\n'
	sed -e 's/[\\-]/\\&/g' -e "s/^['.]/\\\\\&&/" cmd/cgp-cred-fleet/help.txt
	printf '.fi\n.SH SEE ALSO\n.BR cgp\-cred (1)\n'
}

# programs FOLDER OS ARCH compiles the programs into a folder, with the other names of cgp-cred: links to it, and for
# Windows copies.
programs() {
	mkdir -p "$1"
	for program in cgp-cred cgp-cred-fleet; do
		CGO_ENABLED=0 GOOS=$2 GOARCH=$3 go build -trimpath -ldflags="$flags" -o "$1/$program$end" ./cmd/$program
	done
	for other in git-credential-cgp get_nhs_oauth_token; do
		if [ -n "$end" ]; then cp "$1/cgp-cred$end" "$1/$other$end"; else ln -s cgp-cred "$1/$other"; fi
	done
	find "$1" -type f -exec chmod 755 {} +
	find "$1" -exec touch -h -d "$made" {} +
}

# archive OS NAME packs the folder NAME. It has no entries for folders: install.sh takes none.
archive() {
	(cd "$work" && find "$2" ! -type d | sort) >"$work/list"
	if [ "$1" = windows ]; then
		(cd "$work" && zip -qX "$out/$2.zip" -@ <"$work/list")
	else # gzip -n keeps the time of day out of it
		(cd "$work" && tar --owner=0 --group=0 --numeric-owner --format=ustar -cf - -T "$work/list") | gzip -9n >"$out/$2.tar.gz"
	fi
}

# public_key prints the public key that is for the secret one.
public_key() {
	[ -n "${MINISIGN_KEY:-}" ] || return 0
	for file in "$MINISIGN_KEY" "$public"; do
		[ -f "$file" ] || {
			echo "release: $file is not there: MINISIGN_KEY is the file of the secret key, MINISIGN_PUBLIC_KEY that of the public one" >&2
			return 1
		}
	done
	sed -n 2p "$public"
}

# sign signs SHA256SUMS, and stops if users could not verify that.
sign() {
	if [ -z "${MINISIGN_KEY:-}" ]; then
		echo "release: NOT SIGNED: MINISIGN_KEY names no key" >&2
		return
	fi
	"${TOOLS:?is needed to sign}/minisign" -S -s "$MINISIGN_KEY" -t "cgp-cred $version" -m SHA256SUMS >"$work/said" 2>&1 &&
		"$TOOLS/minisign" -V -q -p "$public" -m SHA256SUMS && return
	cat "$work/said" >&2
	echo "release: SHA256SUMS is not signed by the secret key for $public" >&2
	return 1
}

public=${MINISIGN_PUBLIC_KEY:-${MINISIGN_KEY:-}}
[ -n "${MINISIGN_PUBLIC_KEY:-}" ] || public=${public%.key}.pub
key=$(public_key)
flags="-s -w -X main.version=$version"
common
for target; do
	os=${target%/*} arch=${target#*/} end=''
	[ "$os" != windows ] || end=.exe
	name=cgp-cred_${version}_${os}_${arch}
	echo "release: $name"
	programs "$work/$target" "$os" "$arch"
	cp -Rp "$work/common" "$work/$name"
	cp -Pp "$work/$target"/* "$work/$name"
	archive "$os" "$name"
done
if [ -n "$packages" ]; then
	export VERSION="$version" BASE_URL="$base" HOMEPAGE="$home" MADE="$made" WORK="$work" OUT="$out" TOOLS="${TOOLS:?is needed for the packages}"
	for kind in linux windows image sbom manifests; do
		sh .dev/packaging/$kind.sh
	done
fi
sed "s|^release_version='' release_base='' release_key=''\$|release_version='$version' release_base='$base' release_key='$key'|" install.sh >"$out/install.sh"
[ -z "$base" ] || PREFIX=/ sh "$out/install.sh" --dry-run >/dev/null # the base URL is one that it takes
cd "$out"
sha256sum -- * >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
sign
rm -f "$dist/SHA256SUMS.minisig" # of another run
mv -f -- * "$dist"
