package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/simulator"
)

// stalling is a simulator that can leave a token request without an answer, and says when each of them came.
type stalling struct {
	api     http.Handler
	stall   atomic.Bool  // the next one
	ahead   atomic.Int64 // of its clock, nanoseconds
	arrived chan time.Time
}

func (s *stalling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.api.ServeHTTP(w, r)
		return
	}
	s.arrived <- time.Now()
	if s.stall.CompareAndSwap(true, false) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that its client has gone
		<-r.Context().Done()
		return
	}
	s.api.ServeHTTP(w, r)
}

// stall API-KEY JWKS runs a simulator in this process for takeover, aside and arrivals, and sets HOST to where it listens.
// Its tokens live for an hour. "stall ahead OFFSET" sets its clock; "stall kill COMMAND..." runs a command whose token
// request is not answered, and kills it when that has come.
func stall(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	switch s := u.stalling; {
	case neg || len(args) < 2:
		ts.Fatalf("usage: stall API-KEY JWKS, stall ahead OFFSET, stall kill COMMAND ARGS...")
	case args[0] == "ahead" && s != nil:
		ahead, err := time.ParseDuration(args[1])
		ts.Check(err)
		s.ahead.Store(int64(ahead))
	case args[0] == "kill" && s != nil:
		s.stall.Store(true)
		b := begin(ts, args[1:])
		s.await(ts)
		ts.Check(b.cmd.Process.Kill())
		<-b.ended
	default:
		u.stalling = startStalling(ts, args[0], ts.MkAbs(args[1]))
	}
}

func startStalling(ts *testscript.TestScript, apiKey, jwks string) *stalling {
	s := &stalling{arrived: make(chan time.Time, 256)}
	s.api = simulator.New(simulator.Config{
		APIKey: apiKey, JWKS: func() ([]byte, error) { return os.ReadFile(jwks) }, TokenLife: time.Hour,
		Now: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
	})
	server := httptest.NewServer(s)
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
	})
	ts.Setenv("HOST", strings.TrimPrefix(server.URL, "http://"))
	ts.Setenv("BASE", server.URL)
	return s
}

// await is when the next token request came.
func (s *stalling) await(ts *testscript.TestScript) time.Time {
	select {
	case at := <-s.arrived:
		return at
	case <-time.After(60 * time.Second):
		ts.Fatalf("no token request came")
		return time.Time{}
	}
}

// takeover LIMIT PROFILE kills the process that has a profile's lock, in the middle of its token request, while another one
// waits for the lock. It holds that the other one's request comes within LIMIT after the kill, in the best of a few rounds
// (the machine may have much else to do), and that it gets its token.
func takeover(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).stalling
	if neg || len(args) != 2 || s == nil {
		ts.Fatalf("usage: takeover LIMIT PROFILE, after stall")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	const rounds = 5
	took := make([]time.Duration, 0, rounds)
	for range rounds {
		ts.Check(ts.Exec("cgp-cred", "erase", args[1]))
		took = append(took, s.killOne(ts, args[1]))
		if took[len(took)-1] <= limit {
			return
		}
	}
	ts.Fatalf("after a kill the next one's request came after %v", took)
}

// killOne plays one round and returns the time from the kill to the next one's request.
func (s *stalling) killOne(ts *testscript.TestScript, profile string) time.Duration {
	s.stall.Store(true)
	first := begin(ts, []string{"cgp-cred", "get", profile})
	s.await(ts)

	second := command(ts, "cgp-cred", "get", profile, "-v")
	var out strings.Builder
	second.Stdout = &out
	text, err := second.StderrPipe()
	ts.Check(err)
	ts.Check(second.Start())
	for lines := bufio.NewScanner(text); lines.Scan(); {
		if strings.HasSuffix(lines.Text(), "waiting for it") {
			break
		}
	}
	time.Sleep(2200 * time.Millisecond) // one that looks ever more rarely shows it

	killed := time.Now()
	ts.Check(first.cmd.Process.Kill())
	took := s.await(ts).Sub(killed)
	<-first.ended
	_, err = io.Copy(io.Discard, text)
	ts.Check(err)
	if err := second.Wait(); err != nil || !strings.HasPrefix(out.String(), "Authorization: Bearer ") {
		ts.Fatalf("the next one: %v, %q", err, out.String())
	}
	return took
}

// aside FILE N COMMAND... begins a command whose token request is not answered. It holds that N more of them, begun
// meanwhile, print what is in FILE, without waiting for the first, which does the same when it gives up; and that nobody
// else asks for a token.
func aside(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).stalling
	if neg || len(args) < 3 || s == nil {
		ts.Fatalf("usage: aside FILE N COMMAND ARGS..., after stall")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	want := ts.ReadFile(args[0])
	s.stall.Store(true)
	renewing := begin(ts, args[2:])
	s.await(ts)
	others := make([]*begun, n)
	for i := range others {
		others[i] = begin(ts, args[2:])
	}
	waited := 0
	for _, other := range others {
		other.mustPrint(ts, want)
		if other.took >= renewalLimit {
			waited++ // or the machine has much else to do; but not for all of them
		}
	}
	if waited > n/2 {
		ts.Fatalf("%d of %d took %v or longer", waited, n, renewalLimit)
	}
	renewing.mustPrint(ts, want)
	if renewing.took < renewalLimit {
		ts.Fatalf("the one that renews took %v only", renewing.took)
	}
	if len(s.arrived) > 0 {
		ts.Fatalf("%d more token requests", len(s.arrived))
	}
}

// renewalLimit is how long an early renewal may take.
const renewalLimit = 5 * time.Second

// begun is a command that was started.
type begun struct {
	cmd       *exec.Cmd
	out, text strings.Builder
	took      time.Duration
	ended     chan struct{}
}

func begin(ts *testscript.TestScript, argv []string) *begun {
	b := &begun{cmd: command(ts, argv[0], argv[1:]...), ended: make(chan struct{})}
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.text
	start := time.Now()
	ts.Check(b.cmd.Start())
	go func() {
		defer close(b.ended)
		_ = b.cmd.Wait() // its status is what counts
		b.took = time.Since(start)
	}()
	return b
}

// mustPrint waits for its end, and holds that it succeeded with that and nothing else.
func (b *begun) mustPrint(ts *testscript.TestScript, want string) {
	<-b.ended
	if status := b.cmd.ProcessState.ExitCode(); status != 0 || b.out.String() != want || b.text.Len() > 0 {
		ts.Fatalf("exit status %d, stdout %q, want %q, stderr %q", status, b.out.String(), want, b.text.String())
	}
}

// arrivals N... holds that one of these is the number of token requests since the last command that counted them.
func arrivals(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).stalling
	if neg || len(args) == 0 || s == nil {
		ts.Fatalf("usage: arrivals N..., after stall")
	}
	got := len(s.arrived)
	for range got {
		<-s.arrived
	}
	if !slices.Contains(args, strconv.Itoa(got)) {
		ts.Fatalf("%d token requests, want %q", got, args)
	}
}
