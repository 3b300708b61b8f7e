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
	if err := checkBits(bits); err != nil {
		return err
	}
	if err := o.signer.noKeygen(name); err != nil {
		return err
	}
	var err error
	if c.Keystore, err = o.place.location(); err != nil {
		return err
	}
	if err := c.Check(name); err != nil {
		return err
	}
	if o.kid == "" {
		return usage("add --kid KID, for example --kid int-1", "a key needs a kid, under which you register it")
	}
	if err := to.check(); err != nil {
		return err
	}
	h, err := a.open()
	if err != nil {
		return err
	}
	if o.apiKeyFile != "" {
		if c.APIKey, err = a.readAPIKey(ctx, h, name, o, c.Keystore); err != nil {
			return err
		}
	}
	if c.Seen, err = h.Manage().MayReplaceKey(ctx, name, c); err != nil {
		return err
	}
	key, err := a.newKey(bits)
	if err != nil {
		return err
	}
	c.Key = &record.Key{KID: o.kid, Signer: key}
	s, err := h.Manage().Store(ctx, name, c)
	if err != nil {
		return err
	}
	a.saved(h, s)
	return a.printKeys(name, s.Record, to)
}

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
