// Package keychain is the keystore of the operating system: the Secret Service, the macOS keychain, the Windows
// Credential Manager. On macOS package security speaks to it, elsewhere go-keyring.
package keychain

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/await"
)

// Options are a keychain's deadline, and what to do while cgp-cred waits for it.
type Options struct {
	// deadline of one call; 0: CGP_CRED_KEYCHAIN_TIMEOUT, or 30 s if the user could answer a prompt, or 5 s
	Timeout time.Duration
	Waiting func() // called once when a call has lasted 2 s; may be nil
}

const (
	quietTimeout = 5 * time.Second // no user can answer a prompt
	waitingAfter = 2 * time.Second
	lastWait     = 3 * time.Second // for the end of a program that was killed
)

// New returns the operating system's keychain: the Secret Service, the macOS keychain or the Windows Credential
// Manager. It does nothing before the first call.
func New(o Options) keystore.Keystore { return &keychain{options: o} }

type keychain struct {
	options Options
	told    sync.Once // Waiting was called
}

// calls serialises calls to go-keyring, whose prompts share one channel for their answers. An abandoned call keeps its
// place until the keychain answers, so that no second prompt covers the first.
var calls = make(chan struct{}, 1)

// holder is the context of the call that is running, or nil.
var holder atomic.Pointer[context.Context]

// refusal is the answer of a keychain that is locked or denies access. A command asks more than once (for a token, then
// for the record): a user who has dismissed the prompt is not shown it again at once.
type refusal struct {
	err *keystore.Error
	at  time.Time
}

var lastRefusal atomic.Pointer[refusal]

const refusalLife = 3 * time.Second

func (k *keychain) Get(ctx context.Context, account string) (keystore.Secret, error) {
	return k.do(ctx, "get", account, func(ctx context.Context) (string, error) {
		return backend().Get(ctx, account)
	})
}

func (k *keychain) Set(ctx context.Context, account string, value keystore.Secret) error {
	if err := keystore.CheckValue(account, value); err != nil {
		return err
	}
	_, err := k.do(ctx, "set", account, func(ctx context.Context) (string, error) {
		if err := backend().Set(ctx, account, string(value.Reveal())); err != nil {
			return "", err
		}
		if err := ctx.Err(); err != nil {
			return "", err
		}
		got, err := backend().Get(ctx, account)
		switch {
		case errors.Is(err, keystore.ErrNotFound):
			return "", &keystore.Error{
				Kind:   keystore.ErrDenied,
				Detail: "it reported success and stored nothing: its prompt was dismissed",
			}
		case err == nil && !keystore.NewSecret([]byte(got)).Equal(value):
			return "", &keystore.Error{Kind: keystore.ErrCorrupt, Detail: "it returned another value than was stored"}
		}
		return "", err
	})
	return err
}

// maxItems is how many items of one account are removed.
const maxItems = 8

// Delete removes every item of the account: another program, or an import, may have made a second one.
func (k *keychain) Delete(ctx context.Context, account string) error {
	_, err := k.do(ctx, "delete", account, func(ctx context.Context) (string, error) {
		before, err := count(account)
		if err != nil {
			return "", err
		}
		for range maxItems {
			if err := deleteOne(ctx, account); !errors.Is(err, errStillThere) {
				return "", err
			}
			left, err := count(account)
			if err != nil {
				return "", err
			}
			if left >= before && left != unlisted {
				break
			}
			before = left
		}
		return "", &keystore.Error{
			Kind:   keystore.ErrDenied,
			Detail: "it reported success and the record is still there: its prompt was dismissed",
		}
	})
	return err
}

// keePassXC is the name of KeePassXC's program.
const keePassXC = "keepassxc"

// answering is the name of the program that answers as keychain, or nil.
var answering atomic.Pointer[string]

// Answering returns the name of the program that answered the last call as keychain, or "" if that is not known. Only
// on Linux there are several of them.
func Answering() string {
	if name := answering.Load(); name != nil {
		return *name
	}
	return ""
}

// unlisted is the number of items in a keychain that does not list them.
const unlisted = -1

// errStillThere is an item that the keychain has after one was deleted.
var errStillThere = errors.New("there is still an item")

func deleteOne(ctx context.Context, account string) error {
	if err := backend().Delete(ctx, account); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := backend().Get(ctx, account)
	switch {
	case errors.Is(err, keystore.ErrNotFound):
		return nil
	case err == nil:
		return errStillThere
	}
	return err
}

