package scripttest

import (
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// keyring starts a session bus with an unlocked gnome-keyring for the script. "keyring lock" and "keyring unlock" change
// it. "keyring fault METHOD FAULT" lets a keystoretest.Fault happen at the next call of a D-Bus method, until "keyring
// repair". "keyring dismiss" and "keyring ignore" put someone before the screen who does that to each prompt, and "keyring
// prompted N" holds that there were so many. "keyring switch" lets another one answer, that is empty, until "keyring switch-back".
func keyring(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	if neg || (u.keyring == nil) != (len(args) == 0) {
		ts.Fatalf("usage: keyring, then keyring lock|unlock|fault METHOD FAULT|repair|dismiss|ignore|prompted N|switch|switch-back")
	}
	if len(args) == 0 {
		u.keyring = keystoretest.StartKeyring(u)
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Address)
		return
	}
	switch verb := args[0]; {
	case verb == "lock":
		u.keyring.Lock(u)
	case verb == "unlock":
		u.keyring.Unlock(u)
	case verb == "fault" && len(args) == 3:
		u.fault = keystoretest.Fault(args[2])
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Gate(u, args[1], u.fault))
	case verb == "mend":
		u.keyring.Repair(u, u.fault)
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Address)
	case verb == "dismiss", verb == "ignore":
		u.person = u.keyring.Sit(u, verb == "dismiss")
	case verb == "prompted" && len(args) == 2 && u.person != nil:
		if n := strconv.Itoa(u.person.Seen()); n != args[1] {
			ts.Fatalf("%s prompts came up, want %s", n, args[1])
		}
	case verb == "switch":
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", keystoretest.StartKeyring(u).Address)
	case verb == "switch-back":
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Address)
	default:
		ts.Fatalf("keyring %q: no such thing", args)
	}
}

// dbus starts a session bus without a keyring.
func dbus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: dbus")
	}
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", keystoretest.StartBus(of(ts)).Address)
}

// readRecord: keyring-record reads and writes the keyring behind cgp-cred's back: "keyring-record get ACCOUNT" prints what it holds for an account,
// "keyring-record none ACCOUNT" holds that it has nothing, "keyring-record put ACCOUNT FILE" puts a file's text there.
func keyringRecord(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	if neg || len(args) < 2 || u.keyring == nil {
		ts.Fatalf("usage: keyring-record get|none ACCOUNT, keyring-record put ACCOUNT FILE, after keyring")
	}
	switch items := u.keyring.Items(u, "cgp-cred", args[1]); args[0] {
	case "get":
		if items != 1 {
			ts.Fatalf("%d items for %s, want 1", items, args[1])
		}
		_, err := ts.Stdout().Write([]byte(lookUp(ts, args[1])))
		ts.Check(err)
	case "none":
		if items != 0 {
			ts.Fatalf("%d items for %s, want none", items, args[1])
		}
	case "put":
		keystoretest.Need(u, "secret-tool", "libsecret-tools")
		cmd := exec.Command("secret-tool", "store", "--label=test", "service", "cgp-cred", "username", args[1])
		cmd.Env, cmd.Stdin = u.keyring.Env, strings.NewReader(trimmed(ts, args[2]))
		ts.Check(cmd.Run())
	}
}

// lookUp is what the keyring holds for an account.
func lookUp(ts *testscript.TestScript, account string) string {
	u := of(ts)
	keystoretest.Need(u, "secret-tool", "libsecret-tools")
	cmd := exec.Command("secret-tool", "lookup", "service", "cgp-cred", "username", account)
	cmd.Env = u.keyring.Env
	out, err := cmd.Output()
	ts.Check(err)
	return string(out)
}
