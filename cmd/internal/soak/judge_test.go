//go:build linux

package soak

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What must hold.
type invariant string

const (
	inTime      invariant = "every process ends within its deadline"
	oneAnswer   invariant = "a credential and status 0, or nothing, a message, a hint and a status"
	fitting     invariant = "the status fits what was broken then"
	noBug       invariant = "no status 1, no panic, no data race"
	accepted    invariant = "a token that is served is accepted"
	oneFlight   invariant = "one request at a time for a profile"
	needed      invariant = "no request while a fresh token is cached"
	attempts    invariant = "at most three attempts for each process"
	askedTwice  invariant = "an assertion is sent once"
	noLeak      invariant = "no secret in stderr, files, command lines and environments"
	intact      invariant = "after the faults every key is intact and every get works"
	shared      invariant = "after the faults processes that ask together share one request"
	fresh       invariant = "after the faults a token file is good again"
	noGrowth    invariant = "the memory of exec --token-file does not grow"
	nothingLeft invariant = "no process, held lock, temporary file or zombie is left"
	broke       invariant = "the faults could be made and repaired"
)

var invariants = []invariant{
	inTime, oneAnswer, fitting, noBug, accepted, oneFlight, needed, attempts, askedTwice, noLeak, intact, shared, fresh, noGrowth, nothingLeft, broke,
}

// judge counts, and holds what happened against what may happen.
type judge struct {
	run string // marks processes and keys of this run

	mu       sync.Mutex
	began    time.Time
	faults   []*fault
	counts   map[string]map[int]int // by kind and status
	slowest  map[string]time.Duration
	causes   map[string]int
	checked  map[string]int
	examples map[invariant][]string
	violated map[invariant]int
	tokens   []string // that were minted, the latest of them
	secrets  map[string]string
}

func newJudge(seed uint64) *judge {
	r := rand.New(rand.NewPCG(seed, uint64(time.Now().UnixNano())))
	return &judge{
		run: hex.EncodeToString(fmt.Appendf(nil, "%08x", r.Uint32())), began: time.Now(),
		counts: map[string]map[int]int{}, slowest: map[string]time.Duration{}, causes: map[string]int{}, checked: map[string]int{},
		examples: map[invariant][]string{}, violated: map[invariant]int{}, secrets: map[string]string{},
	}
}

func (j *judge) violate(i invariant, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.violated[i]++
	if len(j.examples[i]) < 5 {
		j.examples[i] = append(j.examples[i], fmt.Sprintf("%7.2fs ", time.Since(j.began).Seconds())+fmt.Sprintf(format, args...))
	}
}

func (j *judge) count(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.checked[what]++
}

// fault is something that is broken for a while.
type fault struct {
	name     string
	target   any   // an endpoint, or a user
	may      []int // statuses that follow from it
	clock    bool  // it is a wrong clock
	from, to time.Time
}

// follows are the statuses that a fault may have for a process. A clock that is set while a process corrects its
// assertion for the last time makes it refused, and that is remembered.
func (f *fault) follows(o *outcome) []int {
	if f.clock && (f.from.After(o.start) || !f.to.IsZero() && f.to.Before(o.end)) {
		return append([]int{5}, f.may...)
	}
	return f.may
}

// memory is how long a refusal, or an outage, may be remembered.
const memory = 6 * time.Second

// begin opens a fault, end closes it.
func (j *judge) begin(name string, target any, may ...int) *fault {
	f := &fault{name: name, target: target, may: may, clock: strings.Contains(name, "clock"), from: time.Now()}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = append(j.faults, f)
	return f
}

func (j *judge) end(f *fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f.to = time.Now()
}

// brokenSince are the faults of a target that lasted, or were remembered, between two times.
func (j *judge) brokenSince(target any, from, to time.Time) []*fault {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []*fault
	for i := len(j.faults) - 1; i >= 0; i-- {
		f := j.faults[i]
		if f.target == target && !f.from.After(to) && (f.to.IsZero() || f.to.Add(memory).After(from)) {
			found = append(found, f)
		}
	}
	return found
}

