#!/bin/sh
# Makes the Homebrew formula, the Scoop manifest and those of winget in OUT, with the checksums of the files there. They name
# the address of those files, so they need BASE_URL. release.sh calls it.
set -eu
cd "$(dirname "$0")"
if [ -z "${BASE_URL:-}" ]; then
	echo "release: without BASE_URL, no manifest for Homebrew, Scoop and winget" >&2
	exit 0
fi
echo "release: the manifests for Homebrew, Scoop and winget"
url=${BASE_URL%/}
home=${HOMEPAGE:-$url}
product=$(msiinfo export "$OUT/cgp-cred_${VERSION}_windows_amd64.msi" Property | tr -d '\r' | awk '$1 == "ProductCode" { print $2 }')

# fill FILE prints a template with the values of this release. SUM:NAME is the checksum of the file of that name.
fill() {
	script="s|@VERSION@|$VERSION|g;s|@URL@|$url|g;s|@HOME@|$home|g;s|@PRODUCT@|$product|g;s|@DATE@|${MADE%%T*}|g"
	for file in "$OUT"/cgp-cred_*; do
		name=${file##*/}
		script="$script;s|@SUM:${name#"cgp-cred_${VERSION}_"}@|$(sha256sum "$file" | cut -d ' ' -f 1)|g"
	done
	sed "$script" "$1"
}

fill formula.rb >"$OUT/cgp-cred.rb"
fill scoop.json >"$OUT/cgp-cred.json"
for part in '' .installer .locale.en-GB; do
	fill "winget$part.yaml" >"$OUT/cgp-cred.cgp-cred$part.yaml"
done
! grep -n '@[A-Z]*[:@]' "$OUT"/cgp-cred.rb "$OUT"/cgp-cred.json "$OUT"/cgp-cred.cgp-cred*.yaml >&2
