#!/bin/sh
# Says what was not tested, a line a reason. FILE is what tests wrote to CGP_CRED_TEST_SKIPPED.
# usage: .dev/skipped.sh FILE
set -eu
sort -u "$1" | awk -F '\t' '
	function tests(n) { return n == 1 ? "1 test was" : n " tests were" }
	$1 == "missing" {
		if (!($2 in programs)) { programs[$2]; list = list (list == "" ? "" : ", ") $2; kinds++ }
		if (!($3 in without)) { without[$3]; missing++ }
	}
	$1 == "lacks" && !lacks[$2]++ { order[++reasons] = $2 }
	END {
		if (missing) print tests(missing) " skipped: " list (kinds == 1 ? " is" : " are") " missing: make deps installs " (kinds == 1 ? "it" : "them")
		for (i = 1; i <= reasons; i++) print tests(lacks[order[i]]) " skipped, or in part: this needs " order[i]
	}'
