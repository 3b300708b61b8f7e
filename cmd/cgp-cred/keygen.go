package main

import (
	"context"

	"github.com/spf13/cobra"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/keystore/record"
)

func keygenCommand(a *app) *cobra.Command {
	var o storeOptions
	var bits int
	out := result{mode: modePublic}
	cmd := &cobra.Command{
		Use:   "keygen PROFILE",
		Short: "Make a private key inside the keychain and print its public key set",
		Long: `Make an RSA key in the operating system's keychain, which it never leaves, and print the public
key set (JWKS) to register in the Developer Hub. You can add the API key later:
cgp-cred store PROFILE.` + aboutPlaces,
		Example:           `  cgp-cred keygen int --host int --kid int-1 --out jwks.json`,
		Args:              words(1, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.keygen(cmd.Context(), args[0], bits, o, o.change(cmd), out)
		},
	}
	o.flags(cmd)
	out.flag(cmd, "the key set")
	cmd.Flags().Lookup("kid").Usage += " (required)"
	cmd.Flags().Lookup("api-key-file").Usage = "`FILE` that holds the API key, - for stdin (default: add it later)"
	for _, other := range []string{"signer", "fingerprint", "signer-command"} { // each is refused, with what to do
		cmd.Flags().Lookup(other).Hidden = true
	}
	cmd.Flags().IntVar(&bits, "bits", 4096, "size of the key: 2048, 3072 or 4096")
	return cmd
}

func (a *app) keygen(
	ctx context.Context, name string, bits int, o storeOptions, c manage.Change, to result,
) error {
	if err := to.check(); err != nil {
		return err
	}
	s, err := a.makeKey(ctx, name, bits, o, c)
	if err != nil {
		return err
	}
	if err := a.printKeys(name, s.Record, to); err != nil {
		return err
	}
	if isTerminal(a.stderr) {
		a.say("register this key set in the Developer Hub: " + whereToRegister)
	}
	a.next(s)
	return nil
}

// makeKey makes a key, stores it and says so.
func (a *app) makeKey(
	ctx context.Context, name string, bits int, o storeOptions, c manage.Change,
) (s manage.Stored, err error) {
	if err := checkBits(bits); err != nil {
		return s, err
	}
	if err := o.signer.noKeygen(name); err != nil {
		return s, err
	}
	if c.Keystore, err = o.place.location(); err != nil {
		return s, err
	}
	if err := c.Check(name); err != nil {
		return s, err
	}
	h, err := a.open()
	if err != nil {
		return s, err
	}
	if err := h.Manage().Missing(ctx, name, c, manage.Given{Key: true, Later: true}); err != nil {
		return s, err
	}
	if o.kid == "" {
		return s, usage("add --kid KID, for example --kid int-1", "a key needs a kid, under which you register it")
	}
	a.checkKID(o.kid)
	if c.Seen, err = h.Manage().MayReplaceKey(ctx, name, c); err != nil {
		return s, a.instead(h, name, o.place, err)
	}
	if o.apiKeyFile != "" {
		if c.APIKey, err = a.apiKeyFrom(ctx, o.apiKeyFile); err != nil {
			return s, err
		}
	}
	if err := record.CheckKID(c.KID, c.APIKey); err != nil {
		return s, err
	}
	key, err := a.newKey(bits)
	if err != nil {
		return s, err
	}
	c.Key = &record.Key{KID: o.kid, Signer: key}
	if s, err = h.Manage().Store(ctx, name, c); err != nil {
		return s, err
	}
	a.saved(h, s)
	return s, nil
}

// whereToRegister is what to do with a key set.
const whereToRegister = "your application, manage public key; APIM may take up to an hour to accept it"

// printKeys prints a record's public key set.
func (a *app) printKeys(name string, r *record.Record, to result) error {
	keys, err := manage.Keys(name, r)
	if err != nil {
		return err
	}
	out, err := apim.JWKS(keys...)
	if err != nil {
		return err
	}
	return stored(a.write(to, out), "the key is stored; to print its key set again: cgp-cred jwks "+name)
}
