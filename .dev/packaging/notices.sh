#!/bin/sh
# Prints the licences of the Go modules that are a part of the released programs, on any system, and Go's own.
set -eu
cd "$(dirname "$0")/../.."
echo "# Notices"
echo
echo "The programs of cgp-cred have parts of these Go modules, under these licences."
{
	echo "Go $(go env GOROOT)"
	for os in linux darwin windows; do
		GOOS=$os go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/cgp-cred ./cmd/cgp-cred-fleet
	done
} | sort -u | while read -r module folder; do
	found=''
	for file in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE*; do
		[ -f "$file" ] || continue
		found=yes
		printf '\n## %s: %s\n\n```text\n' "$module" "${file##*/}"
		cat "$file"
		printf '\n```\n'
	done
	[ -n "$found" ] || {
		echo "notices: $module has no licence" >&2
		exit 1
	}
done
