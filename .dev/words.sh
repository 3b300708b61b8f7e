#!/bin/sh
# Fails if there are words of words.txt in what people read, and prints the lines with what to write instead. A line of
# words.allow, FILE<tab>TEXT, allows the lines of FILE that hold TEXT; the file * is every file. Of scripts it reads the
# comments. The changelog is left out.
set -eu
cd "$(dirname "$0")/.."
words=$(mktemp)
found=$(mktemp)
trap 'rm -f "$words" "$found"' EXIT
sed -e '/^#/d' -e '/^$/d' -e 's/	.*//' .dev/words.txt >"$words"
git ls-files -co --exclude-standard '*.go' '*.py' '*.R' '*.Rd' '*.js' '*.ts' '*.cts' '*.sh' '*.txtar' '*.md' '*.yml' '*.yaml' Makefile .ci/run 'contrib/*-sign' \
	'contrib/*-keystore' |
	grep -v -e '^\.dev/words\.' -e '/testdata/fuzz/' -e '^CHANGELOG' |
	xargs grep -sHnEiw -f "$words" |
	awk -F '\t' '
		NR == FNR { if (!/^#/ && NF == 2) allowed[$1, ++n[$1]] = $2; next }
		{
			file = $0; sub(/:.*/, "", file)
			if (file ~ /\.txtar$/ && $0 !~ /^[^:]*:[0-9]*:#/) next
			for (i = 1; i <= n["*"]; i++) if (index($0, allowed["*", i])) next
			for (i = 1; i <= n[file]; i++) if (index($0, allowed[file, i])) next
			print
		}
	' .dev/words.allow - >"$found"
[ -s "$found" ] || exit 0
tab=$(printf '\t')
while IFS="$tab" read -r word instead; do
	case $word in '' | '#'*) continue ;; esac
	grep -Eiw -e "$word" "$found" | sed "s|\$|$tab$instead|" >&2
done <.dev/words.txt
echo "$(wc -l <"$found") lines have words of .dev/words.txt" >&2
exit 1
