package agefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"cgp-cred/keystore"
	"cgp-cred/keystore/await"
	"cgp-cred/keystore/terminal"
)

// OnDescriptor is the hint for a machine without a terminal.
const OnDescriptor = "or give it on a descriptor: add --passphrase-fd 3 3<FILE"

// cannotAsk returns the error if the user can't be asked for the passphrase; why says the reason.
func cannotAsk(why string) error {
	return &keystore.Error{
		Kind: errLocked, Detail: why,
		Next: "run the same command at a terminal, which asks for it once an hour\n" + OnDescriptor,
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
			Next: "open it for the command: cgp-cred get --passphrase-fd 3 3<FILE",
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
		defer f.Close() //nolint:errcheck // opened for reading
		return io.ReadAll(io.LimitReader(&firstLine{from: f}, maxPhrase+2))
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

// firstLine ends after a line end, so that a pipe that stays open does not block.
type firstLine struct {
	from io.Reader
	done bool
}

func (l *firstLine) Read(p []byte) (int, error) {
	if l.done || len(p) == 0 {
		return 0, io.EOF
	}
	n, err := l.from.Read(p[:1])
	l.done = n == 1 && p[0] == '\n'
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
