package kernel

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	keyType = "user" // user-keyring(7)

	// keyctl(2), KEYCTL_SETPERM: everything for a process that possesses the key and for our uid, nothing for the
	// group and for others. The uid's part lets a process in whose session keyring does not link the user's.
	ownerOnly = 0x3f3f0000
)

// searches is how often [Get] looks for a key that is replaced between its search and its read.
const searches = 8

// Get reads the value of that name from the user keyring (@u). It is [ErrNotFound], [ErrUnavailable], or an error
// for a value that can't be ours.
func Get(name string) ([]byte, error) {
	return getWith(unix.KeyctlSearch, unix.KeyctlBuffer, name)
}

// getWith is Get with the kernel's two calls. A key that was found and is gone when it is read has been replaced by
// another process, whose key is there now: so it searches again.
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
		case err == nil && n > len(buf): // the kernel answers with the whole length and fills what fits
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

// setting lets one call of [Set] at a time use the process keyring.
var setting sync.Mutex

// Set keeps the payload under that name for life, rounded up to whole seconds, in the place of what is there. It is
// [ErrTooBig] over [MaxPayload], [ErrQuota] where the kernel has no room, or [ErrUnavailable].
func Set(name string, payload []byte, life time.Duration) error {
	if len(payload) > MaxPayload {
		return ErrTooBig
	}
	// The process keyring belongs to the thread's credentials: all steps must run in one thread. Threads can share it,
	// and a second thread's key of that name is then the first one's, which is unlinked before the second is done.
	setting.Lock()
	defer setting.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	// A key that is made in @u can't be given permissions and a timeout where the session keyring does not link @u:
	// it is not possessed then. So it is finished where it always is, in the process keyring, and linked to @u after.
	id, err := unix.AddKey(keyType, name, payload, unix.KEY_SPEC_PROCESS_KEYRING)
	if err != nil {
		return explain("add", err)
	}
	err = finish(id, life)
	// A link that stays costs quota until this process ends, and nothing else.
	_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0)
	return err
}

// finish gives the key its permissions and its end, and only then makes it known in the user keyring.
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

// seconds rounds up; 0 would be a key without an end.
func seconds(life time.Duration) int {
	s := int64(life / time.Second)
	if life%time.Second > 0 {
		s++
	}
	return int(min(max(s, 1), math.MaxInt32))
}

// Delete removes the value of that name; [ErrNotFound] where there is none.
func Delete(name string) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, keyType, name, 0)
	if err != nil {
		return explain("search", err)
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
	// It may have other links; this ends it in all of them. Not ours to insist on.
	_, _ = unix.KeyctlInt(unix.KEYCTL_INVALIDATE, id, 0, 0, 0)
	if err != nil {
		return explain("unlink", err)
	}
	return nil
}

// explain makes our errors of the kernel's.
func explain(op string, err error) error {
	switch {
	case errors.Is(err, unix.ENOKEY), errors.Is(err, unix.EKEYEXPIRED),
		errors.Is(err, unix.EKEYREVOKED), errors.Is(err, unix.EKEYREJECTED):
		return ErrNotFound
	case errors.Is(err, unix.EDQUOT), errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENFILE):
		return ErrQuota
	default: // EPERM, ENOSYS: seccomp or no support; EACCES: a security module, or another's key in the place
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, op, err)
	}
}
