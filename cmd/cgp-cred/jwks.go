package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/printable"
)

func jwksCommand(a *app) *cobra.Command {
	var merge string
	out := result{mode: modePublic}
	cmd := &cobra.Command{
		Use:   "jwks [PROFILE]",
		Short: "Print the public key set to register",
		Long: `Print the public key set (JWKS) to register in the Developer Hub; it has public members only.
With --merge it prints the keys in FILE and the profile's, so that colleagues and other machines
keep theirs. FILE may also hold a single key or a list. A FILE with a private key, without a kid,
or with an invalid number is refused.`,
		Example: `  cgp-cred jwks --out jwks.json
  curl -fsS URL | cgp-cred jwks --merge - --out jwks.json`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.jwks(cmd.Context(), first(args), merge, out)
		},
	}
	cmd.Flags().StringVar(&merge, "merge", "", "`FILE` of a key set to add the profile's keys to, - for stdin")
	out.flag(cmd, "the key set")
	return cmd
}

// mergeHint returns the hint for a key set that can't be merged.
func mergeHint(err error) string {
	if errors.Is(err, apim.ErrPrivateJWK) {
		return "remove it from the file, and replace the key, which others may have read: " +
			"cgp-cred keygen PROFILE --kid NEWKID --force"
	}
	return "give the key set that is registered now, as the Developer Hub shows it; " +
		"to see this profile's: cgp-cred jwks"
}

func (a *app) jwks(ctx context.Context, name, merge string, to result) error {
	if isURL(merge) {
		return usage("curl -fsS "+printable.Shell(shownURL(merge))+" | cgp-cred jwks --merge -",
			"--merge reads a file, and %s is a URL", quoted(shownURL(merge)))
	}
	if err := to.check(); err != nil {
		return err
	}
	var existing []byte
	if merge != "" {
		raw, err := a.readInput(merge, "key set")
		if err != nil {
			return err
		}
		existing = raw
	}
	h, p, _, err := a.resolve(name, "")
	if err != nil {
		return err
	}
	keys, err := h.Manage().PublicKeys(ctx, p)
	if err != nil {
		return err
	}
	out, err := apim.JWKS(keys...)
	if merge != "" {
		out, err = apim.MergeJWKS(existing, keys...)
		if err != nil {
			return usage(mergeHint(err), "%s: %v", inputName(merge), err)
		}
	}
	if err != nil {
		return err
	}
	return a.write(to, out)
}
