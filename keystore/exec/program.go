// Package exec is the keystore behind a program that the user names: a password manager, a vault.
package exec

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
	"cgp-cred/keystore/record"
)

// The kinds of error, with texts about a program.
var (
	errProgram     = keystore.InOtherWords(keystore.ErrUnavailable, "the keystore program failed")
	errProgramLate = keystore.InOtherWords(keystore.ErrTimeout, "the keystore program did not answer in time")
	errProgramLies = keystore.InOtherWords(keystore.ErrDenied, "the keystore program does not do what it says")
	errProgramText = keystore.InOtherWords(keystore.ErrCorrupt, "the keystore program returned no record")
)

// New returns the keystore that the user's program keeps. It runs argv with a verb and the account added: `get` prints
// the value as one line, `store` reads it as one line, and `erase` removes it. Exit status 3 means that there is no
// value.
func New(argv []string) keystore.Keystore { return &programs{argv: slices.Clone(argv)} }

type programs struct{ argv []string }

func (p *programs) Get(ctx context.Context, account string) (keystore.Secret, error) {
	return p.get(ctx, "get", account)
}

func (p *programs) Set(ctx context.Context, account string, value keystore.Secret) error {
	return p.set(ctx, account, value)
}

// noRecord is the expected rev if there is no record yet.
const noRecord = "-"

// SetIf is Set with one more argument: the rev that the program may replace. A program that does not know revs ignores
// it. A program whose record has another rev exits with status 4.
func (p *programs) SetIf(ctx context.Context, account, was string, value keystore.Secret) error {
	if was == "" {
		was = noRecord
	}
	return p.set(ctx, account, value, was)
}

func (p *programs) set(ctx context.Context, account string, value keystore.Secret, expected ...string) error {
	const op = "set"
	if err := keystore.CheckValue(account, value); err != nil {
		return err
	}
	if bytes.ContainsAny(value.Reveal(), "\r\n") {
		return errors.New("only one line can be stored")
	}
	if _, err := p.run(ctx, op, "store", account, append(bytes.Clone(value.Reveal()), '\n'), expected...); err != nil {
		return err
	}
	got, err := p.get(ctx, op, account)
	switch {
	case errors.Is(err, keystore.ErrNotFound):
		return p.lie(op, account, "it reported success and stored nothing")
	case err == nil && anotherRev(got, value):
		return &keystore.Error{Kind: keystore.ErrChanged, Op: op, Account: account}
	case err == nil && !got.Equal(value):
		return p.lie(op, account, "it returned another value than was stored")
	}
	return err
}

// anotherRev reports whether a and b are records with different revs: another command has changed the record.
func anotherRev(a, b keystore.Secret) bool {
	x, errX := record.Decode(a)
	y, errY := record.Decode(b)
	return errX == nil && errY == nil && x.Rev != y.Rev
}

func (p *programs) Delete(ctx context.Context, account string) error {
	const op = "delete"
	if _, err := p.run(ctx, op, "erase", account, nil); err != nil {
		return err
	}
	_, err := p.get(ctx, op, account)
	switch {
	case errors.Is(err, keystore.ErrNotFound):
		return nil
	case err == nil || errors.Is(err, keystore.ErrCorrupt):
		return p.lie(op, account, "it reported success and the record is still there")
	}
	return err
}

// Limit returns the time limit of one run of the program, which may ask for a passphrase.
func (p *programs) Limit() (time.Duration, error) { return keystore.Patience() }

func (p *programs) get(ctx context.Context, op, account string) (keystore.Secret, error) {
	out, err := p.run(ctx, op, "get", account, nil)
	if err != nil {
		return keystore.Secret{}, err
	}
	defer clear(out)
	value, problem := parseLine(out)
	if problem != "" {
		return keystore.Secret{}, &keystore.Error{
			Kind: errProgramText, Op: op, Account: account, Detail: problem,
			Next: p.byHand("get", account),
		}
	}
	return value, nil
}

// parseLine returns the value in the output of a program, which is one line, or a problem, which never quotes the
// output.
func parseLine(out []byte) (value keystore.Secret, problem string) {
	line := bytes.TrimSuffix(bytes.TrimSuffix(out, []byte("\n")), []byte("\r"))
	switch {
	case len(line) == 0:
		return keystore.Secret{}, "it printed nothing, and its exit status is not 3"
	case bytes.ContainsAny(line, "\r\n"):
		return keystore.Secret{}, "it printed more than one line"
	}
	value = keystore.NewSecret(line)
	if err := keystore.CheckValue("", value); err != nil {
		var big *keystore.Error
		if errors.As(err, &big) {
			return keystore.Secret{}, big.Detail
		}
		return keystore.Secret{}, "its output is not ASCII text"
	}
	return value, ""
}

func (p *programs) run(ctx context.Context, op, verb, account string, stdin []byte, more ...string) ([]byte, error) {
	if err := keystore.CheckAccount(account); err != nil {
		return nil, err
	}
	limit, err := p.Limit()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	out, err := program.Run(ctx, p.argv, verb, account, stdin, more...)
	clear(stdin)
	if err == nil || fault.ClassOf(err) != fault.Keystore { // the command can't be run, or was interrupted
		return out, err
	}
	e := &keystore.Error{Kind: errProgram, Op: op, Account: account, Detail: err.Error(), Next: fault.HintOf(err, "")}
	switch {
	case errors.Is(err, program.ErrNotFound):
		e.Kind, e.Detail = keystore.ErrNotFound, ""
		e.Next = p.byHand(verb, account)
	case errors.Is(err, program.ErrChanged):
		e.Kind, e.Detail, e.Next = keystore.ErrChanged, "", ""
	case errors.Is(err, program.ErrTimeout):
		e.Kind = errProgramLate
	case errors.Is(err, program.ErrOutput):
		e.Kind = errProgramText
	}
	return nil, e
}

func (p *programs) lie(op, account, why string) error {
	return &keystore.Error{Kind: errProgramLies, Op: op, Account: account, Detail: why, Next: p.byHand("get", account)}
}

// byHand returns the hint to run the user's program with a verb and an account.
func (p *programs) byHand(verb, account string) string {
	return "try it by hand: " + printable.Shell(append(slices.Clone(p.argv), verb, account)...)
}
