package scripttest

import (
	"bufio"
	"io"
	"maps"
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

// controlled is a simulator that can leave a token request without an answer, and tells of each of them.
type controlled struct {
	api      http.Handler
	holdNext atomic.Bool // the next one
	crowd    atomic.Pointer[crowd]
	ahead    atomic.Int64 // of its clock, nanoseconds
	arrived  chan struct{}
}

func (s *controlled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.api.ServeHTTP(w, r)
		return
	}
	s.arrived <- struct{}{}
	if s.holdNext.CompareAndSwap(true, false) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that its client has gone
		<-r.Context().Done()
		return
	}
	c := s.crowd.Load()
	if c == nil {
		s.api.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	s.api.ServeHTTP(answer, r)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_ = http.NewResponseController(w).Flush() // headers have a deadline of their own
	<-c.gathered
	_, _ = w.Write(answer.Body.Bytes())
}

// crowd is a number of processes that wait for the same.
type crowd struct {
	missing  atomic.Int64
	gathered chan struct{} // all are here
}

// controlled-simulator API-KEY JWKS [FAULT] runs a simulator in this process for the verbs below, and sets HOST to its
// address. Its tokens live for an hour. "controlled-simulator clock OFFSET" sets its clock.
func controlledSimulator(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	switch s := u.controlled; {
	case neg || len(args) < 2:
		ts.Fatalf("usage: controlled-simulator API-KEY JWKS [FAULT], controlled-simulator clock OFFSET")
	case args[0] == "clock" && s != nil:
		ahead, err := time.ParseDuration(args[1])
		ts.Check(err)
		s.ahead.Store(int64(ahead))
	default:
		u.controlled = startControlled(ts, args[0], ts.MkAbs(args[1]), args[2:]...)
	}
}

// kill-during-request COMMAND... runs a command, and kills it while it waits for the answer to its token request.
func killDuringRequest(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).controlled
	if neg || len(args) < 1 || s == nil {
		ts.Fatalf("usage: kill-during-request COMMAND ARGS..., after controlled-simulator")
	}
	s.holdNext.Store(true)
	b := begin(ts, args)
	s.await(ts, b.started)
	b.kill()
}

func startControlled(ts *testscript.TestScript, apiKey, jwks string, faults ...string) *controlled {
	all, err := parseFaults(strings.Join(faults, "+"))
	ts.Check(err)
	s := &controlled{arrived: make(chan struct{}, 256)}
	s.api = simulator.New(simulator.Config{
		APIKey: apiKey, JWKS: func() ([]byte, error) { return os.ReadFile(jwks) }, TokenLife: time.Hour,
		Faults: all, Now: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
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

// await waits for the next token request, which a program makes that was started.
func (s *controlled) await(ts *testscript.TestScript, p *started) {
	select {
	case <-s.arrived:
	case <-p.ended:
		select {
		case <-s.arrived:
		default:
			ts.Fatalf("no token request came")
		}
	}
}

// share-token-request N COMMAND... runs a command of cgp-cred so many times at once, as parallel does. The token request of one of them
// is only answered when all the others wait for that one.
func shareTokenRequest(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).controlled
	if neg || len(args) < 2 || s == nil {
		ts.Fatalf("usage: share-token-request N COMMAND ARGS..., after controlled-simulator")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	c := &crowd{gathered: make(chan struct{})}
	c.missing.Store(int64(n) - 1)
	s.crowd.Store(c)
	defer s.crowd.Store(nil)
	atOnce(ts, n, append(args[1:], "-v"), func(cmd *exec.Cmd) (out, text string) {
		var printed strings.Builder
		var said []string
		cmd.Stdout = &printed
		stderr, err := cmd.StderrPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return "", err.Error()
		}
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if line := lines.Text(); !strings.HasPrefix(line, "* ") {
				said = append(said, line+"\n")
			} else if strings.HasSuffix(line, "waiting for it") && c.missing.Add(-1) == 0 {
				close(c.gathered)
			}
		}
		_ = cmd.Wait() // its status is what counts
		return printed.String(), strings.Join(said, "")
	})
}

// kill-lock-holder PROFILE kills the process that has a profile's lock, in the middle of its token request, while another one waits
// for the lock. It holds that the other one asks for a token then, and gets it.
func killLockHolder(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).controlled
	if neg || len(args) != 1 || s == nil {
		ts.Fatalf("usage: kill-lock-holder PROFILE, after controlled-simulator")
	}
	ts.Check(ts.Exec("cgp-cred", "erase", args[0]))
	s.holdNext.Store(true)
	first := begin(ts, []string{"cgp-cred", "get", args[0]})
	s.await(ts, first.started)
	ts.Check(pause(first.cmd.Process.Pid)) // its own deadline would make it ask again

	waiting := command(ts, "cgp-cred", "get", args[0], "-v")
	var out strings.Builder
	waiting.Stdout = &out
	text, err := waiting.StderrPipe()
	ts.Check(err)
	ts.Check(waiting.Start())
	for lines := bufio.NewScanner(text); lines.Scan(); {
		if strings.HasSuffix(lines.Text(), "waiting for it") {
			break
		}
	}
	if len(s.arrived) > 0 {
		ts.Fatalf("it does not wait")
	}
	first.kill()
	_, err = io.Copy(io.Discard, text)
	ts.Check(err)
	if err := waiting.Wait(); err != nil || !strings.HasPrefix(out.String(), "Authorization: Bearer ") {
		ts.Fatalf("the next one: %v, %q", err, out.String())
	}
}

