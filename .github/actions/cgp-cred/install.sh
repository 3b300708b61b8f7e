#!/bin/sh
# Runs install.sh of the action's checkout, to put cgp-cred into RUNNER_TEMP/cgp-cred/bin for the steps of a job. If a
# version is named, or the action by the tag of a release, that release is fetched; otherwise the checkout is built,
# which needs Go.
# From action.yml: CHECKOUT, RELEASE (a version, or empty), BASE, REF (the tag or commit of the action), REPOSITORY.
set -eu
: "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_PATH:?is set by the runner}" "${CHECKOUT:?}"
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
[ -z "$version" ] || set -- --version "$version" --base-url "$base"

windows=''
case $(uname -s) in
MINGW* | MSYS* | CYGWIN*) # the runner's paths have backslashes, this shell's do not
	RUNNER_TEMP=$(cygpath -u "$RUNNER_TEMP")
	CHECKOUT=$(cygpath -u "$CHECKOUT")
	windows=yes
	;;
esac
bin=$RUNNER_TEMP/cgp-cred/bin
rm -rf "$bin" || true # an earlier step may have put other programs there; Windows keeps one that is running
PREFIX=$RUNNER_TEMP/cgp-cred sh "$CHECKOUT/install.sh" "$@"
[ -z "$windows" ] || bin=$(cygpath -w "$bin")
printf '%s\n' "$bin" >>"$GITHUB_PATH" # for later steps
