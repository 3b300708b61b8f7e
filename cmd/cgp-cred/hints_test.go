package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"cgp-cred/cmd/internal/scripttest"
)

// checkCommand returns what is wrong with a command line of cgp-cred that a hint has: an unknown command or flag, or a
// wrong number of arguments. It runs nothing.
func checkCommand(args []string) error {
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	root := rootCommand(a, nil)
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if cmd == root && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("%s is no command", args[0])
	}
	if err := cmd.ParseFlags(rest); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// TestHintCommands: what scripts find in hints is a command line, and a wrong one is noticed.
func TestHintCommands(t *testing.T) {
	t.Parallel()
	for hint, want := range map[string][]string{
		"cgp-cred list":                             {"cgp-cred list"},
		"run `cgp-cred doctor`":                     {"cgp-cred doctor"},
		"run cgp-cred as that user":                 nil,
		"did you mean cgp-cred get, cgp-cred list?": {"cgp-cred get", "cgp-cred list"},
		"create it: cgp-cred store x --host HOST, or cgp-cred keygen x --host HOST --kid KID": {
			"cgp-cred store x --host HOST", "cgp-cred keygen x --host HOST --kid KID",
		},
		"move it away: mv /a/cgp-cred/b /a/cgp-cred/b.away": {"mv /a/cgp-cred/b /a/cgp-cred/b.away"},
		"chmod go-w '/a b/cgp-cred'":                        {"chmod go-w '/a b/cgp-cred'"},
	} {
		got := scripttest.HintCommands("cgp-cred: x\nhint: " + hint + "\n")
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: %q, want %q", hint, got, want)
		}
	}
	for hint, ok := range map[string]bool{
		"cgp-cred list":                            true,
		"cgp-cred help":                            true,
		"cgp-cred get --help":                      true,
		"cgp-cred store x --host HOST":             true,
		"cgp-cred lits":                            false,
		"cgp-cred store":                           false,
		"cgp-cred logout":                          true, // its own check, not the parser's
		"cgp-cred store x --hots HOST":             false,
		"cgp-cred list x y":                        false,
		"chmod go-w /home/u":                       false,
		"sudo chown -h 0 /home/u/.config":          false,
		"sudo chown -h 0 /home/u/.config/cgp-cred": true,
		"rm -r /home/u":                            false,
	} {
		if err := scripttest.CheckHints("cgp-cred: x\nhint: " + hint + "\n"); (err == nil) != ok {
			t.Errorf("%q: %v, want ok %v", hint, err, ok)
		}
	}
}
