package main

import (
	"slices"
	"testing"
)

// TestDispatch has the names that links, and copies on Windows, give the program.
func TestDispatch(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"cgp-cred":                     {"-v"},
		"/usr/bin/cgp-cred.exe":        {"-v"},
		"get_nhs_oauth_token":          {"get_nhs_oauth_token", "-v"},
		"./get_nhs_oauth_token":        {"get_nhs_oauth_token", "-v"},
		"/bin/GET_NHS_OAUTH_TOKEN.EXE": {"get_nhs_oauth_token", "-v"},
		"git-credential-cgp.exe":       {"credential", "-v"},
		"get_nhs_oauth_token.py":       {"-v"},
	} {
		if got := dispatch([]string{name, "-v"}); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