// during are the faults that a process may have met.
func (j *judge) during(o *outcome) []*fault {
	return append(j.brokenSince(o.account.at, o.start, o.end), j.brokenSince(o.account.user, o.start, o.end)...)
}

// forbid notes what of an account no process may see.
func (j *judge) forbid(a *account) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, text := range a.forbidden() {
		j.secrets[text] = a.String()
	}
}

// assertionStart is the base64url of {"alg":"RS512" with which each assertion begins.
const assertionStart = "eyJhbGciOiJSUzUxMiI"

// secretIn names a secret that a text holds, or returns "". tokens says that tokens are secrets, too.
func (j *judge) secretIn(text string, tokens bool) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if strings.Contains(text, assertionStart) {
		return "an assertion"
	}
	for secret, of := range j.secrets {
		if strings.Contains(text, secret) {
			return "a secret of " + of
		}
	}
	if tokens {
		for _, token := range j.tokens {
			if strings.Contains(text, token) {
				return "a token"
			}
		}
	}
	return ""
}

func (j *judge) minted(token string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tokens = append(j.tokens, token)
	j.tokens = j.tokens[max(0, len(j.tokens)-300):]
}

var crash = regexp.MustCompile(`panic:|goroutine \d+ \[|runtime error|DATA RACE|fatal error:|SIGSEGV`)

// ended judges a process. It returns the faults that it may have met.
func (j *judge) ended(o *outcome, allowed ...int) {
	met := j.during(o)
	j.tally(o)
	if o.overdue {
		j.violate(inTime, "%v", o.describe(met))
	}
	if o.status == 1 || o.status < 0 || crash.MatchString(o.stderr) {
		j.violate(noBug, "%v", o.describe(met))
	}
	if what := j.secretIn(o.stderr, true); what != "" {
		j.violate(noLeak, "%s on stderr: %v", what, o.describe(met))
	}
	if o.status == 0 || o.killed || o.overdue {
		return
	}
	if !o.silent() || !strings.HasPrefix(lastMessage(o.stderr), "cgp-cred: ") || !strings.Contains(o.stderr, "\nhint: ") {
		j.violate(oneAnswer, "%v", o.describe(met))
	}
	for _, f := range met {
		allowed = append(allowed, f.follows(o)...)
	}
	if o.end.Sub(o.start) >= lockWait {
		allowed = append(allowed, 7)
	}
	if !slices.Contains(allowed, o.status) {
		j.violate(fitting, "%v", o.describe(met))
	}
}

// silent reports that a failure gave nothing that could be taken for a credential.
func (o *outcome) silent() bool {
	return o.stdout == "" || o.args[0] == "credential" && o.stdout == "quit=1\n"
}

// lastMessage is the line that says why, behind warnings.
func lastMessage(stderr string) string {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "cgp-cred: ") && !strings.HasPrefix(line, "cgp-cred: warning: ") {
			return line
		}
	}
	return ""
}

func (j *judge) tally(o *outcome) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.counts[o.kind] == nil {
		j.counts[o.kind] = map[int]int{}
	}
	status := o.status
	if o.killed {
		status = 128 + int(syscall.SIGKILL)
	}
	j.counts[o.kind][status]++
	j.slowest[o.kind] = max(j.slowest[o.kind], o.end.Sub(o.start))
	if o.status != 0 && !o.killed {
		j.causes[fmt.Sprintf("%d  %s", o.status, plain(lastMessage(o.stderr)))]++
	}
}

var varies = regexp.MustCompile(`"[^"]*"|soak\.\.\.\w+|\d[\d.:smh]*|/\S+`)

// plain is a message without what differs from one time to the next.
func plain(message string) string {
	message = varies.ReplaceAllString(strings.TrimSpace(strings.TrimPrefix(message, "cgp-cred: ")), "_")
	return message[:min(len(message), 110)]
}

