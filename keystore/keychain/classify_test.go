package keychain

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// The other systems' errors can't be had here, so that their tables are read directly.
func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, goos string
		err        error
		want       error
		next       string
	}{
		{"absent", "windows", keyring.ErrNotFound, keystore.ErrNotFound, "cgp-cred store int"},
		{"too big", "darwin", keyring.ErrSetDataTooBig, keystore.ErrTooBig, "4096"},
		{"no keychain", "freebsd", keyring.ErrUnsupportedPlatform, keystore.ErrUnavailable, "CGP_CRED_HOST"},
		{"deadline", "darwin", context.DeadlineExceeded, keystore.ErrTimeout, "CGP_CRED_KEYCHAIN_TIMEOUT"},
		{"mac, no exit status", "darwin", errors.New("fork: no memory"), keystore.ErrUnavailable, "doctor"},
		{"windows, no number", "windows", errors.New("x"), keystore.ErrUnavailable, "doctor"},
		{"ssh to Windows", "windows", syscall.Errno(1312), keystore.ErrUnavailable, "Remote Desktop"},
		{"refused by Windows", "windows", syscall.Errno(5), keystore.ErrDenied, "allow"},
		{"too big for Windows", "windows", syscall.Errno(1783), keystore.ErrTooBig, "4096"},
		{"absent on Windows", "windows", syscall.Errno(1168), keystore.ErrNotFound, "store"},
		{
			"locked", "linux", errors.New("failed to unlock correct collection '/x'"), keystore.ErrLocked,
			"gnome-keyring-daemon --replace --unlock",
		},
		{
			"locked item", "linux", errors.New("Cannot get secret of a locked object"), keystore.ErrLocked,
			"gnome-keyring-daemon",
		},
		{
			"no service", "linux",
			errors.New("The name org.freedesktop.secrets was not provided by any .service files"),
			keystore.ErrUnavailable, "install",
		},
		{
			"no collection", "linux",
			errors.New("Object does not exist at path “/org/freedesktop/secrets/collection/login”"),
			keystore.ErrUnavailable, "gnome-keyring-daemon",
		},
		{"anything else", "linux", errors.New("EOF"), keystore.ErrUnavailable, "doctor"},
	} {
		var e *keystore.Error
		if err := classify(context.Background(), c.goos, "get", "int", time.Second, known(c.err)); !errors.As(err, &e) ||
			!errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		} else if !strings.Contains(fault.HintOf(e, ""), c.next) {
			t.Errorf("%s: hint %q, want %q in it", c.name, e.FaultHints(), c.next)
		}
	}
}

func TestEveryKindHasAHint(t *testing.T) {
	t.Parallel()
	for _, kind := range []error{
		keystore.ErrNotFound, keystore.ErrLocked, keystore.ErrUnavailable, keystore.ErrDenied,
		keystore.ErrTooBig, keystore.ErrTimeout, keystore.ErrCorrupt, keystore.ErrNewer,
	} {
		for _, op := range []string{"get", "set", "delete", "encode", "decode"} {
			e := &keystore.Error{Kind: kind, Op: op, Account: "int/token"}
			hints := e.FaultHints()
			if len(hints) == 0 || slices.Contains(hints, "") || strings.Contains(strings.Join(hints, ""), "int/token") {
				t.Errorf("%v: hints %q", e, hints)
			}
			if want := map[bool]fault.Class{
				true:  fault.None,
				false: fault.Keystore,
			}[errors.Is(kind, keystore.ErrNotFound)]; e.FaultClass() != want {
				t.Errorf("%v: class %v, want %v", e, e.FaultClass(), want)
			}
			if !strings.HasSuffix(e.Error(), kind.Error()) {
				t.Errorf("%q does not say what it is", e.Error())
			}
		}
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		variable, display, wayland string
		option, want               time.Duration
	}{
		{"", "", "", 0, 5 * time.Second},
		{"", ":0", "", 0, 30 * time.Second},
		{"", "", "wayland-0", 0, 30 * time.Second},
		{"60", "", "", 0, time.Minute},
		{"0.5", ":0", "", 0, 500 * time.Millisecond},
		{"1m30s", "", "", 0, 90 * time.Second},
		{"60", "", "", time.Second, time.Second},
	} {
		if runtime.GOOS != "linux" && c.variable == "" {
			continue // the display counts only on Linux
		}
		t.Setenv(keystore.TimeoutName, c.variable)
		t.Setenv("DISPLAY", c.display)
		t.Setenv("WAYLAND_DISPLAY", c.wayland)
		got, err := (&keychain{options: Options{Timeout: c.option}}).Limit()
		if err != nil || got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	t.Setenv("SSH_CONNECTION", "a")
	t.Setenv("SSH_TTY", "")
	if promptable("darwin") || promptable("windows") {
		t.Error("no user sees a prompt over ssh")
	}
}
