package scripttest

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// serve ARGS... starts cgp-cred serve, ends an earlier one, and sets what its JSON line says as exec --proxy does:
// CGP_PROXY, CGP_TOKEN_URL, CGP_CLIENT_ID and CGP_CLIENT_SECRET, and PAGE. The line is the file serve.json, and its
// stderr is serve.log. "serve stop" ends it.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("serve can't be expected to fail: call cgp-cred serve")
	}
	u := of(ts)
	if u.server != nil {
		u.server.stop(u)
	}
	if len(args) == 1 && args[0] == "stop" {
		return
	}
	r := &running{cmd: command(ts, "cgp-cred", append([]string{"serve"}, args...)...)}
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	r.cmd.Stderr = log
	ts.Check(r.cmd.Start())
	ts.Check(log.Close())
	u.server = r
	u.Cleanup(func() { r.stop(u) })

	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("serve.json"), line, 0o600))
	var where map[string]string
	ts.Check(json.Unmarshal(line, &where))
	for member, name := range map[string]string{
		"base_url": "CGP_PROXY", "token_url": "CGP_TOKEN_URL", "client_id": "CGP_CLIENT_ID",
		"client_secret": "CGP_CLIENT_SECRET", "page_url": "PAGE",
	} {
		ts.Setenv(name, where[member])
	}
}
