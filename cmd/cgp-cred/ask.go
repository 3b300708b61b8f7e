package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"cgp-cred/keystore/terminal"
)

var errInterrupted = errors.New("interrupted: nothing was changed")

// askSecret asks at the terminal, and reads a line without echo. An interrupt turns the echo on again.
func (a *app) askSecret(ctx context.Context, question string) ([]byte, error) {
	in, ok := a.stdin.(*os.File)
	if !ok {
		return nil, errors.New("stdin is not a terminal")
	}
	line, err := terminal.Hidden(ctx, in, a.stderr, question)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, errors.Join(errInterrupted, err)
	case err != nil:
		return nil, fmt.Errorf("asking at the terminal: %w", err)
	}
	return line, nil
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
