#!/bin/sh
# Looks for the words of words.txt in what people read. A line of words.allow, FILE<tab>TEXT, allows the lines of FILE that
# hold TEXT.
set -eu
cd "$(dirname "$0")/.."
files=$(mktemp)
found=$(mktemp)
trap 'rm -f "$files" "$found"' EXIT
git ls-files -co --exclude-standard '*.go' '*.py' '*.sh' '*.txtar' '*.md' '*.yml' '*.yaml' Makefile .ci/run |
	grep -v -e '^\.dev/words\.' -e '/testdata/fuzz/' -e '^CHANGELOG' -e '^cmd/internal/soak/' -e '^cmd/internal/installtest/' >"$files"
tab=$(printf '\t')
while IFS="$tab" read -r words instead; do
	case $words in '' | '#'*) continue ;; esac
	xargs grep -HnEiw -e "$words" <"$files" | sed "s|\$|$tab$instead|" >>"$found" || [ $? -le 1 ] || exit 1
done <.dev/words.txt

awk -F '\t' '
	FILENAME ~ /words\.allow$/ { if (!/^#/ && NF == 2) allowed[$1, ++n[$1]] = $2; next }
	{
		file = $0; sub(/:.*/, "", file)
		if (file ~ /\.txtar$/ && $0 !~ /^[^:]*:[0-9]*:#/) next # of scripts, only the comments
		for (i = 1; i <= n[file]; i++) if (index($0, allowed[file, i])) next
		print; bad++
	}
	END { if (bad) { print bad " lines have words of .dev/words.txt; what to write instead is at their ends" > "/dev/stderr"; exit 1 } }
' .dev/words.allow "$found"