func (o *outcome) describe(met []*fault) string {
	var names []string
	for _, f := range met {
		names = append(names, fmt.Sprintf("%s (%.2fs before its start)", f.name, o.start.Sub(f.from).Seconds()))
	}
	stdout := o.stdout
	if stdout != "" {
		stdout = fmt.Sprintf("%d bytes", len(stdout))
	}
	return fmt.Sprintf("%v: %s %q: status %d after %.2fs, stdout %q, broken: %q, stderr:\n\t\t%s", o.account, o.kind, o.args, o.status,
		o.end.Sub(o.start).Seconds(), stdout, names, strings.ReplaceAll(strings.TrimSpace(o.stderr), "\n", "\n\t\t"))
}

// traffic is what an endpoint sees of an account.
type traffic struct {
	mu       sync.Mutex
	requests int
	mints    int
	inFlight map[*flight]bool
	minted   time.Time // when the last token came
	fresh    time.Time // until then it is good enough for everybody
	reasons  []*reason
	trials   int // processes that may have asked in vain
}

type flight struct {
	ctx   context.Context
	ended chan struct{}
}

// reason is why a token may be asked for though there is one: it was dropped, or its owner was killed before it was
// kept.
type reason struct {
	from, to time.Time
	unlocked bool // a process that has no lock
}

// expect opens a reason; the function that it returns closes it.
func (a *account) expect(unlocked bool) func() {
	r := &reason{from: time.Now(), unlocked: unlocked}
	a.traffic.mu.Lock()
	defer a.traffic.mu.Unlock()
	a.reasons = slices.DeleteFunc(a.reasons, func(r *reason) bool { return !r.to.IsZero() && time.Since(r.to) > time.Minute && r.to.Before(a.minted) })
	a.reasons = append(a.reasons, r)
	return func() {
		a.traffic.mu.Lock()
		defer a.traffic.mu.Unlock()
		r.to = time.Now()
	}
}

// excused reports a reason between a time and now.
func (a *account) excused(since time.Time, unlocked bool) bool {
	return slices.ContainsFunc(a.reasons, func(r *reason) bool {
		return (r.unlocked || !unlocked) && (r.to.IsZero() || r.to.After(since))
	})
}

// asked notes a token request, and returns what notes its end.
func (a *account) asked(ctx context.Context, j *judge) func(token string, life time.Duration) {
	f := &flight{ctx: ctx, ended: make(chan struct{})}
	others := a.takeOff(j, f)
	for _, other := range others {
		late := time.NewTimer(400 * time.Millisecond) // one whose owner was killed, or has its answer, ends a moment later
		select {
		case <-other.ended:
		case <-other.ctx.Done():
		case <-late.C:
			a.traffic.mu.Lock()
			unlocked := a.excused(time.Now(), true)
			a.traffic.mu.Unlock()
			if !unlocked {
				j.violate(oneFlight, "%v: two requests at once", a)
			}
		}
		late.Stop()
	}
	return func(token string, life time.Duration) {
		close(f.ended)
		a.traffic.mu.Lock()
		delete(a.inFlight, f)
		if token != "" {
			a.mints++
			a.minted = time.Now()
			a.fresh = a.minted.Add(life * 35 / 100) // earlier than an early renewal
		}
		a.traffic.mu.Unlock()
		if token != "" {
			j.minted(token)
		}
	}
}

// takeOff notes the beginning of a request, and returns those that are under way.
func (a *account) takeOff(j *judge, f *flight) (others []*flight) {
	a.traffic.mu.Lock()
	defer a.traffic.mu.Unlock()
	for other := range a.inFlight {
		others = append(others, other)
	}
	if a.inFlight == nil {
		a.inFlight = map[*flight]bool{}
	}
	a.inFlight[f] = true
	a.requests++
	if time.Now().Before(a.fresh) && len(others) == 0 && !a.excused(a.minted, false) && len(j.brokenSince(a.at, a.minted, time.Now())) == 0 {
		j.violate(needed, "%v: the last token came %.2fs ago, and is good enough for %.2fs more", a,
			time.Since(a.minted).Seconds(), time.Until(a.fresh).Seconds())
	}
	return others
}
