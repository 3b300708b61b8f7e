package scripttest

import (
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/keystoretest/guard"
)

// keyring starts a session bus with an unlocked gnome-keyring for the script. "keyring lock" and "keyring unlock"
// change it. "keyring fault METHOD FAULT" makes the next call of a D-Bus method fail with a keystoretest.Fault, until
// "keyring repair". "keyring dismiss" and "keyring ignore" do that with each prompt, and "keyring prompted N" checks
// the number of prompts. "keyring switch" changes to a second, empty keyring, until "keyring switch-back". "keyring
// keepassxc" starts KeePassXC instead; "keyring keepassxc confirm" one that shows dialogs, which no user answers.
func keyring(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	if !neg && len(args) > 0 && args[0] == "keepassxc" {
		u.keyring = keystoretest.StartKeePassXC(u, len(args) > 1)
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Address)
		return
	}
	if neg || (u.keyring == nil) != (len(args) == 0) {
		ts.Fatalf("usage: keyring, then " +
			"keyring lock|unlock|fault METHOD FAULT|repair|dismiss|ignore|prompted N|switch|switch-back")
	}
	if len(args) == 0 {
		u.keyring = keystoretest.StartKeyring(u)
		for _, variable := range []string{"DBUS_SESSION_BUS_ADDRESS", guard.ServiceVariable} {
			if value, ok := setting(u.keyring.Env, variable); ok {
				ts.Setenv(variable, value)
			}
		}
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
	case verb == "repair":
		u.keyring.Repair(u, u.fault)
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Address)
	case verb == "dismiss", verb == "ignore":
		u.person = u.keyring.Sit(u, verb == "dismiss")
	case verb == "prompted" && len(args) == 2 && u.person != nil:
		if n := strconv.Itoa(u.person.Seen()); n != args[1] {
			ts.Fatalf("%s prompts were shown, want %s", n, args[1])
		}
	case verb == "switch":
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", keystoretest.StartKeyring(u).Address)
	case verb == "switch-back":
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", u.keyring.Address)
	default:
		ts.Fatalf("keyring %q is unknown", args)
	}
}

// dbus starts a session bus without a keyring.
func dbus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: dbus")
	}
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", keystoretest.StartBus(of(ts)).Address)
}

// keyring-record reads and writes the keyring without cgp-cred. "keyring-record get ACCOUNT" prints an account's
// item, "keyring-record none ACCOUNT" checks that there is no item, and "keyring-record put ACCOUNT FILE" writes a
// file's text.
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
		_, err := ts.Stdout().Write([]byte(u.keyring.Look(u, args[1])))
		ts.Check(err)
	case "none":
		if items != 0 {
			ts.Fatalf("%d items for %s, want none", items, args[1])
		}
	case "put":
		u.keyring.Put(u, args[1], trimmed(ts, args[2]))
	}
}

// setting returns the value of a variable in an environment.
func setting(env []string, name string) (string, bool) {
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
