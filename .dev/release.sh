#!/bin/sh
# Makes a release's files in DIST (default dist): an archive a system and SHA256SUMS, as install.sh expects them.
# The same commit gives the same bytes. usage: VERSION=1.2.3 .dev/release.sh [OS/ARCH...]
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
for file in LICENSE README.md SECURITY.md CHANGELOG.md CONTRIBUTING.md; do
	[ ! -f "$file" ] || cp "$file" "$work"
done
mkdir "$work/docs"
cp docs/*.md "$work/docs"
go run -buildvcs=false -ldflags="-X main.version=$version" -tags man ./cmd/cgp-cred man "$work/man"

for target; do
	os=${target%/*} arch=${target#*/} program=cgp-cred
	[ "$os" != windows ] || program=cgp-cred.exe
	name=cgp-cred_${version}_${os}_${arch}
	echo "release: $name"
	rm -f "$work/cgp-cred" "$work/cgp-cred.exe"
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -ldflags="-s -w -X main.version=$version" -o "$work/$program" ./cmd/cgp-cred
	find "$work" -type f -exec chmod 644 {} +
	chmod 755 "$work/$program"
	find "$work" -exec touch -d "$made" {} +
	files=$(cd "$work" && find . -type f | sed 's|^\./||' | sort) # no folders: install.sh takes plain files only
	if [ "$os" = windows ]; then
		rm -f "$dist/$name.zip"
		(cd "$work" && echo "$files" | zip -qX "$dist/$name.zip" -@)
	else # gzip -n keeps the time of day out of it
		(cd "$work" && echo "$files" | tar --owner=0 --group=0 --numeric-owner --format=ustar -cf - -T -) | gzip -9n >"$dist/$name.tar.gz"
	fi
done
cd "$dist"
sha256sum cgp-cred_"$version"_* >SHA256SUMS
