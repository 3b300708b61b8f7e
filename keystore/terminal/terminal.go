// Package terminal asks the user at a terminal.
package terminal

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"cgp-cred/keystore/await"
)

// Hidden prints a question on out and reads a line from a terminal that does not show it. When ctx ends, or this
// process is interrupted, the terminal shows what is typed again, and the error is that of the context.
func Hidden(ctx context.Context, in *os.File, out io.Writer, question string) ([]byte, error) {
	fd := int(in.Fd()) // a descriptor fits an int
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprint(out, question)
	defer fmt.Fprintln(out)
	line, err := await.Call(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if err != nil {
		_ = term.Restore(fd, state) // the line may never come
	}
	return line, err
}
