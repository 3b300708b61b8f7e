package main

import (
	"cmp"
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
	return line, a.unanswered(what, err)
}

// ask asks at the terminal for what, and reads a line.
func (a *app) ask(ctx context.Context, what, question string) (string, error) {
	in, _ := a.stdin.(*os.File)
	line, err := terminal.Line(ctx, in, a.stderr, question)
	return line, a.unanswered(what, err)
}

// confirm asks for a yes at the terminal. Any other answer is an error.
func (a *app) confirm(ctx context.Context, question string) error {
	answer, err := a.ask(ctx, "yes", question+" [y/N] ")
	switch {
	case err != nil:
		return err
	case !isYes(answer):
		return usage("answer y to go ahead", "nothing was changed")
	}
	return nil
}

func isYes(answer string) bool {
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

// unanswered returns the error of a question that has no answer: there was no API key, or no yes.
func (a *app) unanswered(what string, err error) error {
	if errors.Is(err, terminal.ErrEnded) {
		return usage("run the command again, and end the answer with Enter",
			"no %s was given: %s", what, cmp.Or(a.kept, "nothing was changed"))
	}
	if ended := (*terminal.Interrupted)(nil); errors.As(err, &ended) {
		ended.Kept = a.kept
	}
	return err
}

// interrupted returns the error of a command that a signal ended while it asked no question.
func (a *app) interrupted() error { return &terminal.Interrupted{Signal: os.Interrupt, Kept: a.kept} }
