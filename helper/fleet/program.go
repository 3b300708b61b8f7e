package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
)

// Companion is the name of the program that speaks to Redis.
const Companion = "cgp-cred-fleet"

// Exit statuses of a store's program.
const (
	StatusNothing = 3 // look: there is no value; lease: another process has the lease
)

// Variables of a store's program.
const (
	URLVariable = "CGP_CRED_FLEET"          // the store
	caVariable  = "CGP_CRED_CA_FILE"        // PEM roots
	filesPrefix = "CGP_CRED_FLEET_"         // CGP_CRED_FLEET_*_FILE name files with secrets of the store
	filesSuffix = "_FILE"                   //
	tooMuch     = 8 << 10                   // bytes of a value that is not ours
	runPause    = 400 * time.Millisecond    // between two looks: each starts a process
	runMaxPause = 4 * time.Second           //
	maxAge      = 10 * 365 * 24 * time.Hour // of what a program says
)

// runner is a store behind a program, which runs once for each call:
//
//	PROGRAM look NAME                   prints the value's age in milliseconds, a space and the value in base64
//	PROGRAM lease NAME OWNER SECONDS    gives OWNER the lease, or extends it; 0 seconds end it
//	PROGRAM publish NAME OWNER SECONDS  replaces the value by stdin, in base64, and ends OWNER's lease
//	PROGRAM drop NAME                   removes the value
//
// docs/fleet-stores.md has the whole contract.
type runner struct {
	path  string
	name  string // by which it reports errors as cgp-cred does; empty: it does not
	owner string // of this process's lease
	env   []string

	withheld string // a variable that the program did not get, because the URL was not given on this machine
}

func (r *runner) Look(ctx context.Context, name string) (Found, error) {
	out, err := r.run(ctx, nil, "look", name)
	if errors.Is(err, program.ErrNotFound) {
		return Found{}, nil
	}
	if err != nil {
		return Found{}, err
	}
	return r.answer(out)
}

// answer reads what a program says about a value. A value that is not base64 is one that no machine published.
func (r *runner) answer(out []byte) (Found, error) {
	before, after, two := bytes.Cut(bytes.TrimRight(out, "\r\n"), []byte(" "))
	ms, err := strconv.ParseInt(string(before), 10, 64)
	if !two || err != nil || ms < 0 || bytes.ContainsAny(after, "\r\n ") {
		return Found{}, fault.New(fault.Keystore,
			"it prints AGE-IN-MILLISECONDS VALUE in one line, or ends with status 3: see docs/fleet-stores.md",
			"program %s, asked to look: its answer is not an age and a value", printable.Quote(r.path))
	}
	value, err := base64.StdEncoding.DecodeString(string(after))
	if err != nil || len(value) == 0 {
		value = after[:min(len(after), tooMuch)]
	}
	if value == nil {
		value = []byte{}
	}
	age := maxAge
	if ms < int64(maxAge/time.Millisecond) {
		age = time.Duration(ms) * time.Millisecond
	}
	return Found{Value: value, Age: age}, nil
}

func (r *runner) Lease(ctx context.Context, name string, hold time.Duration) (bool, error) {
	_, err := r.run(ctx, nil, "lease", name, r.owner, seconds(hold))
	if errors.Is(err, program.ErrNotFound) {
		return false, nil
	}
	return err == nil && hold > 0, err
}

func (r *runner) Publish(ctx context.Context, name string, value []byte, life time.Duration) error {
	text := append(base64.StdEncoding.AppendEncode(nil, value), '\n')
	_, err := r.run(ctx, text, "publish", name, r.owner, seconds(life))
	return err
}

func (r *runner) Drop(ctx context.Context, name string) error {
	_, err := r.run(ctx, nil, "drop", name)
	if errors.Is(err, program.ErrNotFound) {
		return nil
	}
	return err
}

// Pace implements [Paced]: each look costs a process.
func (r *runner) Pace() (first, most time.Duration) { return runPause, runMaxPause }

func (r *runner) run(ctx context.Context, text []byte, verb, name string, more ...string) ([]byte, error) {
	out, err := program.Call{
		Argv: []string{r.path}, Verb: verb, Profile: name, More: more, Text: text, Env: r.env, Name: r.name,
	}.Run(ctx)
	if errors.Is(err, program.ErrFailed) && r.withheld != "" {
		hint := r.withheld + " counts only for a URL that was given on this machine: " + giveIt
		return nil, fault.Of(fault.Keystore, hint+"\n"+fault.HintOf(err, ""), err)
	}
	return out, err
}

// seconds returns a time in whole seconds, and not less than it is.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// newRunner returns the store of a URL that a program serves. The user's own program runs, and files with secrets of a
// store are named to it, only if the user gave the URL on this machine: a planted URL would run any program, or get the
// password of another store.
func newRunner(u *url.URL, text string, given bool) (Store, error) {
	r := &runner{owner: rand.Text()}
	r.env, r.withheld = variables(text, given)
	if u.Scheme == schemeProgram {
		if !given {
			return nil, notGiven(text)
		}
		r.path = localPath(u)
		return r, nil
	}
	path, err := companion()
	if err != nil {
		return nil, err
	}
	r.path, r.name = path, Companion
	return r, nil
}

const giveIt = "cgp-cred store PROFILE --fleet URL, or " + URLVariable + "=URL in the environment"

func notGiven(text string) error {
	return fault.New(fault.Usage, "if it is yours, give it here: "+giveIt,
		"fleet %s: its program was not given on this machine, and is not run", printable.Quote(Shown(text)))
}

// variables returns what a store's program gets of cgp-cred's variables: none that may hold a secret. It also names one
// that the program would get if the URL had been given.
func variables(text string, given bool) (env []string, withheld string) {
	env = []string{URLVariable + "=" + text}
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		file := strings.HasPrefix(name, filesPrefix) && strings.HasSuffix(name, filesSuffix)
		switch {
		case value == "":
		case file && !given:
			withheld = name
		case file, name == caVariable:
			env = append(env, line)
		}
	}
	return env, withheld
}

// executable returns this program's own file. Tests replace it.
var executable = os.Executable

// companion returns the path of the companion, which is in the folder of this program's own file.
func companion() (string, error) {
	self, err := executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return "", fault.New(fault.Usage, "start cgp-cred by its path",
			"%s can't be found, because cgp-cred does not know its own file: %v", Companion, err)
	}
	path := filepath.Join(filepath.Dir(self), Companion+filepath.Ext(exeName(self)))
	info, err := os.Stat(path)
	if err != nil {
		return "", fault.New(fault.Usage, "install it into that folder: it comes with cgp-cred (sh install.sh)",
			"%s is needed for Redis and is not next to cgp-cred: %s: %v", Companion, printable.Quote(path), bare(err))
	}
	if problem := unsafe(self, info); problem != "" {
		return "", fault.New(fault.Usage, "install cgp-cred again (sh install.sh), after a look: "+
			printable.Look(path), "%s is not run: %s %s", Companion, printable.Quote(path), problem)
	}
	return path, nil
}

// exeName returns the name of a file of this program, only on Windows: there it ends in .exe.
func exeName(self string) string {
	if runtime.GOOS == "windows" {
		return self
	}
	return ""
}

func bare(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
