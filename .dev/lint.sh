#!/bin/sh
# Runs every check that is not a test, all of them though one fails. TOOLS is the folder of golangci-lint, govulncheck and
# actionlint.
set -eu
cd "$(dirname "$0")/.."
# As programs are released: what one check or a test compiles, the others find in the cache.
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS-} -trimpath"
: "${TOOLS:?is set by the Makefile}"
bad=''

# check NAME COMMAND... runs the command and remembers that it failed.
check() {
	name=$1
	shift
	echo "lint: $name"
	"$@" || {
		bad="$bad, $name"
		echo "lint: $name: FAILED" >&2
	}
}

formatted() {
	unformatted=$(gofmt -l cmd helper keystore)
	[ -z "$unformatted" ] || {
		echo "gofmt would change these (make fmt does): $unformatted" >&2
		return 1
	}
}

# system OS ARCH compiles and vets everything, the tests too, for another system.
system() {
	GOOS=$1 GOARCH=$2 go build ./... && GOOS=$1 GOARCH=$2 go vet ./...
}

check gofmt formatted
check words sh .dev/words.sh
check "go mod tidy" go mod tidy -diff
check "go mod verify" go mod verify
check "go vet of the tests of make fleet" env GOOS=linux CGO_ENABLED=0 go vet -tags fleet ./cmd/internal/nodes/...
check "go vet of the tests of make clients" env CGO_ENABLED=0 go vet -tags clients ./...
check "go vet of the tests of make packages" env GOOS=linux CGO_ENABLED=0 go vet -tags packages ./cmd/internal/installtest/...
for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do
	check "$target" system "${target%/*}" "${target#*/}"
done
check golangci-lint "$TOOLS/golangci-lint" run --allow-parallel-runners ./...
check "golangci-lint for Windows" env GOOS=windows "$TOOLS/golangci-lint" run --allow-parallel-runners ./...
if command -v shellcheck >/dev/null 2>&1; then
	check shellcheck shellcheck -x -P SCRIPTDIR install.sh .github/actions/*/*.sh .dev/*.sh .dev/packaging/*.sh .ci/run contrib/*-sign contrib/*-keystore contrib/*.sh
else
	echo "lint: shellcheck: NOT CHECKED, it is not installed" >&2
fi
check actionlint "$TOOLS/actionlint" -no-color
check govulncheck sh .dev/vulnerabilities.sh # last, so that its warning is seen
[ -z "$bad" ] || {
	echo "lint: failed: ${bad#, }" >&2
	exit 1
}
