package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"cgp-cred/keystore/terminal"
)

// askSecret asks at the terminal for what, and reads a line without echo.
func (a *app) askSecret(ctx context.Context, what, question string) ([]byte, error) {
	in, _ := a.stdin.(*os.File)
	line, err := terminal.Hidden(ctx, in, a.stderr, question)
	return line, unanswered(what, err)
}

// ask asks at the terminal for what, and reads a line.
func (a *app) ask(ctx context.Context, what, question string) (string, error) {
	in, _ := a.stdin.(*os.File)
	line, err := terminal.Line(ctx, in, a.stderr, question)
	return line, unanswered(what, err)
}

// confirm asks for a yes at the terminal. Any other answer is an error.
func (a *app) confirm(ctx context.Context, question string) error {
	answer, err := a.ask(ctx, "yes", question+" [y/N] ")
	switch {
	case err != nil:
		return err
	case !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes"):
		return usage("answer y to go ahead", "nothing was changed")
	}
	return nil
}

// unanswered returns the error of a question that has no answer: there was no API key, or no yes.
func unanswered(what string, err error) error {
	if errors.Is(err, terminal.ErrEnded) {
		return usage("run the command again, and end the answer with Enter", "no %s was given: nothing was changed", what)
	}
	return err
}
