#!/bin/sh
# Makes a release's files in DIST (default dist): an archive a system, install.sh and SHA256SUMS. The same commit gives
# the same bytes. BASE_URL is where users will find the files; install.sh then needs no option. If the module has an
# address on github.com, it is that of the release there.
# usage: VERSION=1.2.3 [BASE_URL=https://...] .dev/release.sh [OS/ARCH...]
set -eu
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
dist=${DIST:-dist}
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
made=$(git log -1 --format=%cI 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ) # every file is as old as the commit
SOURCE_DATE_EPOCH=$(date -u -d "$made" +%s) && export SOURCE_DATE_EPOCH    # and so are the man pages
base=${BASE_URL:-}
if [ -z "$base" ]; then
	base=$(sed -n "s|^module \(github.com/[^/]*/[^/]*\)\$|https://\1/releases/download/v$version|p" go.mod)
fi
common=$work/common # what every archive has
mkdir -p "$common/docs" "$common/completions"
for file in LICENSE README.md SECURITY.md CHANGELOG.md CONTRIBUTING.md; do
	[ ! -f "$file" ] || cp "$file" "$common"
done
cp docs/*.md docs/*.png "$common/docs"
cp -R contrib "$common/contrib"
rm -rf "$common/contrib/testdata"
stamped="-X main.version=$version"
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w $stamped" -tags man -o "$work/here" ./cmd/cgp-cred
"$work/here" man "$common/man"
"$work/here" completion bash >"$common/completions/cgp-cred.bash"
"$work/here" completion zsh >"$common/completions/_cgp-cred"
"$work/here" completion fish >"$common/completions/cgp-cred.fish"
"$work/here" completion powershell >"$common/completions/cgp-cred.ps1"

for target; do
	os=${target%/*} arch=${target#*/} end=''
	[ "$os" != windows ] || end=.exe
	name=cgp-cred_${version}_${os}_${arch}
	echo "release: $name"
	cp -R "$common" "$work/$name"
	for program in cgp-cred cgp-cred-fleet; do
		CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -ldflags="-s -w $stamped" -o "$work/$name/$program$end" ./cmd/$program
	done
	find "$work/$name" -type f -exec chmod 644 {} +
	chmod 755 "$work/$name/cgp-cred$end" "$work/$name/cgp-cred-fleet$end" "$work/$name"/contrib/*-sign "$work/$name"/contrib/*-keystore
	find "$work/$name" -exec touch -d "$made" {} +
	files=$(cd "$work" && find "$name" -type f | sort) # no folders: install.sh takes plain files only
	if [ "$os" = windows ]; then
		rm -f "$dist/$name.zip"
		(cd "$work" && echo "$files" | zip -qX "$dist/$name.zip" -@)
	else # gzip -n keeps the time of day out of it
		(cd "$work" && echo "$files" | tar --owner=0 --group=0 --numeric-owner --format=ustar -cf - -T -) | gzip -9n >"$dist/$name.tar.gz"
	fi
	rm -rf "${work:?}/$name"
done
sed "s|^release_version='' release_base=''\$|release_version='$version' release_base='$base'|" install.sh >"$dist/install.sh"
[ -z "$base" ] || PREFIX=/ sh "$dist/install.sh" --dry-run >/dev/null # the base URL is one that it takes
cd "$dist"
sha256sum cgp-cred_"$version"_* install.sh >SHA256SUMS
