//go:build linux

package soak

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// work asks for credentials, in every way there is, until stop.
func (m *machine) work(r *rand.Rand, stop <-chan struct{}) {
	all := m.accounts()
	for {
		select {
		case <-stop:
			return
		default:
		}
		m.ask(r, all[r.IntN(len(all))])
		time.Sleep(between(r, time.Millisecond, 250*time.Millisecond))
	}
}

// way is one way to ask for a credential.
type way struct {
	kind   string
	weight int
	args   func(a *account) []string
	stdin  func(a *account) string
	answer *regexp.Regexp // the whole of stdout; its group is the token or the API key
	keys   *regexp.Regexp // the same for method apikey; nil: it is not asked in this way
}

func named(words ...string) func(*account) []string {
	return func(a *account) []string { return append([]string{words[0], a.name}, words[1:]...) }
}

func attributes(a *account) string {
	return "capability[]=authtype\nprotocol=http\nhost=" + a.at.address() + "\npath=hello-world/hello/application\n\n"
}

const secret = `([A-Za-z0-9._~+/-]+=*)`

var (
	bearer = regexp.MustCompile(`^Authorization: Bearer ` + secret + `\n$`)
	apikey = regexp.MustCompile(`^apikey: ` + secret + `\n$`)
	bare   = regexp.MustCompile(`^` + secret + `\n$`)
	object = regexp.MustCompile(`^\{"profile":[^\n]*"token":"` + secret + `"[^\n]*\}\n$`)
	htslib = regexp.MustCompile(`^\{"access_token":"` + secret + `","token_type":"Bearer","expires_in":\d+\}\n$`)
)

var ways = []way{
	{kind: "get", weight: 40, args: named("get"), answer: bearer, keys: apikey},
	{kind: "get token", weight: 10, args: named("get", "--format", "token"), answer: bare, keys: bare},
	{kind: "get json", weight: 10, args: named("get", "--format", "json"), answer: object, keys: object},
	{kind: "get htslib", weight: 5, args: named("get", "--format", "htslib"), answer: htslib},
	{
		kind: "get curl", weight: 5, args: func(a *account) []string {
			return []string{"get", a.name, "http://" + a.at.address() + "/x?y=z", "--format", "curl"}
		},
		answer: regexp.MustCompile(`^header = "Authorization: Bearer ` + secret + `"\nurl = "[^\n]*"\ngloboff\nproto = "=http"\nnoproxy = "\*"\n$`),
		keys:   regexp.MustCompile(`^header = "apikey: ` + secret + `"\nurl = "[^\n]*"\ngloboff\nproto = "=http"\nnoproxy = "\*"\nmax-redirs = 0\n$`),
	},
	{kind: "get min-valid", weight: 3, args: named("get", "--min-valid", "4m"), answer: bearer, keys: apikey},
	{
		kind: "credential get", weight: 8, args: func(a *account) []string { return []string{"credential", "get", a.name} }, stdin: attributes,
		answer: regexp.MustCompile(`^capability\[\]=authtype\nauthtype=Bearer\ncredential=` + secret + `\nephemeral=1\npassword_expiry_utc=\d+\nheader=Authorization: Bearer [^\n]*\n$`),
		keys:   regexp.MustCompile(`^header=apikey: ` + secret + `\n$`),
	},
	{
		kind: "credential get json", weight: 4, args: func(a *account) []string { return []string{"credential", "get", a.name} },
		stdin:  func(a *account) string { return `{"uri":"http://` + a.at.address() + `/x"}` },
		answer: regexp.MustCompile(`^\{"headers":\{"Authorization":\["Bearer ` + secret + `"\]\},"expires":"[^"]+"\}\n$`),
		keys:   regexp.MustCompile(`^\{"headers":\{"apikey":\["` + secret + `"\]\}\}\n$`),
	},
	{kind: "exec", weight: 8, args: named("exec", "--", "sh", "-c", `printf '%s\n' "$CGP_TOKEN"`), answer: bare, keys: bare},
}

