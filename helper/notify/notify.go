// Package notify tells the service manager (systemd) how a command is, by the protocol of sd_notify(3).
package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Manager is the service manager that started this process. The methods of the zero value do nothing, and
// all ignore errors: a manager that does not listen must not stop the work.
type Manager struct {
	address *net.UnixAddr // nil: no manager
	timeout time.Duration // of its watchdog; 0: it has none
}

// Open finds the manager, and takes its variables out of the environment: a command that this process starts must not
// speak for it.
func Open() (Manager, error) {
	socket, limit, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(name) // it fails for bad names only
	}
	m := Manager{}
	if socket == "" {
		return m, nil
	}
	if len(socket) < 2 || socket[0] != '/' && socket[0] != '@' {
		return m, fault.New(fault.Usage, "leave the variable unset, or let systemd set it",
			"NOTIFY_SOCKET is %s, and must be a path, or @ and a name", printable.Quote(socket))
	}
	m.address = &net.UnixAddr{Name: socket, Net: "unixgram"} // a leading @ is an abstract name
	if pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if n, err := strconv.ParseUint(limit, 10, 62); err == nil && n < 1<<50 {
			m.timeout = time.Duration(n) * time.Microsecond //nolint:gosec // bounded above
		}
	}
	return m, nil
}

// Beat is how often the manager wants to hear [Manager.Alive], with time to spare; 0: never.
func (m Manager) Beat() time.Duration { return m.timeout / 3 }

// Ready says that the command does its work now, after its start or a reload. An empty status stays as it is.
func (m Manager) Ready(status string) {
	if status == "" {
		m.send("READY=1")
		return
	}
	m.send("READY=1", "STATUS="+status)
}

// Status says how the command is.
func (m Manager) Status(status string) { m.send("STATUS=" + status) }

// Reloading says that the command starts its work again, until Ready.
func (m Manager) Reloading() {
	m.send("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", monotonic().Microseconds()))
}

// Stopping says that the command ends.
func (m Manager) Stopping() { m.send("STOPPING=1", "STATUS=ending") }

// Alive answers the manager's watchdog.
func (m Manager) Alive() {
	if m.timeout > 0 {
		m.send("WATCHDOG=1")
	}
}

// sendTime is how long a full socket may hold up the command.
const sendTime = time.Second

func (m Manager) send(lines ...string) {
	if m.address == nil {
		return
	}
	c, err := net.DialUnix("unixgram", nil, m.address)
	if err != nil {
		return
	}
	defer c.Close() //nolint:errcheck // nothing is read from it
	for i, line := range lines {
		lines[i] = printable.Line(line)
	}
	if c.SetWriteDeadline(time.Now().Add(sendTime)) == nil {
		_, _ = c.Write([]byte(strings.Join(lines, "\n")))
	}
}
