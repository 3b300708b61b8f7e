package program

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// The ways a run can fail. Match them with errors.Is.
var (
	// ErrNotFound: it exited with status 3: it has no such record.
	ErrNotFound = errors.New("it has no such record")
	// ErrChanged: it exited with status 4: its record has another rev than expected.
	ErrChanged = errors.New("its record was changed meanwhile")
	// ErrStart: it could not be started.
	ErrStart = errors.New("it could not be started")
	// ErrFailed: it exited with a status other than 0 and 3, or was ended by a signal.
	ErrFailed = errors.New("it failed")
	// ErrTimeout: it did not end in time, and cgp-cred killed it.
	ErrTimeout = errors.New("it did not end in time")
	// ErrOutput: it printed more than any record, public key or signature has, and cgp-cred killed it.
	ErrOutput = errors.New("it printed more than 64 KiB")
)

// outcome is a failed run. It holds nothing that the program printed on stdout or read from stdin.
type outcome struct {
	kind    error // one of the sentinels
	program string
	words   []string // its argv, if [ErrStart] may be because of a space in its path
	verb    string
	profile string        // may be empty
	how     string        // "exit status 1", or why it could not be started; may be empty
	raw     []byte        // its stderr, without its input and output; may be empty
	name    string        // by which it reports errors as cgp-cred does; may be empty
	took    time.Duration // of [ErrTimeout]
}

// fault returns the error of an outcome. It matches the kind.
func (o outcome) fault() error {
	if what, hints, ok := o.reported(); ok {
		return &fault.Error{Class: fault.Keystore, What: what, Hints: hints, Err: o.kind}
	}
	detail := o.kind
	if errors.Is(o.kind, ErrTimeout) {
		detail = fmt.Errorf("%w: killed after %v", detail, o.took.Round(100*time.Millisecond))
	}
	if o.how != "" {
		detail = fmt.Errorf("%w: %s", detail, printable.Text(o.how))
	}
	if errors.Is(o.kind, ErrStart) && len(o.words) > 1 {
		detail = fmt.Errorf("%w (a command is split at spaces, and this is its first word)", detail)
	}
	if said := printable.Text(string(o.raw)); said != "" {
		detail = fmt.Errorf("%w; it said: %s", detail, said)
	}
	return fault.Wrap(fault.Keystore, o.hint(),
		fmt.Sprintf("program %s, asked to %s", printable.Quote(o.program), o.verb), detail)
}

// reported returns the message and the hints of a program that reports errors as cgp-cred does.
func (o outcome) reported() (what string, hints []string, ok bool) {
	if o.name == "" || !errors.Is(o.kind, ErrFailed) {
		return "", nil, false
	}
	for line := range strings.Lines(string(o.raw)) {
		line = strings.TrimRight(line, "\r\n")
		if said, found := strings.CutPrefix(line, o.name+": "); found && what == "" {
			what = printable.Line(said)
		} else if hint, found := strings.CutPrefix(line, "hint: "); found {
			hints = append(hints, printable.Line(hint))
		}
	}
	return what, hints, what != "" && len(hints) > 0
}

// hint returns the command that shows the cause.
func (o outcome) hint() string {
	by := "try it by hand: " + strings.TrimSpace(printable.Shell(o.program)+" ... "+o.verb+" "+o.profile)
	switch {
	case errors.Is(o.kind, ErrStart) && spaced(o.words) != "":
		return "its path has a space; name a link to it instead: " +
			printable.Shell("ln", "-s", spaced(o.words), "/usr/local/bin/NAME")
	case errors.Is(o.kind, ErrStart):
		if job, ok := batch.Current(); ok {
			return "the machine of this job of " + job.System() + " must have the program too: " +
				printable.List(o.program)
		}
		return "check that the program exists and may be run: " + printable.List(o.program)
	case errors.Is(o.kind, ErrTimeout):
		return by + "; more time: CGP_CRED_KEYCHAIN_TIMEOUT=60s"
	}
	return by
}

// spaced returns the file whose path was split at its spaces, or nothing.
func spaced(words []string) string {
	for n := 2; n <= len(words); n++ {
		path := strings.Join(words[:n], " ")
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}
