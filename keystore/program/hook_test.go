package program_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

// hook runs a script as a hook, and returns what it printed.
func hook(ctx context.Context, t *testing.T, text string, limit time.Duration, args ...string) (string, error) {
	t.Helper()
	argv := append(script(t, text), args...)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() //nolint:errcheck // it is read below
	err = program.Hook(ctx, argv, []string{"CGP_TOKEN_FILE=/run/t"}, out, limit)
	said, rerr := os.ReadFile(out.Name())
	if rerr != nil {
		t.Fatal(rerr)
	}
	return string(said), err
}

// A hook gets its words as they are, the variable, an empty stdin, and no variable of cgp-cred's.
func TestHookRuns(t *testing.T) {
	t.Setenv("CGP_CRED_API_KEY", "hidden-api-key")
	got, err := hook(t.Context(), t, `echo "$# $1 $CGP_TOKEN_FILE"; cat; env | grep CGP_CRED_; echo err >&2`, time.Minute, "a*b$(id)")
	if err != nil || got != "1 a*b$(id) /run/t\nerr\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A hook that fails says so with a hint; one that hangs is ended with what it started; one that is not needed any more
// ends by a signal that it can catch.
func TestHookFails(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"exit 3":     "failed: exit status 3",
		"kill -9 $$": "failed: signal: killed",
	} {
		if _, err := hook(t.Context(), t, text, time.Minute); err == nil || !strings.Contains(err.Error(), says) ||
			fault.HintOf(err, "") == "" {
			t.Errorf("%s: %v", text, err)
		}
	}
	for argv, says := range map[string]string{
		"/nonexistent/hook a": "could not be started: no such file", "hook": "not an absolute path", "": "it is empty",
	} {
		err := program.Hook(t.Context(), strings.Fields(argv), nil, os.Stderr, time.Minute)
		if err == nil || !strings.Contains(err.Error(), says) || fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v", argv, err)
		}
	}
	got, err := hook(t.Context(), t, `trap "" TERM; echo begun; `+stays+" & "+stays, 500*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not end within") || got != "begun\n" {
		t.Errorf("%q, %v", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, stop)
	_, err = hook(ctx, t, stays, time.Minute)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
