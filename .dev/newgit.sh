#!/bin/sh
# Unpacks a git that knows authtype (2.46 or later) into .tools/newgit, for the tests, where the system's is older.
set -eu
# shellcheck source=stable.sh
. "$(dirname "$0")/stable.sh"
git=$(cd "$(dirname "$0")/.." && pwd)/.tools/newgit
[ ! -x "$git/git" ] || exit 0
! git credential capability 2>/dev/null | grep -q authtype || exit 0
unpack "$git" git
mkdir -p "$git/git-core"
run "$git/git-core/git" "$git/tree/usr/bin/git"
run "$git/git-core/git-remote-https" "$git/tree/usr/lib/git-core/git-remote-http"
printf '#!/bin/sh\nexport GIT_EXEC_PATH="%s"\nexec "%s/git" "$@"\n' "$git/git-core" "$git/git-core" >"$git/git"
chmod +x "$git/git"
rm -rf "$git/work"
"$git/git" --version
