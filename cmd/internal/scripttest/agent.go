package scripttest

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// agent [as UID] [ARGS...] starts an ssh-agent beside the script, in the place of an earlier one, and sets SSH_AUTH_SOCK.
// "agent stop" ends it and leaves its socket behind, as a logout leaves the one that ssh forwarded.
func agent(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	if neg {
		ts.Fatalf("usage: agent [as UID] [ARGS...], agent stop")
	}
	if u.agent != nil {
		u.agent.kill() // it would remove its socket otherwise
		u.agent = nil
	}
	if len(args) == 1 && args[0] == "stop" {
		return
	}
	keystoretest.Need(u, "ssh-agent", "openssh-client")
	argv := []string{"ssh-agent"}
	folder, err := os.MkdirTemp("", "agent") // a socket's path has room for 107 bytes
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(folder) })
	if len(args) > 1 && args[0] == "as" {
		keystoretest.Need(u, "setpriv", "util-linux")
		argv = []string{"setpriv", "--reuid=" + args[1], "--regid=" + args[1], "--clear-groups", "ssh-agent"}
		args = args[2:]
		ts.Check(os.Chmod(folder, 0o777))
	}
	socket := filepath.Join(folder, "agent.sock")
	argv = append(append(argv, "-D", "-a", socket), args...)
	cmd := command(ts, argv[0], argv[1:]...)
	cmd.Env = append(cmd.Env, "SOFTHSM2_CONF="+ts.Getenv("SOFTHSM2_CONF"))
	u.agent = start(ts, cmd)
	ts.Defer(u.agent.kill)
	if !u.agent.listens("unix", socket) {
		ts.Fatalf("the ssh-agent does not listen")
	}
	ts.Setenv("SSH_AUTH_SOCK", socket)
}
