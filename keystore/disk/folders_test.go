//go:build linux

package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

func TestUserFolders(t *testing.T) {
	dir := t.TempDir()
	open, shut := filepath.Join(dir, "open"), filepath.Join(dir, "shut")
	must(t, os.Mkdir(open, 0o700))
	must(t, os.Chmod(open, 0o755))
	must(t, os.Mkdir(shut, 0o700))
	must(t, os.Symlink(shut, filepath.Join(dir, "link")))
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))

	const config, state, data = "/h/.config/cgp-cred", "/h/.local/state/cgp-cred", "/h/.local/share/cgp-cred"
	for _, tt := range []struct {
		name                             string
		home, config, state, data, runtm string
		want                             disk.Folders
		noHome                           bool
	}{
		{
			name: "only home", home: "/h", runtm: "/nowhere",
			want: disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
		{
			name: "all set", home: "/h", config: "/c", state: "/s", data: "/d", runtm: shut,
			want: disk.Folders{
				Config: "/c/cgp-cred", State: "/s/cgp-cred", Data: "/d/cgp-cred",
				Runtime: shut + "/cgp-cred",
			},
		},
		{
			name: "relative XDG folders count as unset", home: "/h", config: "c", state: "./s", data: "d",
			runtm: "/nowhere",
			want:  disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
		{
			name: "a tilde that no shell expanded", home: "/h", config: "~/c", state: "~/s", data: "~",
			runtm: "/nowhere",
			want:  disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
		{
			name: "a variable that no shell expanded", home: "/h", config: "$HOME/c", state: "$HOME/s", data: "$HOME",
			runtm: "/nowhere",
			want:  disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
		{name: "a tilde is no absolute path", config: "~/c", runtm: "/nowhere", noHome: true},
		{name: "no home", runtm: "/nowhere", noHome: true},
		{name: "home is the current folder", home: ".", runtm: "/nowhere", noHome: true},
		{name: "relative home", home: "h/u", runtm: "/nowhere", noHome: true},
		{name: "no home but config", config: "/c", runtm: "/nowhere", want: disk.Folders{Config: "/c/cgp-cred"}},
		{
			name: "no home but state", state: "/s", runtm: "/nowhere", noHome: true,
			want: disk.Folders{State: "/s/cgp-cred", Runtime: "/s/cgp-cred"},
		},
		{
			name: "runtime open to others", home: "/h", runtm: open,
			want: disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
		{
			name: "runtime a link", home: "/h", runtm: dir + "/link",
			want: disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
		{
			name: "runtime a file", home: "/h", runtm: dir + "/file",
			want: disk.Folders{Config: config, State: state, Data: data, Runtime: state},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HOME", tt.home)
			t.Setenv("XDG_CONFIG_HOME", tt.config)
			t.Setenv("XDG_STATE_HOME", tt.state)
			t.Setenv("XDG_DATA_HOME", tt.data)
			t.Setenv("XDG_RUNTIME_DIR", tt.runtm)
			got, err := disk.UserFolders()
			if errors.Is(err, disk.ErrNoHome) != tt.noHome || (err != nil) != tt.noHome {
				t.Errorf("error %v, want ErrNoHome: %t", err, tt.noHome)
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if tt.noHome && (fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "") {
				t.Errorf("class %v, hint %q", fault.ClassOf(err), fault.HintOf(err, ""))
			}
		})
	}
}

// A relative XDG_RUNTIME_DIR counts as unset: the folder is the one that systemd makes, if this machine has it.
func TestUserFoldersRelativeRuntime(t *testing.T) {
	t.Setenv("HOME", "/h")
	t.Setenv("XDG_RUNTIME_DIR", "")
	want, err := disk.UserFolders()
	must(t, err)
	for _, relative := range []string{"run", "./run", "../run", ".", "~/run", "$HOME/run"} {
		t.Setenv("XDG_RUNTIME_DIR", relative)
		if got, err := disk.UserFolders(); err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", relative, got, err, want)
		}
	}
}

func TestUserFoldersRuntimeOfAnotherUser(t *testing.T) {
	needRoot(t)
	theirs := t.TempDir()
	must(t, os.Chmod(theirs, 0o700))
	must(t, os.Chown(theirs, attacker, attacker))
	t.Setenv("HOME", "/h")
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("XDG_RUNTIME_DIR", theirs)
	got, err := disk.UserFolders()
	must(t, err)
	if got.Runtime != got.State {
		t.Errorf("runtime folder %q belongs to another user", got.Runtime)
	}
}

func BenchmarkUserFolders(b *testing.B) {
	for b.Loop() {
		if _, err := disk.UserFolders(); err != nil {
			b.Fatal(err)
		}
	}
}
