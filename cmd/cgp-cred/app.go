package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
)

// app holds what commands may use, and the flags that every command has.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	patient bool // no user waits for the command, even at a terminal

	verbose int
	timeout duration
	caFile  string

	passphraseFD   string // as given
	passphraseFile string

	typed []string // the words before the one that a shell completes
	args  []string // the command line, without the program's name

	kept   string // what an interrupted command leaves behind; empty: nothing was changed
	warned []string
	lines  sync.Mutex     // warnings can come from several goroutines
	made   *helper.Helper // by open; a demo sets its own
}

// say prints one line of information on stderr.
func (a *app) say(text string) { fmt.Fprintln(a.stderr, printable.Line(text)) }

// warn prints one warning line on stderr, and each text once.
func (a *app) warn(text string) {
	a.lines.Lock()
	defer a.lines.Unlock()
	if slices.Contains(a.warned, text) {
		return
	}
	a.warned = append(a.warned, text)
	a.printWarning(text)
}

// warnAgain prints one warning line on stderr, each time: something failed again, after it had worked.
func (a *app) warnAgain(text string) {
	a.lines.Lock()
	defer a.lines.Unlock()
	a.printWarning(text)
}

func (a *app) printWarning(text string) {
	fmt.Fprintln(a.stderr, "cgp-cred: warning:", printable.Line(text))
}

// trace prints what happens if -v is given, and details if it is given twice.
func (a *app) trace(level int, text string) {
	if a.verbose >= level {
		fmt.Fprintln(a.stderr, "*", printable.Line(text))
	}
}

// interruptible returns a context that SIGINT and SIGTERM end, for commands that have something to undo. A signal
// ends all other commands at once, which loses nothing; to catch it would cost a cached get a sixth of its time.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// duration is a flag's value within a range. Zero means not given.
type duration struct {
	value  time.Duration
	within keystore.DurationRange
}

// in sets the range of d, and returns d.
func (d *duration) in(within keystore.DurationRange) *duration {
	d.within = within
	return d
}

func (d *duration) Set(s string) (err error) {
	d.value, err = d.within.Parse(s)
	return err
}

func (d *duration) String() string {
	if d.value == 0 {
		return ""
	}
	return d.value.String()
}

// Duration is zero if the flag was not given.
func (d *duration) Duration() time.Duration { return d.value }

func (d *duration) Type() string { return "DURATION" }

// quoted returns s in quotes, safe to print.
func quoted(s string) string { return printable.Quote(s) }

// words accepts from least to most arguments.
func words(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := cmd.CommandPath() + " --help"
		switch {
		case len(args) < least:
			return usage(hint, "an argument is missing: %s", strings.TrimSuffix(cmd.UseLine(), " [flags]"))
		case len(args) > most:
			if err := mistypedDash(args); err != nil {
				return err
			}
			if cmd.Flags().Lookup("api-key-file") != nil {
				return usage(noSecret+": the API key is asked for, or --api-key-file FILE\n"+hint,
					"%s takes only the profile's name, and no second argument", cmd.Name())
			}
			return usage(hint, "%s takes no argument %s", cmd.Name(), quoted(args[most]))
		}
		return nil
	}
}

// first returns the first argument, or nothing.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// profileArgs completes up to most profile names.
func (a *app) profileArgs(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		isThere := func(name string) bool { return slices.Contains(args, name) }
		return slices.DeleteFunc(a.completeProfiles(), isThere), cobra.ShellCompDirectiveNoFileComp
	}
}
