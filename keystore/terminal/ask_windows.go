package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/term"

	"cgp-cred/keystore/await"
)

// Raise does nothing: Windows has only the exit status.
func (*Interrupted) Raise() {}

func ask(ctx context.Context, in *os.File, out io.Writer, question string, hidden bool) ([]byte, error) {
	fd := int(in.Fd()) // a descriptor fits an int
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	fmt.Fprint(out, question)
	line, err := await.Call(ctx, func() ([]byte, error) {
		if hidden {
			return term.ReadPassword(fd)
		}
		return bufio.NewReader(in).ReadBytes('\n')
	})
	if hidden || err != nil {
		fmt.Fprintln(out)
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, ErrEnded
	case err != nil:
		_ = term.Restore(fd, state) // the line may never come
		if errors.Is(err, context.Canceled) {
			err = &Interrupted{Signal: os.Interrupt}
		}
		return nil, err
	}
	return clean(line), nil
}
