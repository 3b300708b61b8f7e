#!/bin/sh
# Gives the module its public address: sh .dev/home.sh github.com/OWNER/REPO. It rewrites the module's path in go.mod, in
# imports, checks and documents, and the parts of documents that are between "<!-- no home -->" and "<!-- home": of those
# the text after "<!-- home" stays, with the address for HOME. It commits nothing.
set -eu
cd "$(dirname "$0")/.."

stop() {
	echo "home: $1" >&2
	echo "hint: make home REPO=github.com/OWNER/REPO" >&2
	exit 2
}

home=${1:-}
name=${home#*/}
case $home in
*[!A-Za-z0-9./_-]* | *//* | */ | /* | *..* | -* | */-*) stop "\"$home\" is not the address of a repository" ;;
*.*/*/*) ;;
*) stop "\"$home\" is not the address of a repository: HOST/OWNER/REPO" ;;
esac
case $name in */*/*) stop "\"$home\" has more than an owner and a repository" ;; esac
[ -z "$(git status --porcelain)" ] || stop "there are changes that are not committed"
old=$(sed -n 's/^module //p' go.mod)
[ "$old" != "$home" ] || stop "that is the module's address already"

# The module's path, if it is not a part of a longer path or word.
before='(^|[^A-Za-z0-9_./-])'
path=$(printf '%s' "$old" | sed 's/\./\\./g')
edit() {
	git ls-files -z "$@" | xargs -0 sed -E -i.before \
		-e "s#${before}${path}/(cmd|helper|keystore)#\\1${home}/\\2#g" \
		-e "s#(module-path: |local-prefixes: \\[)${path}#\\1${home}#" \
		-e "s#(-require=|-replace=)${path}([@=])#\\1${home}\\2#g"
}
edit '*.go' '*.md' .golangci.yml
go mod edit -module "$home"

# The documents' two states. After the first time they have only the second.
git ls-files -z '*.md' | xargs -0 awk -v home="$home" -v name="$name" '
	FNR == 1 { if (out) close(out); out = FILENAME ".after"; printf "" >out; state = "" }
	/^<!-- no home -->$/ { state = "skip"; next }
	/^<!-- home$/ { state = "keep"; next }
	/^-->$/ && state == "keep" { state = ""; next }
	state == "skip" { next }
	state == "keep" { gsub(/HOME/, home) }
	{ sub(/uses: OWNER\/REPO\//, "uses: " name "/"); print >out }
'
git ls-files '*.md' | while IFS= read -r file; do
	cmp -s "$file" "$file.after" || cat "$file.after" >"$file"
	rm -f "$file.after"
done
if [ "$old" != cgp-cred ]; then # a move: the documents name the old address
	git ls-files -z '*.md' | xargs -0 sed -i.before -e "s#${path}#${home}#g" -e "s#uses: ${path#*/}/#uses: ${name}/#g"
fi
git ls-files -o '*.before' | while IFS= read -r file; do rm -f "$file"; done
gofmt -l -w cmd helper keystore >/dev/null
go list -deps ./... >/dev/null
git diff --stat | tail -1
echo "The module is $home now. Look at it, then commit it: git commit -a -m 'The module has a home: $home'"
