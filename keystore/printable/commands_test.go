package printable

import "testing"

func TestCommands(t *testing.T) {
	t.Parallel()
	linux, unix, windows := commandsOf("linux"), commandsOf("darwin"), commandsOf("windows")
	for _, c := range []struct{ got, want string }{
		{unix.look("/a b"), "ls -ld '/a b'"},
		{windows.look(`C:\a b`), `icacls 'C:\a b'`},
		{unix.space("/a"), "df /a; ls -ld /a"},
		{windows.space(`C:\a`), `dir C:\a; icacls C:\a`},
		{unix.makeFolder("/a", "750"), "mkdir -m 750 /a"},
		{windows.makeFolder(`C:\a`, "750"), `mkdir C:\a`},
		{unix.replace("/a", false), "cp /a /a.copy && mv /a.copy /a"},
		{unix.replace("/a", true), "cp -RL /a /a.copy && rm /a && mv /a.copy /a"},
		{windows.replace(`C:\a`, false), `copy C:\a C:\a.copy; del C:\a; move C:\a.copy C:\a`},
		{windows.replace(`C:\a`, true), `Copy-Item -Recurse C:\a C:\a.copy; cmd /c rmdir C:\a; move C:\a.copy C:\a`},
		{linux.clock, "timedatectl set-ntp true; WSL: sudo hwclock -s"},
		{unix.clock, "sudo sntp -sS time.apple.com"},
		{windows.clock, "as administrator: w32tm /resync"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
