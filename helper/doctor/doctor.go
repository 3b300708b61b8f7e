// Package doctor checks every link between a profile and its token, in the order in which they are needed. For each
// link that fails it says what to do.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
)

// State is how a check ended. The words are a contract: scripts branch on them.
type State string

// States of a check.
const (
	OK   State = "ok"
	Warn State = "warn" // it works, and something should be done
	Fail State = "fail"
	Skip State = "skip" // it does not apply, or needs a link that failed
)

// Result is one check. No field holds a secret; both texts are printable ASCII.
type Result struct {
	Check  string `json:"check"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"` // what to do, one step a line; empty: nothing

	Err error `json:"-"` // why it failed; nil if it did not
}

// Doctor says what to check. Only Helper is needed.
type Doctor struct {
	Helper    *helper.Helper
	NoFolders error       // why this user has no folders; nil: the user has folders
	Ask       profile.Ask // which profile
	Roots     []Root      // files of roots that are trusted in addition to the system's
	Program   string      // this program's version and system, for the report
}

// Root is a file of PEM roots, and the flag or variable that named it.
type Root struct{ Name, File string }

const (
	wholeTimeout   = 4 * time.Minute  // of all checks: two prompts of the keychain, a held lock and a slow network
	networkTimeout = 10 * time.Second // of one network check; the token check has the helper's timeout
)

// link is one check: its name, the checks that it needs, and its function.
type link struct {
	name  string
	needs []string
	check func(*run, context.Context) Result
}

// links returns every check, in the order in which a get needs them.
func links() []link {
	return []link{
		{"config", nil, (*run).config},
		{"keystore", nil, (*run).keystore},
		{"record", []string{"config", "keystore"}, (*run).theRecord},
		{"key", []string{"record"}, (*run).key},
		{"api-key", []string{"record"}, (*run).apiKey},
		{"cache", []string{"config"}, (*run).cache},
		{"fleet", []string{"record"}, (*run).fleet},
		{"dns", []string{"config"}, (*run).dns},
		{"proxy", []string{"config"}, (*run).proxy},
		{"tls", []string{"dns", "proxy"}, (*run).tls},
		{"apim", []string{"tls"}, (*run).apim},
		{"clock", []string{"apim"}, (*run).clock},
		{"token", []string{"key", "api-key", "apim"}, (*run).token},
		{"api", []string{"apim"}, (*run).api},
		{"call", []string{"record", "api-key", "token"}, (*run).call},
	}
}

// Findings are the results of all checks.
type Findings struct {
	Results []Result

	exam *run
}

// run is one run of all checks. Later checks use what earlier ones found out.
type run struct {
	Doctor

	helper  *helper.Helper // records warnings and traces for the current check
	warned  []string       // the helper's warnings since the check began
	told    []string       // the helper's traces, for the report
	blocked map[string]string

	profile *profile.Profile
	record  *record.Record
	ping    *probed
	skew    time.Duration
	hasSkew bool
	viaHost string // host of the proxy; empty: no proxy
	begun   time.Time
	minted  *minted
}

// Run makes every check, and calls each, if it is not nil, with a result as soon as it is known. If a link fails, the
// checks that need it are skipped. The others are still made.
func (d Doctor) Run(ctx context.Context, each func(Result)) *Findings {
	ctx, stop := context.WithTimeout(ctx, wholeTimeout)
	defer stop()
	e := &run{Doctor: d, blocked: make(map[string]string), begun: time.Now()}
	e.listen()
	f := &Findings{exam: e}
	for _, l := range links() {
		r := e.check(ctx, l)
		f.Results = append(f.Results, r)
		if each != nil {
			each(r)
		}
	}
	return f
}

// First returns the first check that failed, or nil.
func (f *Findings) First() *Result {
	i := slices.IndexFunc(f.Results, func(r Result) bool { return r.State == Fail })
	if i < 0 {
		return nil
	}
	return &f.Results[i]
}

