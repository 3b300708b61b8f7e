package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

type rotateOptions struct {
	kid     string
	keyFile string // empty: a new key is made
	bits    int
	signer  signerFlags
	finish  bool
	abort   bool
	out     result
}

func rotateCommand(a *app) *cobra.Command {
	o := rotateOptions{out: result{mode: modePublic}}
	cmd := &cobra.Command{
		Use:   "rotate PROFILE",
		Short: "Replace the private key without a gap",
		Long: `Replace the private key without a gap. Add a next key to the profile and print both public keys
to register. From then on get tries the next key first and falls back to the current one, for as
long as APIM does not know the new key (up to an hour after the upload). The first token that the
next key gets makes it the current one; the old key remains as a fallback until --finish.`,
		Example: `  cgp-cred rotate int --kid int-2 --out jwks.json    # then upload it
  cgp-cred rotate int --finish                       # an hour or more after the first new token`,
		Args:              words(1, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.rotate(cmd.Context(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.kid, "kid", "", "`KID` of the next key, a new one; required except with --finish and --abort")
	f.StringVar(&o.keyFile, "private-key", "",
		"`FILE` that holds the next key in PEM, - for stdin (default: a new key)")
	o.signer.flags(cmd)
	f.IntVar(&o.bits, "bits", 4096, "size of a new key: 2048, 3072 or 4096")
	o.out.flag(cmd, "the key set")
	f.BoolVar(&o.finish, "finish", false, "drop the old key")
	f.BoolVar(&o.abort, "abort", false, "drop the new key")
	return cmd
}

func (a *app) rotate(ctx context.Context, name string, o rotateOptions) error {
	chosen := 0
	for _, is := range []bool{o.kid != "", o.finish, o.abort} {
		if is {
			chosen++
		}
	}
	if chosen != 1 {
		return usage("cgp-cred rotate --help", "rotate takes one of --kid, --finish and --abort")
	}
	if o.kid == "" && o.out.name != "-" {
		return usage("to write the key set: cgp-cred jwks "+printable.Shell(name)+" --out FILE",
			"--out is for the key set of a new key, so it needs --kid")
	}
	h, err := a.open()
	if err != nil {
		return err
	}
	switch {
	case o.finish:
		s, err := h.Manage().FinishRotation(ctx, name)
		if err != nil {
			return err
		}
		a.say(fmt.Sprintf("dropped the old key; %q is the only one: remove the old one from the registered key set too",
			s.Record.ShownKID(s.Record.Key)))
		return nil
	case o.abort:
		s, err := h.Manage().AbortRotation(ctx, name)
		if err != nil {
			return err
		}
		a.say(fmt.Sprintf("dropped the new key; %q is the only one", s.Record.ShownKID(s.Record.Key)))
		return nil
	}
	return a.beginRotation(ctx, h, name, o)
}

func (a *app) beginRotation(ctx context.Context, h *helper.Helper, name string, o rotateOptions) error {
	if err := checkBits(o.bits); err != nil {
		return err
	}
	if err := o.signer.check(name, o.keyFile); err != nil {
		return err
	}
	if err := o.out.check(); err != nil {
		return err
	}
	a.checkKID(o.kid)
	seen, err := h.Manage().MayRotate(ctx, name, o.kid)
	if err != nil {
		return err
	}
	next, err := a.nextKey(ctx, name, o)
	if err != nil {
		return err
	}
	s, err := h.Manage().Rotate(ctx, name, seen, next)
	if err != nil {
		return err
	}
	a.say(fmt.Sprintf("the next key %q is stored with %q: register both public keys; get works meanwhile",
		s.Record.ShownKID(s.Record.Next), s.Record.ShownKID(s.Record.Key)))
	a.remindFiles(o.keyFile)
	return a.printKeys(name, s.Record, o.out)
}

// nextKey imports the next key, finds it in its signer, or makes it.
func (a *app) nextKey(ctx context.Context, name string, o rotateOptions) (*record.Key, error) {
	if given, err := a.givenKey(ctx, name, o.keyFile, o.signer, o.kid); err != nil || given != nil {
		return given, err
	}
	key, err := a.newKey(o.bits)
	if err != nil {
		return nil, err
	}
	return &record.Key{KID: o.kid, Signer: key}, nil
}

// checkBits accepts the sizes that a new key may have.
func checkBits(bits int) error {
	if bits != 2048 && bits != 3072 && bits != 4096 {
		return usage("leave --bits out for 4096, which APIM's guide recommends",
			"--bits %d: it must be 2048, 3072 or 4096", bits)
	}
	return nil
}

// newKey makes an RSA key, and says so at a terminal.
func (a *app) newKey(bits int) (signer.RSA, error) {
	if isTerminal(a.stderr) {
		a.say(fmt.Sprintf("making a %d-bit key", bits))
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return signer.RSA{}, fmt.Errorf("making a key: %w", err)
	}
	return signer.NewRSA(key), nil
}
