package keystore

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

const busVariable = "DBUS_SESSION_BUS_ADDRESS"

// ready returns nil once go-keyring's connection to the session bus stands and is known to end in a process of our own
// user: whoever owns the bus reads each record and can plant one. It never starts a bus; without this, godbus would run
// dbus-launch and leave a daemon behind.
func ready(ctx context.Context) error {
	address, conn, err := findBus(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if os.Getenv(busVariable) != address {
		if err := os.Setenv(busVariable, address); err != nil {
			return &Error{Kind: ErrUnavailable, Detail: "setting " + busVariable}
		}
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= 0 {
		return context.DeadlineExceeded
	}
	if _, err := dbus.SessionBus(); err != nil {
		return err
	}
	// The process that we checked has lived until now and so has its listening socket: godbus has reached the same one.
	if !alive(conn) {
		return &Error{Kind: ErrUnavailable, Detail: "the session bus went away", Next: "run the command again"}
	}
	return nil
}

// busErrorName returns the D-Bus name of an error, for example org.freedesktop.DBus.Error.ServiceUnknown.
func busErrorName(err error) string {
	var e dbus.Error
	if errors.As(err, &e) {
		return e.Name
	}
	var p *dbus.Error
	if errors.As(err, &p) {
		return p.Name
	}
	return ""
}
