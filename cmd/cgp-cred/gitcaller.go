package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cgp-cred/helper/wire"
)

// gitHint is the configuration that git needs.
const gitHint = "git needs the word credential after the program: " +
	"git config --global credential.https://HOST.helper '!cgp-cred credential'"

// refuseGit returns an error if git runs this command line as a credential helper: it appends its verb to a helper that
// lacks the word credential. get would print a token, which git would show in a warning.
func refuseGit(a *app, args []string) error {
	if len(args) != 1 || !slices.Contains(credentialVerbs, args[0]) || !belowGit(os.Getenv("PATH")) {
		return nil
	}
	in, ok := a.stdin.(*os.File)
	if !ok || !gitRequests(in) {
		return nil
	}
	_, _ = a.stdout.Write([]byte(wire.Quit)) // so that git does not ask for a password
	return usage(gitHint,
		"git runs cgp-cred as a credential helper, but without the word credential: nothing was printed")
}

// belowGit reports whether git has started this process, perhaps through others: it puts the folder of its own programs
// first on PATH.
func belowGit(path string) bool {
	first, _, _ := strings.Cut(path, string(os.PathListSeparator))
	return filepath.Base(first) == "git-core"
}

// gitRequests reports whether in is a pipe that begins with a credential request. It consumes nothing.
func gitRequests(in *os.File) bool {
	begin := peek(in)
	return slices.ContainsFunc([]string{"protocol=", "capability[]=", "host=", "url="}, func(key string) bool {
		return strings.HasPrefix(begin, key)
	})
}
