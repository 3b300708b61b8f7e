package keychain

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
	ss "github.com/zalando/go-keyring/secret_service"

	"cgp-cred/keystore"
	"cgp-cred/keystore/peer"
)

const busVariable = "DBUS_SESSION_BUS_ADDRESS"

// ready returns nil when go-keyring is connected to the session bus, and the bus is a process of this user: the owner
// of the bus reads every record and can plant one. It never starts a bus; without it, godbus would run dbus-launch and
// leave a daemon running.
func ready(ctx context.Context) error {
	address, conn, err := findBus(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if os.Getenv(busVariable) != address {
		if err := os.Setenv(busVariable, address); err != nil {
			return &keystore.Error{Kind: keystore.ErrUnavailable, Detail: "setting " + busVariable}
		}
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= 0 {
		return context.DeadlineExceeded
	}
	session, err := dbus.SessionBus()
	if err != nil {
		return err
	}
	connection.Store(session)
	// The process that findBus checked is still running, and so is its listening socket: godbus has reached the same
	// one.
	if !peer.Alive(conn) {
		return &keystore.Error{
			Kind: keystore.ErrUnavailable, Detail: "the session bus closed the connection", Next: again,
		}
	}
	var pid uint32
	name := "" // no program has taken the name yet
	if session.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0,
		secretService).Store(&pid) == nil {
		name = program(pid)
	}
	answering.Store(&name)
	return nil
}

// set writes an item. KeePassXC shows a dialog if an item is to be replaced, even if its confirmation is off; it does
// not if only the secret of the item changes.
func set(account, value string) error {
	if Answering() != keePassXC {
		return keyring.Set(keystore.Service, account, value)
	}
	service, err := ss.NewSecretService()
	if err != nil {
		return err
	}
	collection := service.GetLoginCollection()
	if err := service.Unlock(collection.Path()); err != nil {
		return err
	}
	found, err := service.SearchItems(collection, map[string]string{"service": keystore.Service, "username": account})
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return keyring.Set(keystore.Service, account, value)
	}
	if err := service.Unlock(found[0]); err != nil {
		return err
	}
	session, err := service.OpenSession()
	if err != nil {
		return err
	}
	defer func() { _ = service.Close(session) }()
	secret := ss.NewSecret(session.Path(), value)
	return service.Object(secretService, found[0]).Call("org.freedesktop.Secret.Item.SetSecret", 0, secret).Err
}

// items returns how many items of an account are in go-keyring's collection, or unlisted.
func items(account string) (int, error) {
	service, err := ss.NewSecretService()
	if err != nil {
		return 0, err
	}
	collection := service.GetLoginCollection()
	if err := service.Unlock(collection.Path()); err != nil {
		return 0, err
	}
	found, err := service.SearchItems(collection, map[string]string{"service": keystore.Service, "username": account})
	return len(found), err
}

// accounts lists the items of [keystore.Service] in go-keyring's collection, over its connection, which [ready] has
// checked.
func accounts() ([]string, error) {
	service, err := ss.NewSecretService()
	if err != nil {
		return nil, err
	}
	collection := service.GetLoginCollection()
	if err := service.Unlock(collection.Path()); err != nil {
		return nil, err
	}
	items, err := service.SearchItems(collection, map[string]string{"service": keystore.Service})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, item := range items {
		v, err := service.Object(secretService, item).GetProperty("org.freedesktop.Secret.Item.Attributes")
		if removed(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var attributes map[string]string
		if err := v.Store(&attributes); err != nil {
			return nil, &keystore.Error{
				Kind: keystore.ErrUnavailable, Detail: "it sent a malformed reply",
				Next: otherProvider,
			}
		}
		all = append(all, attributes["username"])
	}
	return all, nil
}

// removed reports whether err says that an object of the Secret Service has been removed.
func removed(err error) bool {
	name := busErrorName(err)
	for _, kind := range []string{
		".UnknownObject", ".UnknownMethod", ".UnknownInterface",
		".Secret.Error.NoSuchObject",
	} {
		if strings.HasSuffix(name, kind) {
			return true
		}
	}
	return false
}

// connection is go-keyring's connection to the session bus, which all of this process shares.
var connection atomic.Pointer[dbus.Conn]

// hungUp reports whether the panic comes from a closed connection: a prompt then gets no answer. godbus closes the
// channel of signals first, and go-keyring reads nil from it while the connection still counts as connected. No reply
// makes go-keyring dereference nil.
func hungUp(panicked any) bool {
	if e, ok := panicked.(runtime.Error); ok && strings.Contains(e.Error(), "nil pointer dereference") {
		return true
	}
	c := connection.Load()
	return c != nil && !c.Connected()
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