// chosen picks a way by its weight.
func chosen(r *rand.Rand, a *account) way {
	total := 0
	for _, w := range ways {
		total += w.weight
	}
	for {
		n := r.IntN(total)
		for _, w := range ways {
			if n -= w.weight; n < 0 {
				if a.auth == "jwt" || a.auth == "apikey" && w.keys != nil || w.kind == "get" {
					return w
				}
				break
			}
		}
	}
}

// ask makes one process ask for a credential, or drop one, and judges what it did.
func (m *machine) ask(r *rand.Rand, a *account) {
	n := r.IntN(100)
	w := chosen(r, a)
	var before []string
	var kill time.Duration
	kind, args := w.kind, w.args(a)
	if r.IntN(20) == 0 {
		args = append(args[:2:2], append([]string{"-vv"}, args[2:]...)...)
	}
	var allowed []int
	excused, unlocked := false, false
	switch {
	case a.name == still:
	case n < 4:
		m.drop(r, a)
		return
	case n < 6 && a.auth == "jwt":
		kind, args, w = "get force-new", []string{"get", a.name, "--force-new"}, ways[0]
		excused = true
	case n < 10:
		kind, kill = "killed", between(r, time.Microsecond, 60*time.Millisecond)
		excused = true
	case n < 12 && m.blind != nil:
		var folder string
		kind, folder = unwritable(r, a)
		before = append(slices.Clone(m.blind), strings.TrimPrefix(kind, "disk "), folder)
		kind, excused, unlocked = kind+" "+filepath.Base(folder), true, true
	case n < 14 && m.clocked != "":
		clock := wrongClocks[r.IntN(len(wrongClocks))]
		kind, before, excused = fmt.Sprintf("clock %v", clock), []string{m.clocked, clock.String()}, true
		if a.auth == "jwt" && (clock > 24*time.Hour || len(m.brokenSince(a.at, time.Now(), time.Now())) > 0) {
			allowed = append(allowed, 5) // it can't be corrected, or the attempts may be lost to something else
		}
	}
	if excused {
		defer a.expect(unlocked)()
	}
	timeout := []string{"--timeout", mintTimeout().String()}
	stdin := ""
	if w.stdin != nil {
		stdin = w.stdin(a)
	}
	o := m.start(a, kind, before, stdin, kill, append(args[:2:2], append(timeout, args[2:]...)...)...)
	m.tried(o)
	m.ended(o, allowed...)
	m.served(o, w)
}

// unwritable is a folder in which a process can't write.
func unwritable(r *rand.Rand, a *account) (kind, folder string) {
	folders := []string{a.user.run, filepath.Join(a.user.home, ".local", "state"), filepath.Join(a.user.home, ".config")}
	if a.user.secrets != nil {
		folders = folders[:1]
	}
	return []string{"disk read-only", "disk full"}[r.IntN(2)], folders[r.IntN(len(folders))]
}

// drop makes a cached token go.
func (m *machine) drop(r *rand.Rand, a *account) {
	defer a.expect(false)()
	if r.IntN(2) == 0 || a.auth != "jwt" {
		m.ended(m.call(a, "erase", "erase", a.name))
		return
	}
	o := m.call(a, "get token", "get", a.name, "--format", "token", "--timeout", mintTimeout().String())
	m.tried(o)
	m.ended(o)
	m.served(o, ways[1])
	if o.status == 0 {
		request := attributes(a) + "credential=" + strings.TrimSpace(o.stdout) + "\n"
		m.ended(m.start(a, "credential erase", nil, strings.Replace(request, "\n\n", "\n", 1)+"\n", 0, "credential", "erase", a.name))
	}
}

// tried counts a process that may have asked for a token in vain, three times for each key.
func (m *machine) tried(o *outcome) {
	if o.killed || strings.HasPrefix(o.kind, "clock") || len(m.brokenSince(o.account.at, o.start, o.end)) > 0 {
		o.account.traffic.mu.Lock()
		o.account.trials++
		o.account.traffic.mu.Unlock()
	}
}

