package keychain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"cgp-cred/keystore"
)

// The next step, if the usual hint of the kind does not say it.
const (
	// gnome-keyring-daemon reads the password up to the end of its input, including a line break, and unlocks only a
	// daemon that it starts itself.
	unlockCommand = `read -rs P; printf %s "$P" | gnome-keyring-daemon --replace --unlock --components=secrets; unset P`

	desktopless = "unlock the login keyring: on a desktop with its own program, otherwise in bash with `" +
		unlockCommand + "`"
	noBus = keystore.FileInstead + "\nor start a keyring for one shell (apt install dbus gnome-keyring): " +
		"`dbus-run-session -- bash`, then `" + unlockCommand + "`\n"
	noService = keystore.FileInstead + "\nor install and start gnome-keyring, KWallet or KeePassXC " +
		"(apt install gnome-keyring)\n"

	again         = "run the command again\n" + keystore.AskDoctor
	otherProvider = "run `cgp-cred doctor` to see which program answers as keychain, and update or replace it"
)

// classify turns an error of go-keyring, the keychain's programs or a deadline into an *[keystore.Error]. It does not
// change the error of a cancelled context: the user's wish is not the keychain's failure.
func classify(ctx context.Context, goos, op, account string, limit time.Duration, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("keychain: %w", context.Cause(ctx))
	}
	e := &keystore.Error{Op: op, Account: account}
	var own *keystore.Error
	switch {
	case errors.As(err, &own):
		e.Kind, e.Detail, e.Next = own.Kind, own.Detail, own.Next
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Detail = keystore.ErrTimeout, "waited "+limit.Round(time.Millisecond).String()+"; it is locked, "+
			"its prompt can't be seen, or it hangs"
		if goos == "linux" && (!promptable(goos) || Answering() == keePassXC) {
			e.Next = unlocking(Answering()) + "; more time: " + keystore.TimeoutName + "=60s"
		}
		if goos == macOS && !promptable(goos) {
			e.Next = "run `security unlock-keychain`, then the command again; more time: " +
				keystore.TimeoutName + "=60s"
		}
	case goos == macOS:
		e.Kind, e.Detail = keystore.ErrUnavailable, err.Error()
	case goos == "windows":
		classifyWindows(e, err)
	default:
		classifySecretService(e, err)
	}
	if late := map[string]string{"set": "stored", "delete": "deleted"}[op]; late != "" &&
		errors.Is(e.Kind, keystore.ErrTimeout) {
		if goos == macOS { // its program was ended
			e.Detail += "; it may have been " + late + ": check with `cgp-cred status`"
			return e
		}
		e.Detail += "; it may still be " + late + " when the keychain continues: check with `cgp-cred status`"
	}
	return e
}

// unlocking returns what to do if a program that answers as keychain is locked, or waits for the user.
func unlocking(program string) string {
	switch {
	case program == keePassXC:
		return "look at KeePassXC's window: unlock the database, and allow the access. It asks for each new program; " +
			"to stop that: Settings, Secret Service Integration, \"Confirm when passwords are retrieved by clients\""
	case strings.HasPrefix(program, "kwallet"), strings.HasPrefix(program, "ksecret"):
		return "unlock the wallet in KWalletManager, and allow the access"
	}
	return desktopless
}

// classifySecretService recognises the errors of the bus by name, and those of go-keyring by text.
func classifySecretService(e *keystore.Error, err error) {
	name, text := busErrorName(err), err.Error()
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) || strings.HasSuffix(name, p) {
				return true
			}
		}
		return false
	}
	e.Kind, e.Detail = keystore.ErrUnavailable, text
	switch {
	case has("failed to unlock correct collection", ".Secret.Error.IsLocked", "locked object"):
		e.Kind = keystore.ErrLocked
		e.Detail = "locked, its prompt was dismissed, or there is no login keyring yet"
		e.Next = unlocking(Answering())
	case has("not provided by any .service files", ".DBus.Error.ServiceUnknown", ".DBus.Error.NameHasNoOwner"):
		e.Detail = "no program answers for org.freedesktop.secrets"
		e.Next = noService + keystore.WithoutKeychain
	case has("Object does not exist at path", "No such interface", ".UnknownObject", ".UnknownInterface",
		".UnknownMethod", ".Secret.Error.NoSuchObject"):
		e.Detail = "the keyring is not initialised: " + text
		e.Next = desktopless
	case has(".DBus.Error.AccessDenied", ".DBus.Error.AuthFailed"):
		e.Kind = keystore.ErrDenied
	case has("disconnected from message bus"): // a NoReply that comes at once
		e.Detail, e.Next = "the keychain's program ended during the request", again
	case ended(err), has("connection closed by user"): // godbus's text for a closed connection
		e.Detail, e.Next = "the session bus closed the connection", again
	case has(".DBus.Error.NoReply", ".DBus.Error.Timeout", ".DBus.Error.TimedOut"):
		e.Kind = keystore.ErrTimeout
	}
	if errors.Is(e.Kind, keystore.ErrUnavailable) && os.Getenv("WSL_DISTRO_NAME") != "" {
		e.Next = "in WSL call Windows' own `cgp-cred.exe` by its absolute path, or " + desktopless
	}
}

// ended reports whether err says that the other end closed the connection.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// classifyWindows recognises errors of the Credential Manager by their numbers (winerror.h).
func classifyWindows(e *keystore.Error, err error) {
	e.Kind, e.Detail = keystore.ErrUnavailable, err.Error()
	var errno syscall.Errno
	if errors.As(err, &errno) {
		windowsError(e, uintptr(errno))
	}
}

func windowsError(e *keystore.Error, number uintptr) {
	switch number {
	case 1168: // ERROR_NOT_FOUND
		e.Kind, e.Detail = keystore.ErrNotFound, ""
	case 1312: // ERROR_NO_SUCH_LOGON_SESSION
		e.Detail = "this session has no credential store (ssh, WinRM, a service)"
		e.Next = "run the command from a console or Remote Desktop session\n" +
			keystore.FileInstead + "\n" + keystore.WithoutKeychain
	case 1783: // RPC_X_BAD_STUB_DATA
		e.Kind, e.Detail = keystore.ErrTooBig, ""
	case 5: // ERROR_ACCESS_DENIED
		e.Kind = keystore.ErrDenied
	}
}
