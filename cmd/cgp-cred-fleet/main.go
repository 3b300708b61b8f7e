// Command cgp-cred-fleet keeps what the machines of a fleet share in Redis or Valkey. cgp-cred runs it if it has no
// token of its own. What it stores is sealed: it never has a token.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"cgp-cred/helper/fleet"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

//go:embed help.txt
var help string

// version is set at link time by a release. Otherwise the build information has it.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) int {
	nothing, err := dispatch(ctx, args, stdin, stdout, stderr)
	switch {
	case err != nil:
		return report(stderr, err)
	case nothing:
		return fleet.StatusNothing
	}
	return 0
}

// dispatch runs one command. nothing says that there is no value, or that another process has the lease.
func dispatch(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) (nothing bool, err error) {
	if len(args) == 0 {
		return false, usage("a command is missing")
	}
	switch verb, rest := args[0], args[1:]; verb {
	case "look", "lease", "publish", "drop":
		return serve(ctx, verb, rest, stdin, stdout)
	case "check":
		return false, check(ctx, rest, stdout)
	case "password":
		return false, password(ctx, rest, stdin, stderr)
	case "version", "--version", "-V":
		_, err := fmt.Fprintf(stdout, "%s %s (%s/%s, %s)\n",
			fleet.Companion, thisVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version())
		return false, err
	case "help", "--help", "-h":
		_, err := io.WriteString(stdout, help)
		return false, err
	default:
		return false, usage("there is no command %s", printable.Quote(verb))
	}
}

func thisVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func usage(format string, args ...any) error {
	return fault.New(fault.Usage, fleet.Companion+" --help", format, args...)
}

// statuses are the exit statuses of the classes of errors, the same as cgp-cred's. 3 is no error here.
var statuses = [...]int{
	fault.Bug: 1, fault.Usage: 2, fault.None: 4, fault.Keystore: 4, fault.Refused: 5, fault.Network: 6,
	fault.Temporary: 7, fault.Output: 1,
}

// report prints err and its hints, each in a line, and returns the exit status.
func report(w io.Writer, err error) int {
	fmt.Fprintln(w, fleet.Companion+":", printable.Line(err.Error()))
	for hint := range strings.SplitSeq(fault.HintOf(err, fleet.Companion+" --help"), "\n") {
		fmt.Fprintln(w, "hint:", printable.Line(hint))
	}
	return statuses[fault.ClassOf(err)]
}
