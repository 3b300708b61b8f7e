package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"cgp-cred/helper/apim"
)

func jwksCommand(a *app) *cobra.Command {
	var merge string
	cmd := &cobra.Command{
		Use:   "jwks [PROFILE]",
		Short: "Print the public key set to register",
		Long: `Print the public key set (JWKS) to register in the Developer Hub; it has public members only.
With --merge it prints the keys in FILE and the profile's, so that colleagues and other machines
keep theirs. A FILE with a private key, without a kid, or with an invalid number is refused.`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.jwks(cmd.Context(), first(args), merge)
		},
	}
	cmd.Flags().StringVar(&merge, "merge", "", "`FILE` of a key set to add the profile's keys to, - for stdin")
	return cmd
}

// mergeHint returns the hint for a key set that can't be merged.
func mergeHint(err error) string {
	if errors.Is(err, apim.ErrPrivateJWK) {
		return "remove it from the file, and replace the key, which others may have read: cgp-cred keygen PROFILE --kid NEWKID --force"
	}
	return "give the key set that is registered now, as the Developer Hub shows it; to see this profile's: cgp-cred jwks"
}

func (a *app) jwks(ctx context.Context, name, merge string) error {
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
	_, err = a.stdout.Write(out)
	return err
}
