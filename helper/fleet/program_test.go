//go:build unix

package fleet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/fleet"
	"cgp-cred/helper/fleet/fleettest"
	"cgp-cred/keystore/fault"
)

// shellStore is a store of a user's own, on one machine and without times.
const shellStore = `#!/bin/sh
set -eu
cd "${CGP_CRED_FLEET#exec://}.data"
case $1 in
look) [ -e "$2" ] || exit 3; echo "0 $(cat "$2")" ;;
lease)
	if [ "$4" = 0 ]; then [ "$(cat "$2.lease")" != "$3" ] || rm "$2.lease"; exit 0; fi
	(set -C; echo "$3" >"$2.lease") 2>/dev/null || [ "$(cat "$2.lease")" = "$3" ] || exit 3 ;;
publish) cat >"$2.$3"; mv "$2.$3" "$2"; rm -f "$2.lease" ;;
drop) rm "$2" || exit 3 ;;
esac
`

// script writes a program and returns its URL.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(folderOf(t), "program")
	must(t, os.WriteFile(path, []byte(text), 0o700))
	must(t, os.Mkdir(path+".data", 0o700))
	return "exec://" + path
}

// The user's program is a store.
func TestProgram(t *testing.T) {
	t.Parallel()
	url := script(t, shellStore)
	m := newMachineAt(t, url, 0)
	turn := wait(t, m, 0)
	if turn.Found {
		t.Fatal("found a token")
	}
	turn.Publish(t.Context(), entry("first", 0))
	if !wait(t, newMachineAt(t, url, 0), 0).Found {
		t.Error("the token is not shared")
	}
	for range 2 {
		if err := m.Drop(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	if wait(t, m, 0).Found {
		t.Error("a dropped token came back")
	}
	holdsNoSecret(t, strings.TrimPrefix(url, "exec://")+".data", "first", apiKey)
	if len(m.warnings) > 0 {
		t.Errorf("warnings %q", m.warnings)
	}
}

// A program that does not keep to the protocol is not used, after one warning.
func TestProgramCantBeUsed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"fails":                {"#!/bin/sh\necho no store >&2\nexit 1\n", "no store"},
		"prints nothing":       {"#!/bin/sh\n", "not an age and a value"},
		"prints no age":        {"#!/bin/sh\necho dmFsdWU=\n", "not an age and a value"},
		"prints a word as age": {"#!/bin/sh\necho soon dmFsdWU=\n", "not an age and a value"},
		"prints a negative":    {"#!/bin/sh\necho -5 dmFsdWU=\n", "not an age and a value"},
		"prints a fraction":    {"#!/bin/sh\necho 1.5 dmFsdWU=\n", "not an age and a value"},
		"prints three words":   {"#!/bin/sh\necho 1 dmFs dWU=\n", "not an age and a value"},
		"prints two lines":     {"#!/bin/sh\necho 1 dmFs; echo dWU=\n", "not an age and a value"},
		"does not end":         {"#!/bin/sh\nexec sleep 60\n", "did not answer"},
		"leaves a child":       {"#!/bin/sh\nsleep 3 &\nexit 0\n", "continues"},
		"lacks a lease":        {"#!/bin/sh\n[ $1 = look ] && exit 3\nexit 9\n", "exit status 9"},
		"shows its input":      {"#!/bin/sh\n[ $1 = look ] && exit 3\n[ $1 = lease ] && exit 0\ncat >&2; exit 1\n", "[redacted]"},
		"is no program":        {"#!/none/such\n", "could not be started"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cantBeUsed(t, newMachineAt(t, script(t, tt.text), 0), tt.want)
		})
	}
}

// What is not base64, or is no value, is a miss.
func TestProgramPoisoned(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"0 ", "0 ====", "0 hello!", "99999999999999999 dmFsdWU=", "0 dmFsdWU=", "0 dmFsdWU"} {
		m := newMachineAt(t, script(t, "#!/bin/sh\n[ $1 != look ] || echo '"+answer+"'\n"), 0)
		if wait(t, m, 0).Found || len(m.warnings) != 1 || !strings.Contains(m.warnings[0], "ignored") {
			t.Errorf("%s: warnings %q", answer, m.warnings)
		}
	}
}

