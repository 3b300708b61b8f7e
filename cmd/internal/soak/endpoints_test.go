//go:build linux

package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
)

// endpoint is where tokens come from.
type endpoint interface {
	address() string
	// accepts asks the API whether a token that was served is good. sure is false where the answer says nothing.
	accepts(o *outcome, token string) (good, sure bool)
}

// near is an endpoint in this process. Each fault is a new simulator instead of the one before; tokens of
// all of them are good at its API until their time is over.
type near struct {
	m    *machine
	host string

	mu       sync.Mutex
	all      []*simulator.Simulator // the newest last
	jwks     []byte
	byKey    map[string]*account
	asserted map[string]bool // every assertion that was sent
}

func startNear(t *testing.T, m *machine) *near {
	t.Helper()
	n := &near{m: m, byKey: map[string]*account{}, asserted: map[string]bool{}}
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	n.host = strings.TrimPrefix(s.URL, "http://")
	return n
}

func (n *near) register(accounts []*account) {
	n.jwks = jwks(accounts)
	for _, a := range accounts {
		n.byKey[a.apiKey] = a
	}
	n.become("", 6*time.Second, 0)
}

func (n *near) address() string { return n.host }

// become replaces the last simulator by another.
func (n *near) become(fault string, life, clock time.Duration) {
	c := simulator.Config{
		JWKS: func() ([]byte, error) { return n.jwks, nil }, TokenLife: life, Quota: -1,
		Now: func() time.Time { return time.Now().Add(clock) },
	}
	if fault != "" {
		f, err := simulator.ParseFault(fault)
		if err != nil {
			panic(err)
		}
		c.Faults = append(c.Faults, f)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, simulator.New(c))
	n.all = n.all[max(0, len(n.all)-600):]
}

// ServeHTTP passes a request to the simulator of the hour, and looks at what comes back.
func (n *near) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	now := n.all[len(n.all)-1]
	n.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		now.ServeHTTP(w, r)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	a := n.asker(body)
	if a == nil {
		now.ServeHTTP(w, r)
		return
	}
	done := a.asked(r.Context(), n.m.judge)
	seen := &seen{ResponseWriter: w}
	defer func() {
		token, life := seen.token()
		done(token, life)
	}()
	now.ServeHTTP(seen, r)
}

// asker is the account whose assertion a request carries. An assertion is sent once.
func (n *near) asker(body []byte) *account {
	form, err := url.ParseQuery(string(body))
	assertion := form.Get("client_assertion")
	parts := strings.Split(assertion, ".")
	if err != nil || len(parts) != 3 {
		n.m.violate(askedTwice, "a request without an assertion: %q", form)
		return nil
	}
	var claims struct{ Iss string }
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		n.m.violate(askedTwice, "an assertion that can't be read")
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asserted[parts[2]] {
		n.m.violate(askedTwice, "%v sent an assertion twice", n.byKey[claims.Iss])
	}
	n.asserted[parts[2]] = true
	return n.byKey[claims.Iss]
}

// seen keeps an answer that it passes on.
type seen struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *seen) Write(b []byte) (int, error) {
	s.body.Write(b)
	return s.ResponseWriter.Write(b)
}

// token is what a whole answer gave.
func (s *seen) token() (string, time.Duration) {
	var reply struct {
		Token string `json:"access_token"`
		In    string `json:"expires_in"`
	}
	if json.Unmarshal(s.body.Bytes(), &reply) != nil {
		return "", 0
	}
	seconds, _ := strconv.Atoi(reply.In)
	return reply.Token, time.Duration(seconds) * time.Second
}

const apiPath = "/hello-world/hello/application"

func (n *near) accepts(_ *outcome, token string) (good, sure bool) {
	n.mu.Lock()
	all := n.all
	n.mu.Unlock()
	for i := len(all) - 1; i >= 0; i-- {
		r := httptest.NewRequest(http.MethodGet, "http://"+n.host+apiPath, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		all[i].ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			return true, true
		}
	}
	return false, true
}

// far is cgp-cred simulate in a process of its own.
type far struct {
	m      *machine
	listen string // with the port that it got first
	jwks   string

	mu      sync.Mutex
	process *exec.Cmd
	started time.Time
}

func startFar(t *testing.T, m *machine) *far {
	t.Helper()
	f := &far{m: m, jwks: filepath.Join(m.folder, "far.jwks")}
	host, err := f.startAt("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.listen = host
	t.Cleanup(f.kill)
	return f
}

func (f *far) register(t *testing.T, accounts []*account) {
	t.Helper()
	if err := os.WriteFile(f.jwks, jwks(accounts), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *far) address() string { return f.listen }

// start starts it on the port that it had before.
func (f *far) start(args ...string) error {
	_, err := f.startAt(f.listen, args...)
	return err
}

// startAt starts it, and returns where it listens.
func (f *far) startAt(listen string, args ...string) (string, error) {
	cmd := exec.Command(f.m.program, append([]string{"simulate", "--listen", listen, "--jwks", f.jwks, "--quota", "-1"}, args...)...)
	cmd.Env = []string{tag + "=" + f.m.run}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var where struct{ Host string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &where)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.process, f.started = cmd, time.Now()
	return where.Host, nil
}

func (f *far) signal(s syscall.Signal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.process.Process.Signal(s)
}

func (f *far) kill() {
	f.signal(syscall.SIGKILL)
	_ = f.process.Wait()
}

// accepts knows nothing of tokens that were served while it was broken: a server that is started again has forgotten
// them.
func (f *far) accepts(o *outcome, token string) (good, sure bool) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.listen+apiPath, nil)
	if err != nil {
		return false, false
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := farClient.Do(r)
	if err != nil {
		return false, false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	f.mu.Lock()
	started := f.started
	f.mu.Unlock()
	sure = started.Before(o.start) && len(f.m.during(o)) == 0
	return res.StatusCode == http.StatusOK, sure
}

var farClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext}}
