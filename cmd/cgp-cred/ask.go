package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

var errInterrupted = errors.New("interrupted: nothing was changed")

// askSecret asks at the terminal, and reads a line without echo. An interrupt turns the echo on again.
func (a *app) askSecret(ctx context.Context, question string) ([]byte, error) {
	in, ok := a.stdin.(*os.File)
	if !ok {
		return nil, errors.New("stdin is not a terminal")
	}
	fd := int(in.Fd()) // a descriptor fits an int
	state, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("asking at the terminal: %w", err)
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	type answer struct {
		line []byte
		err  error
	}
	answered := make(chan answer, 1)
	fmt.Fprint(a.stderr, question)
	go func() {
		line, err := term.ReadPassword(fd)
		answered <- answer{line, err}
	}()
	defer fmt.Fprintln(a.stderr)
	select {
	case got := <-answered:
		if got.err != nil {
			return nil, fmt.Errorf("asking at the terminal: %w", got.err)
		}
		return got.line, nil
	case <-ctx.Done():
		return nil, errors.Join(errInterrupted, ctx.Err(), term.Restore(fd, state))
	}
}

// confirm asks for a yes at the terminal. Any other answer is an error.
func (a *app) confirm(question string) error {
	fmt.Fprint(a.stderr, question+" [y/N] ")
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		return usage("answer y to go ahead", "nothing was changed")
	}
	return nil
}
