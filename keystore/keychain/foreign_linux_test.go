package keychain_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgp-cred/keystore/keystoretest"
)

// attacker is the uid of another user.
const attacker = 65534

// listenAs serves, as a child with another uid, the socket in its argument until stdin ends.
func listenAs(uid int, name string) error {
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	if err := syscall.Setuid(uid); err != nil {
		return err
	}
	l, err := net.Listen("unix", name)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go silent(n, c)
		}
	}()
	fmt.Println("listening")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startAttacker has another user listen on a socket.
func startAttacker(t *testing.T, socket string) {
	t.Helper()
	keystoretest.Require(t, keystoretest.Users)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{childVariable + "=listen " + socket}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	if b := make([]byte, 9); !reads(out, b) || string(b) != "listening" {
		t.Fatal("the attacker does not listen")
	}
}

func reads(r io.Reader, b []byte) bool {
	_, err := io.ReadFull(r, b)
	return err == nil
}

// Another user who listens at a stale address would be handed each record.
func TestBusOfAnotherUser(t *testing.T) {
	t.Parallel()
	want := fmt.Sprintf("uid %d, and you are uid %d", attacker, os.Geteuid())
	t.Run("abstract socket", func(t *testing.T) {
		t.Parallel()
		name := fmt.Sprintf("cgp-cred-test-%d-%d", os.Getpid(), time.Now().UnixNano())
		startAttacker(t, "@"+name)
		for _, action := range []string{"get", "set", "delete"} {
			expect(t, child(t, action, "DBUS_SESSION_BUS_ADDRESS=unix:abstract="+name), "denied", want,
				"unset DBUS_SESSION_BUS_ADDRESS")
		}
	})
	t.Run("socket in a folder for all", func(t *testing.T) {
		t.Parallel()
		folder := sticky(t)
		startAttacker(t, filepath.Join(folder, "bus"))
		expect(t, child(t, "set", "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(folder, "bus")), "denied",
			"belongs to "+want)
	})
	t.Run("socket that looks like this user's", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(sticky(t), "bus")
		startAttacker(t, path)
		if err := os.Chown(path, 0, 0); err != nil {
			t.Fatal(err)
		}
		expect(t, child(t, "set", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path), "denied", "runs as "+want)
	})
	t.Run("this user's own is next in the list", func(t *testing.T) {
		t.Parallel()
		k := keystoretest.StartKeyring(t)
		path := filepath.Join(sticky(t), "bus")
		startAttacker(t, path)
		r := child(t, "set", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path+";"+k.Address)
		expect(t, r, "ok")
		if r.Address != k.Address {
			t.Errorf("%s is used", r.Address)
		}
	})
}

// sticky makes a folder as /tmp is.
func sticky(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "cgp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, os.ModeSticky|0o777); err != nil { // #nosec G302 -- what /tmp is
		t.Fatal(err)
	}
	return folder
}

// listenAction runs listenAs for a child whose action says so.
func listenAction(action string) bool {
	name, ok := strings.CutPrefix(action, "listen ")
	if ok {
		if err := listenAs(attacker, name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	return ok
}