// served judges what was printed, and asks the API.
func (m *machine) served(o *outcome, w way) {
	a := o.account
	if o.status != 0 && (!o.killed || o.silent()) {
		return
	}
	noise := strangeLines(o)
	if a.auth == "none" {
		if o.stdout != "" || !strings.HasSuffix(noise, "nothing to print\n") {
			m.violate(oneAnswer, "method none: %v", o.describe(nil))
		}
		return
	}
	if noise != "" {
		m.violate(oneAnswer, "it printed %q with a credential: %v", noise, o.describe(m.during(o)))
	}
	want := w.answer
	if a.auth == "apikey" {
		want = w.keys
	}
	found := want.FindStringSubmatch(o.stdout)
	switch {
	case found == nil:
		m.violate(oneAnswer, "stdout is no %s of method %s: %v", w.kind, a.auth, o.describe(m.during(o)))
		return
	case a.auth == "apikey":
		if found[1] != a.apiKey {
			m.violate(accepted, "another API key: %v", o.describe(nil))
		}
		m.count("API keys served")
		return
	}
	good, sure := a.at.accepts(o, found[1])
	switch {
	case good:
		m.count("tokens served and accepted")
	case !sure, time.Since(o.start) > 2*time.Second: // its time may be over: the shortest is served with 3 s left
		m.count("tokens served, and too late or too broken to ask")
	default:
		m.violate(accepted, "the API refused the token: %v", o.describe(m.during(o)))
	}
}

// strangeLines is what a process that succeeded said, without warnings and what -v asks for.
func strangeLines(o *outcome) string {
	for line := range strings.Lines(o.stderr) {
		if !strings.HasPrefix(line, "cgp-cred: warning: ") && !(slices.Contains(o.args, "-vv") && strings.HasPrefix(line, "* ")) {
			return line
		}
	}
	return ""
}

// change stores and rotates a user's profiles until stop, one command at a time.
func (m *machine) change(u *user, r *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(between(r, 100*time.Millisecond, 1500*time.Millisecond)):
		}
		a := u.accounts[r.IntN(len(u.accounts))]
		switch {
		case a.name == still:
		case a.name == "turns":
			m.rotate(r, a)
		case a.auth == "none":
			m.alter(a, "store", 0, "store", a.name, "--auth", "none")
		default:
			var kill time.Duration
			if r.IntN(10) == 0 {
				kill = between(r, time.Microsecond, 60*time.Millisecond)
			}
			m.alter(a, "store", kill, "store", a.name, "--api-key-file", filepath.Join(u.folder, "given", a.name+".key"))
		}
	}
}

// alter runs a command that changes a profile.
func (m *machine) alter(a *account, kind string, kill time.Duration, args ...string) *outcome {
	defer a.expect(false)()
	o := m.start(a, kind, nil, "", kill, args...)
	m.ended(o, m.outOfTurn(o)...)
	return o
}

// outOfTurn are the statuses of a rotation that comes when another is not at its end.
func (m *machine) outOfTurn(o *outcome) []int {
	if o.kind == "rotate" && regexp.MustCompile(`is waiting already|is not finished|no rotation is under way|has obtained no token|is the current key's`).MatchString(o.stderr) {
		return []int{2}
	}
	return nil
}

// rotate takes a rotation one step further, or back.
func (m *machine) rotate(r *rand.Rand, a *account) {
	switch r.IntN(4) {
	case 0:
		m.alter(a, "rotate", 0, "rotate", a.name, "--finish")
	case 1:
		m.alter(a, "rotate", 0, "rotate", a.name, "--abort")
	default:
		i := r.IntN(len(a.keys))
		file := filepath.Join(a.user.folder, "given", fmt.Sprintf("%s-%d.pem", a.name, i))
		m.alter(a, "rotate", 0, "rotate", a.name, "--kid", a.kid(i), "--private-key", file)
	}
}

// keysOf are the kids and moduli in a key set.
func keysOf(jwks string) (map[string]string, error) {
	var set struct {
		Keys []struct{ KID, N string }
	}
	err := json.Unmarshal([]byte(jwks), &set)
	keys := map[string]string{}
	for _, k := range set.Keys {
		keys[k.KID] = k.N
	}
	return keys, err
}
