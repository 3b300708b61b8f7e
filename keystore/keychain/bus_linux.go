package keychain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/peer"
)

// findBus returns the first session bus that answers and belongs to this user, as an address with only its socket, and
// a connection to it. The connection shows that the bus has not been replaced since.
func findBus(ctx context.Context) (string, *net.UnixConn, error) {
	value := os.Getenv(busVariable)
	if value == "" || strings.HasPrefix(value, "autolaunch:") {
		value = usualBus()
	}
	if value == "" {
		return "", nil, &keystore.Error{
			Kind: keystore.ErrUnavailable, Detail: "there is no session bus",
			Next: noBus + keystore.WithoutKeychain,
		}
	}
	var worst error
	for entry := range strings.SplitSeq(value, ";") {
		if entry == "" {
			continue
		}
		address, conn, err := tryBus(ctx, entry)
		if err == nil {
			return address, conn, nil
		}
		if worst == nil || errors.Is(err, keystore.ErrDenied) && !errors.Is(worst, keystore.ErrDenied) {
			worst = err
		}
	}
	if worst == nil {
		worst = refuse("it names no address")
	}
	return "", nil, worst
}

// usualBus returns the address of the bus in the user's runtime folder, or "". A process with its own runtime folder
// has no other bus: usualBus looks in /run/user only if XDG_RUNTIME_DIR is unset.
func usualBus() string {
	path := filepath.Join(disk.RuntimeFolder(), "bus")
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeSocket {
		return ""
	}
	return "unix:path=" + dbus.EscapeBusAddressValue(path)
}

// tryBus connects to one entry of a bus address and checks which user listens there.
func tryBus(ctx context.Context, entry string) (string, *net.UnixConn, error) {
	key, name, err := parseBus(entry)
	if err != nil {
		return "", nil, err
	}
	socket := "@" + name
	if key == "path" {
		if name, err = safeSocket(name); err != nil {
			return "", nil, err
		}
		socket = name
	}
	conn, err := (&net.Dialer{}).DialUnix(ctx, "unix", nil, &net.UnixAddr{Net: "unix", Name: socket})
	if err != nil {
		if ctx.Err() != nil {
			return "", nil, ctx.Err()
		}
		return "", nil, stale(err)
	}
	if err := peer.CheckOwn(conn); err != nil {
		_ = conn.Close()
		return "", nil, foreign(err.Error())
	}
	return "unix:" + key + "=" + dbus.EscapeBusAddressValue(name), conn, nil
}

// parseBus reads one server address of the D-Bus specification: unix: with one of path, abstract and runtime=yes. It
// refuses other transports: tcp: reaches any program, unixexec: and autolaunch: run programs.
func parseBus(entry string) (key, name string, err error) {
	transport, rest, ok := strings.Cut(entry, ":")
	if !ok {
		return "", "", refuse("it is not a bus address")
	}
	if transport != "unix" {
		return "", "", refuse(fmt.Sprintf("%.20q is not trusted, only unix: is", transport+":"))
	}
	for pair := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(pair, "=")
		if k != "path" && k != "abstract" && k != "runtime" {
			continue // guid, and keys that a later D-Bus adds
		}
		if key != "" {
			return "", "", refuse("it names two sockets")
		}
		if v, err = dbus.UnescapeBusAddressValue(v); err != nil || v == "" || strings.ContainsRune(v, 0) {
			return "", "", refuse("it is not a bus address")
		}
		key, name = k, v
	}
	if key == "runtime" {
		key, name = "path", filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
	}
	if key == "" || key == "path" && !filepath.IsAbs(name) {
		return "", "", refuse("it names no socket")
	}
	return key, name, nil
}
