package scripttest

import (
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// tpm starts a simulated TPM 2.0 (swtpm), without a resource manager, and sets TPM2TOOLS_TCTI. "tpm stop" ends it.
func tpm(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	if neg || len(args) > 1 || len(args) == 1 && (args[0] != "stop" || u.tpm == nil) {
		ts.Fatalf("usage: tpm, tpm stop")
	}
	if len(args) == 1 {
		u.tpm.kill()
		return
	}
	keystoretest.Need(u, "swtpm", "swtpm")
	keystoretest.Need(u, "tpm2_sign", "tpm2-tools")
	state, err := os.MkdirTemp("", "tpm")
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(state) })
	port := freePorts(ts, 2) // the second is for the control channel: clients expect it one above
	listen := func(port int) string { return "type=tcp,bindaddr=127.0.0.1,port=" + strconv.Itoa(port) }
	u.tpm = start(ts, command(ts, "swtpm", "socket", "--tpm2", "--tpmstate", "dir="+filepath.Clean(state),
		"--server", listen(port), "--ctrl", listen(port+1), "--flags", "not-need-init,startup-clear"))
	ts.Defer(u.tpm.kill)
	if !u.tpm.listens("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1))) {
		ts.Fatalf("swtpm does not listen")
	}
	ts.Setenv("TPM2TOOLS_TCTI", "swtpm:host=127.0.0.1,port="+strconv.Itoa(port))
}

// freePorts returns the first of n free ports in a row.
func freePorts(ts *testscript.TestScript, n int) int {
	for range 100 {
		var open []net.Listener
		first := 0
		for len(open) < n {
			address := "127.0.0.1:0"
			if first != 0 {
				address = net.JoinHostPort("127.0.0.1", strconv.Itoa(first+len(open)))
			}
			l, err := net.Listen("tcp", address)
			if err != nil {
				break
			}
			if open = append(open, l); first == 0 {
				_, port, err := net.SplitHostPort(l.Addr().String())
				ts.Check(err)
				first, err = strconv.Atoi(port)
				ts.Check(err)
			}
		}
		for _, l := range open {
			ts.Check(l.Close())
		}
		if len(open) == n {
			return first
		}
	}
	ts.Fatalf("no %d free ports in a row", n)
	return 0
}
