package scripttest

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// pkcs11Module is SoftHSM's PKCS #11 library.
func pkcs11Module(ts *testscript.TestScript) string {
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so", "/usr/lib*/pkcs11/libsofthsm2.so"} {
		if found := Glob(pattern); len(found) > 0 {
			path, err := filepath.EvalSymlinks(found[0]) // ssh-agent compares what it is allowed to load without links
			ts.Check(err)
			return path
		}
	}
	keystoretest.Missing(of(ts), "SoftHSM's PKCS #11 library", "softhsm2")
	return ""
}

// softHSM makes a token with the PIN 1234 in SoftHSM2 and sets SOFTHSM2_CONF and MODULE, its PKCS #11 library.
func softHSMToken(ts *testscript.TestScript, neg bool, args []string) {
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