// during-renewal FILE N COMMAND... begins a command whose token request is not answered, and stops it, so that its own deadline does
// not end it. It holds that N more of them, begun meanwhile, print what is in FILE, which they can't do if they wait for
// the first; that the first does the same when it gives up; and that no other asks for a token.
func duringRenewal(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).controlled
	if neg || len(args) < 3 || s == nil {
		ts.Fatalf("usage: during-renewal FILE N COMMAND ARGS..., after controlled-simulator")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	want := ts.ReadFile(args[0])
	s.holdNext.Store(true)
	renewing := begin(ts, args[2:])
	s.await(ts, renewing.started)
	ts.Check(pause(renewing.cmd.Process.Pid))
	others := make([]*begun, n)
	for i := range others {
		others[i] = begin(ts, args[2:])
	}
	for _, other := range others {
		other.mustPrint(ts, want)
	}
	ts.Check(resume(renewing.cmd.Process.Pid))
	renewing.mustPrint(ts, want)
	if len(s.arrived) > 0 {
		ts.Fatalf("%d more token requests", len(s.arrived))
	}
}

// begun is a command that was started, in a process group of its own.
type begun struct {
	*started

	out, text strings.Builder
}

func begin(ts *testscript.TestScript, argv []string) *begun {
	b := &begun{}
	cmd := command(ts, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &b.out, &b.text
	cmd.SysProcAttr = ownGroup()
	b.started = start(ts, cmd)
	return b
}

// mustPrint waits for its end, and holds that it succeeded with that and nothing else.
func (b *begun) mustPrint(ts *testscript.TestScript, want string) {
	<-b.ended
	if status := b.cmd.ProcessState.ExitCode(); status != 0 || b.out.String() != want || b.text.Len() > 0 {
		ts.Fatalf("exit status %d, stdout %q, want %q, stderr %q", status, b.out.String(), want, b.text.String())
	}
}

// new-token-requests N... holds that one of these is the number of token requests since the last command that counted them.
func newTokenRequests(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts).controlled
	if neg || len(args) == 0 || s == nil {
		ts.Fatalf("usage: new-token-requests N..., after controlled-simulator")
	}
	got := len(s.arrived)
	for range got {
		<-s.arrived
	}
	if !slices.Contains(args, strconv.Itoa(got)) {
		ts.Fatalf("%d token requests, want %q", got, args)
	}
}
