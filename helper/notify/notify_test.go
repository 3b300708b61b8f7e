//go:build unix

package notify_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/notify"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) { os.Exit(keystoretest.Main(m)) }

// listen makes a manager's socket.
func listen(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func receive(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// Each message reaches a real socket, named by a path or abstract, as one datagram of lines.
func TestMessages(t *testing.T) {
	folder, err := os.MkdirTemp("", "n") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	addresses := []string{filepath.Join(folder, "notify")}
	if keystoretest.Linux.Here() {
		addresses = append(addresses, "@cgp-cred-test-"+strconv.Itoa(os.Getpid()))
	}
	for _, address := range addresses {
		socket := listen(t, address)
		t.Setenv("NOTIFY_SOCKET", address)
		t.Setenv("WATCHDOG_USEC", "30000000")
		t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
		m, err := notify.Open()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
			if v, there := os.LookupEnv(name); there {
				t.Errorf("%s is still %q", name, v)
			}
		}
		if m.Beat() != 10*time.Second {
			t.Errorf("beat %v", m.Beat())
		}
		for want, send := range map[string]func(){
			"READY=1\nSTATUS=until 12:00":             func() { m.Ready("until 12:00") },
			`STATUS=a\nREADY=1 \x1b[0m`:               func() { m.Status("a\nREADY=1 \x1b[0m") },
			"READY=1":                                 func() { m.Ready("") },
			"STOPPING=1\nSTATUS=ending":               m.Stopping,
			"WATCHDOG=1":                              m.Alive,
			"RELOADING=1\nMONOTONIC_USEC=" + "NUMBER": m.Reloading,
		} {
			send()
			got := receive(t, socket)
			if strings.HasSuffix(want, "NUMBER") {
				want = regexp.MustCompile(`\d+$`).FindString(got)
				if n, err := strconv.Atoi(want); err != nil || n == 0 && keystoretest.Linux.Here() {
					t.Errorf("%q", got)
				}
				want = "RELOADING=1\nMONOTONIC_USEC=" + want
			}
			if got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		}
	}
}

// Without a manager, with one that has gone or another process's watchdog, nothing is sent and nothing fails.
func TestNoManager(t *testing.T) {
	for _, c := range []struct {
		socket, limit, pid string
		refused            bool
	}{
		{"", "", "", false},
		{"", "1000000", "", false},
		{"/nonexistent/notify", "1000000", "1", false},
		{"@cgp-cred-test-nothing", "", "", false},
		{"/nonexistent/notify", "x", "", false},
		{"/nonexistent/notify", "-1", "", false},
		{"/nonexistent/notify", "99999999999999999999999", "", false},
		{"/" + strings.Repeat("x", 300), "", "", false},
		{"relative/notify", "", "", true},
		{"vsock:2:1234", "", "", true},
		{"@", "", "", true},
		{"/", "", "", true},
	} {
		t.Setenv("NOTIFY_SOCKET", c.socket)
		t.Setenv("WATCHDOG_USEC", c.limit)
		t.Setenv("WATCHDOG_PID", c.pid)
		m, err := notify.Open()
		if (err != nil) != c.refused || err != nil && (fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "") {
			t.Errorf("%+v: %v", c, err)
		}
		if m.Beat() != 0 {
			t.Errorf("%+v: beat %v", c, m.Beat())
		}
		m.Ready("")
		m.Alive()
		m.Stopping()
	}
}