// The program gets the URL and files of the store, and no secret of cgp-cred's. Files only if the URL was given here.
func TestProgramEnvironment(t *testing.T) {
	for _, name := range []string{
		"CGP_CRED_API_KEY", "CGP_CRED_PRIVATE_KEY", "CGP_CRED_BUNDLE", "CGP_CRED_FLEET_KEY", "CGP_CRED_FLEET_PASSWORD",
	} {
		t.Setenv(name, "hidden-secret")
	}
	t.Setenv("CGP_CRED_FLEET", "file:///another")
	t.Setenv("CGP_CRED_FLEET_PASSWORD_FILE", "/shown/password")
	t.Setenv("CGP_CRED_CA_FILE", "/shown/ca")
	url := script(t, "#!/bin/sh\nenv | grep CGP_CRED_ | sort >\"$0.data/env\"; exit 3\n")
	look := func(url string, given bool) string {
		t.Helper()
		s, err := fleet.Open(url, given)
		must(t, err)
		_, err = s.Look(t.Context(), "name")
		must(t, err)
		raw, err := os.ReadFile(strings.TrimPrefix(url, "exec://") + ".data/env")
		must(t, err)
		return string(raw)
	}
	want := "CGP_CRED_CA_FILE=/shown/ca\nCGP_CRED_FLEET=" + url + "\nCGP_CRED_FLEET_PASSWORD_FILE=/shown/password\n"
	if got := look(url, true); got != want {
		t.Errorf("variables:\n%s", got)
	}

	// The companion gets no password of another store's.
	folder := folderOf(t)
	fleettest.Copy(t, strings.TrimPrefix(url, "exec://"), folder)
	must(t, os.Rename(folder+"/program", folder+"/"+fleet.Companion))
	must(t, os.Mkdir(folder+"/"+fleet.Companion+".data", 0o700))
	must(t, os.WriteFile(folder+"/cgp-cred", nil, 0o755))
	t.Cleanup(fleet.SetExecutable(folder + "/cgp-cred"))
	s, err := fleet.Open("redis://host", false)
	must(t, err)
	_, err = s.Look(t.Context(), "name")
	must(t, err)
	raw, err := os.ReadFile(folder + "/" + fleet.Companion + ".data/env")
	if err != nil || string(raw) != "CGP_CRED_CA_FILE=/shown/ca\nCGP_CRED_FLEET=redis://host\n" {
		t.Errorf("variables of the companion:\n%s%v", raw, err)
	}
}

// A program that was not given on this machine is not run.
func TestProgramNotGiven(t *testing.T) {
	t.Parallel()
	url := script(t, "#!/bin/sh\ntouch \"$0.data/ran\"\nexit 3\n")
	_, err := fleet.Open(url, false)
	if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), "was not given on this machine") ||
		!strings.Contains(fault.HintOf(err, ""), "CGP_CRED_FLEET=") {
		t.Errorf("%v (%s)", err, fault.HintOf(err, ""))
	}
	if _, err := os.Stat(strings.TrimPrefix(url, "exec://") + ".data/ran"); err == nil {
		t.Error("it was run")
	}
}

func TestCheckProgramURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"redis://host", "rediss://user@host:6379/3", "redis://[::1]:6379", "redis://host?cluster=true",
		"redis://a:1?addr=b:2&addr=c:3&master_name=main", "exec:///opt/fleet", "exec:///opt/fleet?cluster=hpc",
		"redis://user%40example.org@host",
	} {
		if err := fleet.CheckURL(good); err != nil || fleet.Runs(good) != true {
			t.Errorf("%s: %v", good, err)
		}
	}
	if fleet.Runs("file:///x") {
		t.Error("a folder is no program")
	}
	for _, bad := range []string{
		"redis://user:s3cret@host", "redis://:s3cret@host", "rediss://user:s3cret@host:1/0?x=y", "redis://u:@host",
		"redis://u:s3cret/part@host", "redis://u:s3cret?part@host", "redis://u:s3cret#part@host",
		"redis://host?password=s3cret", "redis://host?sentinel_password=s3cret", "redis://host?PASSWORD=s3cret",
		"redis://host?auth_token=s3cret", "rediss://host?skip_verify=true", "redis://", "redis:host", "redis:///0",
		"redis://host#s3cret", "exec://host/program", "exec://u:s3cret@/program", "exec://", "exec:///", "exec:program",
		"exec:///a%20b", "exec:///a?token=s3cret", "exec:///caf%c3%a9", "unix:///run/redis.sock", "valkey://host",
		"redis://u:s3cret%zz@host",
	} {
		err := fleet.CheckURL(bad)
		if err == nil || fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v", bad, err)
		} else if strings.Contains(err.Error()+fault.HintOf(err, ""), "s3cret") {
			t.Errorf("%q: a password was quoted: %v", bad, err)
		}
	}
}

// A store that starts a process for each look is looked at less often.
func TestPace(t *testing.T) {
	t.Parallel()
	s, err := fleet.Open("exec:///opt/program", true)
	must(t, err)
	paced, ok := s.(fleet.Paced)
	if !ok {
		t.Fatal("it has no pace")
	}
	if first, most := paced.Pace(); first < 200*time.Millisecond || most < first {
		t.Errorf("pace %v to %v", first, most)
	}
}
