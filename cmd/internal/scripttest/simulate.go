package scripttest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

const simulatorLog = "simulator.log"

// simulate ARGS... starts cgp-cred simulate, ends an earlier one, and sets HOST, BASE and BUCKET to its addresses. Its
// stderr is the file simulator.log. "simulate stop" ends it.
func simulate(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("simulate can't be expected to fail: call cgp-cred simulate")
	}
	u := of(ts)
	if u.simulator != nil {
		u.simulator.stop(u)
	}
	if len(args) == 1 && args[0] == "stop" {
		return
	}
	r := &running{cmd: command(ts, "cgp-cred", append([]string{"simulate"}, args...)...)}
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	log, err := os.Create(ts.MkAbs(simulatorLog))
	ts.Check(err)
	r.cmd.Stderr = log
	ts.Check(r.cmd.Start())
	ts.Check(log.Close())
	u.simulator = r
	u.Cleanup(func() { r.stop(u) })

	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	var where struct {
		Base  string `json:"base_url"`
		Host  string `json:"host"`
		Token string `json:"token_url"`
		CA    string `json:"ca_file"`
		Data  string `json:"bucket_url"`
	}
	ts.Check(json.Unmarshal(line, &where))
	path := "/oauth2/token"
	if slices.Contains(args, "--proxygen") {
		path = "/realms/api-producers/protocol/openid-connect/token"
	}
	if where.Base == "" || where.Host == "" || where.Token != where.Base+path {
		ts.Fatalf("the simulator printed %q", line)
	}
	ts.Setenv("HOST", where.Host)
	ts.Setenv("BASE", where.Base)
	ts.Setenv("CA", where.CA)
	ts.Setenv("BUCKET", where.Data)
}

// running is a simulator that runs next to the script.
type running struct {
	cmd   *exec.Cmd
	ended bool
}

// stop interrupts the simulator, and waits for its end.
func (r *running) stop(t testing.TB) {
	if r.ended {
		return
	}
	r.ended = true
	if r.cmd.Process.Signal(syscall.SIGINT) != nil { // Windows can't interrupt another process
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
		return
	}
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("%v ended with %v", r.cmd.Args, err)
	}
}

// token-requests N checks the number of token requests that the simulator has had.
func tokenRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: token-requests N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	log := ts.ReadFile(simulatorLog)
	if got := len(regexp.MustCompile(`(?m)^POST /(oauth2|realms)\S*/token `).FindAllString(log, -1)); got != want {
		ts.Fatalf("%d token requests, want %d:\n%s", got, want, log)
	}
}
