package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
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

// fingerprint NAME BITS NUMBER sets NAME to the fingerprint of the key that pem writes.
func fingerprint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fingerprint NAME BITS NUMBER")
	}
	bits, number := map[string]int{"2048": 2048, "4096": 4096}[args[1]], strings.Index("0123456789", args[2])
	ts.Setenv(args[0], signer.Fingerprint(&keystoretest.Key(bits, number).PublicKey))
}

// pkcs11Module is SoftHSM's PKCS #11 library.
func pkcs11Module(ts *testscript.TestScript) string {
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so", "/usr/lib*/pkcs11/libsofthsm2.so"} {
		if found := glob(pattern); len(found) > 0 {
			path, err := filepath.EvalSymlinks(found[0]) // ssh-agent compares what it is allowed to load without links
			ts.Check(err)
			return path
		}
	}
	keystoretest.Missing(of(ts), "SoftHSM's PKCS #11 library", "softhsm2")
	return ""
}

// softHSM makes a token with the PIN 1234 in SoftHSM2 and sets SOFTHSM2_CONF and MODULE, its PKCS #11 library.
func softHSM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: softhsm-token")
	}
	keystoretest.Need(of(ts), "softhsm2-util", "softhsm2")
	keystoretest.Need(of(ts), "pkcs11-tool", "opensc")
	module := pkcs11Module(ts)
	tokens, conf := ts.MkAbs("tokens"), ts.MkAbs("softhsm2.conf")
	ts.Check(os.Mkdir(tokens, 0o700))
	ts.Check(os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\nlog.level = ERROR\n"), 0o600))
	ts.Setenv("SOFTHSM2_CONF", conf)
	ts.Setenv("MODULE", module)
	cmd := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "cgp", "--pin", "1234", "--so-pin", "123456")
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+conf)
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("softhsm2-util: %v: %s", err, out)
	}
}