// Accounts lists the keychain's items of [keystore.Service], which may ask the user to unlock it.
func (k *keychain) Accounts(ctx context.Context) ([]string, error) {
	all, err := k.ask(ctx, "list", "", func(context.Context) (string, error) {
		found, err := list()
		found = slices.DeleteFunc(found, func(account string) bool { return keystore.CheckAccount(account) != nil })
		return strings.Join(found, "\n"), err
	})
	return strings.Fields(string(all.Reveal())), err
}

// do runs one call for an account.
func (k *keychain) do(
	ctx context.Context, op, account string, call func(context.Context) (string, error),
) (keystore.Secret, error) {
	if err := keystore.CheckAccount(account); err != nil {
		return keystore.Secret{}, err
	}
	return k.ask(ctx, op, account, call)
}

// ask runs one call against the keychain with a deadline: except on macOS the keychain knows no context and may never
// answer. An abandoned call may still take effect if the user answers its prompt later.
func (k *keychain) ask(
	ctx context.Context, op, account string, call func(context.Context) (string, error),
) (keystore.Secret, error) {
	limit, err := k.Limit()
	if err != nil {
		return keystore.Secret{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := await.Start(func() (string, error) { return inTurn(ctx, call) })
	waiting := time.NewTimer(waitingAfter)
	defer waiting.Stop()
	for {
		select {
		case a := <-done:
			if a.Err != nil {
				err := classify(ctx, system, op, account, limit, a.Err)
				remember(a.Err, err)
				return keystore.Secret{}, err
			}
			return keystore.NewSecret([]byte(a.Value)), nil
		case <-ctx.Done():
			if system == macOS { // it ends its program, which may not outlive this process
				select {
				case <-done:
				case <-time.After(lastWait):
				}
			}
			return keystore.Secret{}, classify(ctx, system, op, account, limit, ctx.Err())
		case <-waiting.C:
			if k.options.Waiting != nil {
				k.told.Do(k.options.Waiting)
			}
		}
	}
}

// inTurn waits until no other call is running, checks that the keychain may be called at all, then calls it. go-keyring
// panics on an unexpected reply.
func inTurn(ctx context.Context, call func(context.Context) (string, error)) (v string, err error) {
	if r := lastRefusal.Load(); r != nil && time.Since(r.at) < refusalLife {
		return "", r.err
	}
	if h := holder.Load(); h != nil && (*h).Err() != nil {
		return "", context.DeadlineExceeded // a call has spent the whole deadline, and there is no answer yet
	}
	select {
	case calls <- struct{}{}:
		holder.Store(&ctx)
		defer func() {
			holder.Store(nil)
			<-calls
		}()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() {
		panicked := recover() // its text may quote the reply, and so a secret
		if panicked == nil {
			return
		}
		v, err = "", io.EOF
		if !hungUp(panicked) {
			err = &keystore.Error{
				Kind: keystore.ErrUnavailable, Detail: "it sent a malformed reply",
				Next: otherProvider,
			}
		}
	}()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if system != macOS {
		if err := ready(ctx); err != nil {
			return "", err
		}
	}
	return call(ctx)
}

// remember keeps a refusal, unless it is the one that was kept.
func remember(raw, err error) {
	r := lastRefusal.Load()
	var e *keystore.Error
	if errors.As(err, &e) && (errors.Is(e.Kind, keystore.ErrLocked) || errors.Is(e.Kind, keystore.ErrDenied)) &&
		(r == nil || !errors.Is(raw, r.err)) {
		lastRefusal.Store(&refusal{err: &keystore.Error{Kind: e.Kind, Detail: e.Detail, Next: e.Next}, at: time.Now()})
	}
}

// Limit returns the deadline of one call.
func (k *keychain) Limit() (time.Duration, error) {
	if k.options.Timeout > 0 {
		return k.options.Timeout, nil
	}
	if promptable(system) {
		return keystore.Timeout(keystore.PromptTimeout)
	}
	return keystore.Timeout(quietTimeout)
}

// promptable reports whether a user could answer a prompt of the keychain.
func promptable(goos string) bool {
	if goos == "linux" {
		return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
	}
	return os.Getenv("SSH_CONNECTION") == "" && os.Getenv("SSH_TTY") == ""
}