// Count returns the number of checks that ended in state s.
func (f *Findings) Count(s State) int {
	n := 0
	for _, r := range f.Results {
		if r.State == s {
			n++
		}
	}
	return n
}

// listen gives the run a copy of the helper, whose warnings go to the check that caused them.
func (e *run) listen() {
	h := *e.Helper
	h.Warn = func(text string) { e.warned = append(e.warned, text) }
	trace := h.Trace
	h.Trace = func(level int, text string) {
		e.told = append(e.told, text)
		if trace != nil {
			trace(level, text)
		}
	}
	e.helper = &h
}

// check makes one check, unless a link that it needs failed.
func (e *run) check(ctx context.Context, l link) Result {
	e.warned = nil
	for _, need := range l.needs {
		if failed, ok := e.blocked[need]; ok {
			e.blocked[l.name] = failed
			return finish(l.name, skip("needs: %s", failed))
		}
	}
	if ctx.Err() != nil {
		e.blocked[l.name] = l.name
		return finish(l.name, skip("there was no time left"))
	}
	r := l.check(e, ctx)
	if len(e.warned) > 0 && r.State == OK {
		r.State = Warn
	}
	if len(e.warned) > 0 && r.State != Skip {
		r.Detail = strings.Join(append([]string{r.Detail}, e.warned...), "; ")
	}
	if r.State == Fail {
		e.blocked[l.name] = l.name
		r.explain(e)
	}
	return finish(l.name, r)
}

// explain fills a failure in from its error.
func (r *Result) explain(e *run) {
	var refused *apim.Error
	if errors.As(r.Err, &refused) && refused.About.Profile == "" {
		refused.About = e.about()
	}
	if r.Detail != "" {
		r.Detail = "; " + r.Detail
	}
	r.Detail = r.Err.Error() + r.Detail
	if refused != nil && refused.MessageID() != "" {
		r.Detail += "; message_id: " + refused.MessageID()
	}
	if r.Hint == "" {
		r.Hint = strings.Join(hintsOf(r.Err), "\n")
	}
	if r.Hint == "" {
		r.Hint = "run the command again; if it fails again, please report it with cgp-cred doctor --report"
	}
}

// hintsOf returns the hints of an error, without the one to run doctor.
func hintsOf(err error) []string {
	isDoctor := func(hint string) bool { return hint == keystore.AskDoctor }
	return slices.DeleteFunc(slices.Clone(fault.HintsOf(err)), isDoctor)
}

// about returns the profile, host, API key label and kid that hints name.
func (e *run) about() apim.Subject {
	s := apim.Subject{}
	if e.profile != nil {
		s.Profile, s.Host = e.profile.Name, e.profile.Host
	}
	if e.record != nil {
		s.APIKey, s.Variables = e.record.APIKeyLabel(), e.record.Variables
		if e.record.Key != nil {
			s.KID = e.record.ShownKID(e.record.Key)
		}
	}
	return s
}

func finish(name string, r Result) Result {
	r.Check, r.Detail = name, printable.Line(r.Detail)
	lines := strings.Split(r.Hint, "\n")
	for i := range lines {
		lines[i] = printable.Line(lines[i])
	}
	r.Hint = strings.Join(lines, "\n")
	return r
}

func ok(format string, args ...any) Result {
	return Result{State: OK, Detail: fmt.Sprintf(format, args...)}
}

func skip(format string, args ...any) Result {
	return Result{State: Skip, Detail: fmt.Sprintf(format, args...)}
}

func warn(hint, format string, args ...any) Result {
	return Result{State: Warn, Hint: hint, Detail: fmt.Sprintf(format, args...)}
}

func fail(err error) Result { return Result{State: Fail, Err: err} }

// onNetwork bounds one network check. A longer --timeout gives it more time.
func (e *run) onNetwork(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, max(networkTimeout, e.helper.Timeout))
}
