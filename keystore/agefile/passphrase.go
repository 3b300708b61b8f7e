package agefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"cgp-cred/keystore"
	"cgp-cred/keystore/await"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/terminal"
	"cgp-cred/keystore/text"
)

// Given returns the option that gives a passphrase without a terminal. Programs of Windows inherit no descriptors by
// number.
func Given() string {
	if runtime.GOOS == "windows" {
		return "--passphrase-file FILE"
	}
	return "--passphrase-fd 3 3<FILE"
}

// cannotAsk returns the error if the user can't be asked for the passphrase; why says the reason.
func cannotAsk(why string) error {
	return &keystore.Error{
		Kind: errLocked, Detail: why,
		Next: "run the same command at a terminal, which asks for it\nor give it without one: add " + Given(),
	}
}

// atTerminal asks at the terminal of this process, also if stdin is something else, and does not echo the answer. An
// interrupt restores the terminal's echo.
func atTerminal(ctx context.Context, question string) (keystore.Secret, error) {
	if keystore.IsNonInteractive(ctx) {
		return keystore.Secret{}, cannotAsk("this command does not ask for it")
	}
	in, out, err := terminal.Open()
	if err != nil {
		return keystore.Secret{}, cannotAsk(err.Error())
	}
	defer in.Close()  //nolint:errcheck // a terminal
	defer out.Close() //nolint:errcheck // a terminal
	ctx, stop, err := limited(ctx)
	if err != nil {
		return keystore.Secret{}, err
	}
	defer stop()
	line, err := terminal.Hidden(ctx, in, out, question)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return keystore.Secret{}, late()
	case errors.Is(err, terminal.ErrEnded):
		return keystore.Secret{}, cannotAsk(err.Error())
	case err != nil:
		return keystore.Secret{}, fmt.Errorf("asking for the passphrase: %w", err)
	}
	defer clear(line)
	return parsePhrase(line)
}

// say shows text to the user at the terminal.
func (*Unlocker) say(text string) {
	if in, out, err := terminal.Open(); err == nil {
		fmt.Fprintln(out, text)
		_ = in.Close()
		_ = out.Close()
	}
}

// readDescriptor reads the passphrase from the inherited descriptor, and closes it.
func (u *Unlocker) readDescriptor(ctx context.Context) (keystore.Secret, error) {
	bad := func(why string) error {
		return &keystore.Error{
			Kind: errLocked, Detail: fmt.Sprintf("descriptor %d: %s", u.descriptor, why),
			Next: "open it for the command, or name a file: cgp-cred get " + Given(),
		}
	}
	if !u.given {
		return keystore.Secret{}, bad("it is not open")
	}
	f := os.NewFile(uintptr(u.descriptor), "passphrase")
	ctx, stop, err := limited(ctx)
	if err != nil {
		return keystore.Secret{}, err
	}
	defer stop()
	raw, err := await.Call(ctx, func() ([]byte, error) {
		defer f.Close()                                                       //nolint:errcheck // opened for reading
		return io.ReadAll(io.LimitReader(&firstLine{from: f}, 2*maxPhrase+6)) // of UTF-16
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return keystore.Secret{}, late()
	case errors.Is(err, context.Canceled):
		return keystore.Secret{}, err
	case err != nil:
		return keystore.Secret{}, bad(err.Error())
	}
	defer clear(raw)
	return parsePhrase(raw)
}

// readFile reads the passphrase's file. Only this user and root can have written it.
func (u *Unlocker) readFile(context.Context) (keystore.Secret, error) {
	raw, err := disk.ReadTrusted(u.file, maxFile, keystore.InputWait)
	if err != nil {
		return keystore.Secret{}, &keystore.Error{
			Kind: errLocked, Detail: "the passphrase's file: " + printable.NoFile(err),
			Next: fault.HintOf(err, "name a file whose first line is the passphrase"),
		}
	}
	defer clear(raw)
	return parsePhrase(raw)
}

// firstLine ends after a line end, so that a pipe that stays open does not block. In UTF-16 a line end has two bytes.
type firstLine struct {
	from io.Reader
	seen []byte
	done bool
}

func (l *firstLine) Read(p []byte) (int, error) {
	if l.done || len(p) == 0 {
		return 0, io.EOF
	}
	n, err := l.from.Read(p[:1])
	l.seen = append(l.seen, p[:n]...)
	end := "\n"
	if text.Wide(l.seen) {
		end = map[byte]string{0xff: "\n\x00", 0xfe: "\x00\n"}[l.seen[0]]
	}
	l.done = n == 1 && len(l.seen)%len(end) == 0 && strings.HasSuffix(string(l.seen), end)
	return n, err
}

func late() error {
	return &keystore.Error{Kind: errLate, Next: "run the command again; more time: CGP_CRED_KEYCHAIN_TIMEOUT=60s"}
}

// limited bounds one question.
func limited(ctx context.Context) (context.Context, context.CancelFunc, error) {
	limit, err := keystore.Patience()
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	return ctx, stop, nil
}
