package kernel

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	keyType = "user" // user-keyring(7)

	// keyctl(2), KEYCTL_SETPERM: all rights for a process that possesses the key and for this uid, no rights for the
	// group and for others. The uid's part is for a process whose session keyring does not link the user's.
	ownerOnly = 0x3f3f0000
)

// searches is how often [Get] searches for a key that is replaced between its search and its read.
const searches = 8

// initialNamespace is what /proc shows for the machine's first user namespace: PROC_USER_INIT_INO of proc_ns.h.
const initialNamespace = "user:[4026531837]"

// Namespace returns "" in the machine's first user namespace, and otherwise a dash and a number: the kernel keeps a
// keyring for each user and namespace.
func Namespace() string {
	at, err := os.Readlink("/proc/self/ns/user")
	if err != nil || at == initialNamespace {
		return ""
	}
	return "-" + strings.Trim(at, "user:[]")
}

// Get reads a value by its name from the user keyring (@u). Its error is [ErrNotFound] or [ErrUnavailable], or that of
// a value that cgp-cred can't have written.
func Get(name string) ([]byte, error) {
	return getWith(unix.KeyctlSearch, unix.KeyctlBuffer, name)
}

// getWith is Get with the kernel's two calls. If a key is gone between the search and the read, another process has
// replaced it, and getWith searches again for the new one.
func getWith(
	search func(ring int, keyType, name string, dest int) (int, error),
	read func(cmd, id int, buf []byte, size int) (int, error),
	name string,
) ([]byte, error) {
	buf := make([]byte, MaxPayload)
	var err error
	for range searches {
		var id, n int
		if id, err = search(unix.KEY_SPEC_USER_KEYRING, keyType, name, 0); err != nil {
			return nil, explain("search", err)
		}
		switch n, err = read(unix.KEYCTL_READ, id, buf, 0); {
		case err == nil && n > len(buf): // the kernel returns the whole length and fills the buffer
			return nil, ErrTooBig
		case err == nil:
			return buf[:n:n], nil
		}
		if err = explain("read", err); !errors.Is(err, ErrNotFound) {
			break
		}
	}
	return nil, err
}

// setting serialises the use of the process keyring in [Set].
var setting sync.Mutex

// Set stores the payload under a name for life, rounded up to whole seconds, and replaces an older value. Its error is
// [ErrTooBig] over [MaxPayload], [ErrQuota] if the kernel has no room, or [ErrUnavailable].
func Set(name string, payload []byte, life time.Duration) error {
	if len(payload) > MaxPayload {
		return ErrTooBig
	}
	// The process keyring belongs to the thread's credentials, so all steps must run in one thread. Threads can share
	// the keyring: a second key of that name would be the same key as the first, and the first call would unlink it
	// before the second call is done.
	setting.Lock()
	defer setting.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	// If the session keyring does not link @u, this process does not possess a key that it makes in @u, and can't set
	// the key's permissions and timeout. So Set makes the key in the process keyring, sets them there, and then links
	// it to @u.
	id, err := unix.AddKey(keyType, name, payload, unix.KEY_SPEC_PROCESS_KEYRING)
	if err != nil {
		return explain("add", err)
	}
	err = finish(id, life)
	// A link that stays only costs quota until this process ends.
	_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0)
	return err
}

// finish sets the key's permissions and timeout, and only then links it to the user keyring.
func finish(id int, life time.Duration) error {
	if err := unix.KeyctlSetperm(id, ownerOnly); err != nil {
		return explain("setperm", err)
	}
	if _, err := unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, id, seconds(life), 0, 0); err != nil {
		return explain("timeout", err)
	}
	if _, err := unix.KeyctlInt(unix.KEYCTL_LINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0); err != nil {
		return explain("link", err)
	}
	return nil
}

// seconds returns life in seconds, rounded up: 0 would be a key that never expires.
func seconds(life time.Duration) int {
	s := int64(life / time.Second)
	if life%time.Second > 0 {
		s++
	}
	return int(min(max(s, 1), math.MaxInt32))
}

// Delete removes a value by its name. Its error is [ErrNotFound] if there is no such value.
func Delete(name string) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, keyType, name, 0)
	if err != nil {
		return explain("search", err)
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
	// The key may have other links; this removes it from all of them. Delete does not depend on it.
	_, _ = unix.KeyctlInt(unix.KEYCTL_INVALIDATE, id, 0, 0, 0)
	if err != nil {
		return explain("unlink", err)
	}
	return nil
}

// explain turns the kernel's errors into those of this package.
func explain(op string, err error) error {
	switch {
	case errors.Is(err, unix.ENOKEY), errors.Is(err, unix.EKEYEXPIRED),
		errors.Is(err, unix.EKEYREVOKED), errors.Is(err, unix.EKEYREJECTED):
		return ErrNotFound
	case errors.Is(err, unix.EDQUOT), errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENFILE):
		return ErrQuota
	default: // EPERM, ENOSYS: seccomp or no support; EACCES: a security module, or another user's key of this name
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, op, err)
	}
}
