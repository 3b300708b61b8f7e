package guard

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// abs is a path outside the test's folder, as this system writes it.
func abs(path string) string {
	if runtime.GOOS == "windows" && path != os.DevNull && path != "/dev/null" {
		return "C:" + path
	}
	return path
}

func TestLeads(t *testing.T) {
	const bus = "DBUS_SESSION_BUS_ADDRESS"
	t.Parallel()
	root, markedRoot, uid := t.TempDir(), t.TempDir(), os.Geteuid()
	if err := os.WriteFile(filepath.Join(markedRoot, marker), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		set  map[string]string // in addition to a good environment
		uid  int
		want string // in the message; "" if there is no message
	}{
		"good":    {},
		"no root": {set: map[string]string{RootVariable: "", "HOME": abs("/root")}, want: RootVariable},
		"no root, a marked one": {set: map[string]string{
			RootVariable: "", "HOME": markedRoot + "/a/home",
			"XDG_CONFIG_HOME": "", "XDG_RUNTIME_DIR": markedRoot, bus: "",
		}},
		"outside of a marked one": {set: map[string]string{
			RootVariable: "", "HOME": markedRoot + "/home",
			"XDG_CONFIG_HOME": root,
		}, want: "XDG_CONFIG_HOME"},
		"a relative root":  {set: map[string]string{RootVariable: "."}, want: RootVariable},
		"the user's home":  {set: map[string]string{"HOME": abs("/root")}, want: "HOME=" + abs("/root")},
		"above the root":   {set: map[string]string{"HOME": root + "/.."}, want: "HOME="},
		"next to the root": {set: map[string]string{"HOME": root + "x/home"}, want: "HOME="},
		"no home":          {set: map[string]string{"HOME": ""}},
		"config": {
			set:  map[string]string{"XDG_CONFIG_HOME": abs("/home/me/.config")},
			want: "XDG_CONFIG_HOME",
		},
		"a relative config": {set: map[string]string{"XDG_CONFIG_HOME": "config"}},
		"state":             {set: map[string]string{"XDG_STATE_HOME": abs("/var/lib/x")}, want: "XDG_STATE_HOME"},
		"data":              {set: map[string]string{"XDG_DATA_HOME": abs("/usr/share")}, want: "XDG_DATA_HOME"},
		"nothing's":         {set: map[string]string{"XDG_DATA_HOME": os.DevNull, "XDG_STATE_HOME": "/proc"}},
		"agent": {
			set:  map[string]string{"SSH_AUTH_SOCK": abs("/tmp/ssh-1/agent.1")},
			want: "SSH_AUTH_SOCK",
		},
		"gpg":                {set: map[string]string{"GNUPGHOME": abs("/root/.gnupg")}, want: "GNUPGHOME"},
		"runtime":            {set: map[string]string{"XDG_RUNTIME_DIR": abs("/run/user/0")}, want: "XDG_RUNTIME_DIR"},
		"no runtime":         {set: map[string]string{"XDG_RUNTIME_DIR": ""}, want: "/run/user/"},
		"a relative runtime": {set: map[string]string{"XDG_RUNTIME_DIR": "run"}, want: "/run/user/"},
		"no runtime, hidden": {set: map[string]string{"XDG_RUNTIME_DIR": "", HiddenVariable: "yes"}},
		"it is not hidden": {set: map[string]string{
			"XDG_RUNTIME_DIR": "", HiddenVariable: "yes",
			"exists": "yes",
		}, want: "/run/user/"},
		"another, without": {set: map[string]string{"XDG_RUNTIME_DIR": ""}, uid: uid + 7},
		"another, with a folder": {
			set: map[string]string{"XDG_RUNTIME_DIR": "", "exists": "yes"}, uid: uid + 7,
			want: "/run/user/",
		},
		"bus": {set: map[string]string{bus: "unix:path=/run/user/0/bus"}, want: "DBUS"},
		"the second bus": {set: map[string]string{bus: "unix:path=" + root +
			"/b;unix:path=/run/user/0/bus,guid=1"}, want: "DBUS"},
		"guid first":       {set: map[string]string{bus: "unix:guid=1,path=/run/user/0/bus"}, want: "DBUS"},
		"an escaped bus":   {set: map[string]string{bus: "unix:path=%2frun/user/0/bus"}, want: "DBUS"},
		"an abstract bus":  {set: map[string]string{bus: "unix:abstract=/tmp/dbus-1"}, want: "DBUS"},
		"its abstract bus": {set: map[string]string{bus: "unix:abstract=" + root + "/bus"}},
		"no bus":           {set: map[string]string{bus: ""}},
		"other transports": {
			set: map[string]string{bus: "autolaunch:;tcp:host=127.0.0.1,port=1;unix:runtime=yes"},
		},
	}
	for name, c := range tests {
		env := map[string]string{
			RootVariable: root, "HOME": root + "/home", "XDG_CONFIG_HOME": root + "/home/.config",
			"XDG_RUNTIME_DIR": root + "/run",
			bus:               "unix:path=" + root + "/no-bus",
		}
		for name, value := range c.set {
			env[name] = value
		}
		if runtime.GOOS == "windows" && strings.HasPrefix(name, "nothing") {
			continue // Windows has no /proc
		}
		if c.uid == 0 {
			c.uid = uid
		}
		err := leads(environment{
			get: func(name string) string { return env[name] }, uid: c.uid,
			exists: func(string) bool { return env["exists"] != "" },
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
