package keychain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"

	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
)

const secretService = "org.freedesktop.secrets"

// provider returns the name of the program that answers as keychain: on Linux the owner of org.freedesktop.secrets on
// the session bus, or "" if no program has taken that name yet. It checks the bus as every call does, starts no
// program, asks for no password, and keeps to ctx's deadline. Errors are *[keystore.Error].
func provider(ctx context.Context) (string, error) {
	_, socket, err := findBus(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = socket.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = socket.SetDeadline(deadline) // a bus may accept the connection and never answer
	}
	pid, err := owner(ctx, socket)
	switch {
	case strings.HasSuffix(busErrorName(err), ".NameHasNoOwner"):
		return "", nil
	case errors.Is(err, os.ErrDeadlineExceeded), err != nil && ctx.Err() != nil:
		return "", &keystore.Error{Kind: keystore.ErrTimeout, Op: "get", Detail: "the session bus"}
	case err != nil:
		return "", &keystore.Error{Kind: keystore.ErrUnavailable, Op: "get", Detail: "the session bus: " + err.Error()}
	}
	return fmt.Sprintf("%s (pid %d)", program(pid), pid), nil
}

// owner asks the bus for the process that owns the Secret Service's name.
func owner(ctx context.Context, socket *net.UnixConn) (pid uint32, err error) {
	conn, err := dbus.ConnectUnix(socket, dbus.WithContext(ctx))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	err = conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0,
		secretService).Store(&pid)
	return pid, err
}

// program returns a process's name. The kernel keeps 15 bytes of it. The rest is in the command line, which the process
// could have changed; program uses that only if it begins with the kernel's name.
func program(pid uint32) string {
	const unknown = "a program of unknown name"
	folder := fmt.Sprintf("/proc/%d", pid)
	//nolint:gosec,forbidigo // the kernel's own file; a number is all that varies
	comm, err := os.ReadFile(filepath.Join(folder, "comm"))
	name := strings.TrimSpace(string(comm))
	if err != nil || name == "" {
		return unknown
	}
	//nolint:gosec,forbidigo // the kernel's own file; a number is all that varies
	line, err := os.ReadFile(filepath.Join(folder, "cmdline"))
	if err != nil {
		return printable.Text(name)
	}
	first, _, _ := bytes.Cut(line, []byte{0})
	if base := filepath.Base(string(first)); strings.HasPrefix(base, name) {
		name = base
	}
	return printable.Text(name)
}
