package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// statusJSON is a profile as status prints it in JSON.
type statusJSON struct {
	profileJSON
	KID            string `json:"kid"`
	Thumbprint     string `json:"thumbprint"`
	KeyBits        int    `json:"key_bits"`
	Signer         string `json:"signer"`
	where          string
	NextKID        string `json:"next_kid"`
	PreviousKID    string `json:"previous_kid"`
	KeystoreState  string `json:"keystore_state"`
	Cache          string `json:"cache"`
	TokenExpiresAt string `json:"token_expires_at"`
	Source         string `json:"source"`
	TokenURL       string `json:"token_url"`
	APIKey         string `json:"api_key"`
	FleetExpiresAt string `json:"fleet_token_expires_at,omitempty"`
	fleetProblem   string
	reader         bool
	Checked        string `json:"check,omitempty"`
}

type statusOptions struct {
	profile string
	json    bool
	check   bool
}

func statusCommand(a *app) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [PROFILE]",
		Short: "Show a profile with what the keychain and the cache hold for it",
		Long: `Show a profile with what the keychain and the token cache hold for it; no secret is printed.
The keychain may ask to be unlocked. With --check it gets a new token. If no profile is named and
there is no default, all are shown.`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.profile = first(args)
			return a.status(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.check, "check", false, "get a new token to see whether it works")
	return cmd
}

func (a *app) status(ctx context.Context, o statusOptions) error {
	h, p, source, err := a.resolve(o.profile, "")
	profiles := []*profile.Profile{p}
	var none *profile.NoProfileError
	if errors.As(err, &none) && none.Name == "" && len(none.Known) > 1 {
		profiles, err = h.Profiles()
	}
	if err != nil {
		return err
	}
	def, err := h.Default()
	if err != nil {
		return err
	}
	all := []statusJSON{}
	for _, p := range profiles {
		s, failure := a.look(ctx, h, p, o.check)
		s.profileJSON, s.Source = newProfileJSON(h, p, def), string(source)
		all = append(all, s)
		err = errors.Join(err, failure)
		a.tellIgnored(s.profileJSON)
	}
	if o.json {
		written := json.NewEncoder(a.stdout).Encode(all) //nolint:gosec // api_key is a label, not the key
		err = errors.Join(written, err)
	} else {
		err = errors.Join(a.printStatus(all), err)
	}
	return err
}

// look gathers one profile's status. The error is the one that status ends with.
func (a *app) look(ctx context.Context, h *helper.Helper, p *profile.Profile, check bool) (statusJSON, error) {
	var checked error
	if check {
		_, checked = h.Get(ctx, p, helper.Options{ForceNew: true})
	}
	s := h.Manage().Status(ctx, p)
	out := statusJSON{
		KID: s.KID, Thumbprint: s.Thumbprint, KeyBits: s.KeyBits, Signer: s.Signer, where: s.Where,
		NextKID: s.NextKID, PreviousKID: s.OldKID, KeystoreState: s.Keystore,
		Cache: s.Cache, TokenURL: s.TokenURL, APIKey: s.APIKey, reader: s.Reader,
	}
	if !s.Expires.IsZero() {
		out.TokenExpiresAt = s.Expires.UTC().Format(time.RFC3339)
	}
	if !s.FleetExpires.IsZero() {
		out.FleetExpiresAt = s.FleetExpires.UTC().Format(time.RFC3339)
	}
	if s.FleetErr != nil {
		out.fleetProblem = fault.OneLine(s.FleetErr)
	}
	if check {
		out.Checked = "ok"
	}
	if checked != nil {
		out.Checked = "failed"
		return out, checked
	}
	return out, s.Err
}

// printStatus prints each profile as a few aligned lines.
func (a *app) printStatus(all []statusJSON) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(table)
		}
		row := func(name, format string, args ...any) {
			fmt.Fprintf(table, "%s\t%s\n", name, printable.Line(fmt.Sprintf(format, args...)))
		}
		chosen := ""
		if s.Source != "" {
			chosen = " (chosen by " + s.Source + ")"
		}
		row("profile", "%s%s", s.Name, chosen)
		row("host", "%s", profile.Target(s.Host, s.APIName))
		if s.SystemFile != "" {
			row("file", "%s, of the system administrator", s.SystemFile)
		}
		row("method", "%s", s.Auth)
		if s.Keystore == profile.Keychain {
			row("keychain", "%s", s.KeystoreState)
		} else {
			row("keystore", "%s, %s", s.Keystore, s.KeystoreState)
		}
		if s.KID != "" {
			row("key", "%s, %d bits, thumbprint %s", s.KID, s.KeyBits, s.Thumbprint)
			if s.where != "" {
				row("signer", "%s", s.where)
			}
			row("token URL", "%s", s.TokenURL)
		}
		if s.NextKID != "" {
			row("next key", "%s, waiting for its first token", s.NextKID)
		}
		if s.PreviousKID != "" {
			row("previous key", "%s, until cgp-cred rotate %s --finish", s.PreviousKID, s.Name)
		}
		if s.reader {
			row("key", "none: it only reads the fleet's token")
		} else if s.KeystoreState == "ok" && s.Auth != profile.None {
			row("API key", "%s", orNone(s.APIKey))
		}
		if s.Auth == profile.JWT {
			row("token", "%s", tokenLine(s))
		}
		if s.Fleet != "" {
			row("fleet", "%s, %s", s.Fleet, fleetLine(s))
		}
		if s.Checked != "" {
			row("check", "%s", s.Checked)
		}
	}
	return table.Flush()
}

func tokenLine(s statusJSON) string {
	where := map[string]string{
		cache.Keyring: "in the kernel keyring", cache.Keychain: "in the keychain", cache.File: "in a sealed file",
		cache.None: "no cache on this machine",
	}[s.Cache]
	if s.TokenExpiresAt == "" {
		return "none cached (" + where + ")"
	}
	return "cached until " + s.TokenExpiresAt + " " + where
}

// fleetLine says what the machines share.
func fleetLine(s statusJSON) string {
	switch {
	case s.KeystoreState != "ok":
		return "unknown without the record"
	case s.fleetProblem != "":
		return "unusable: " + s.fleetProblem
	case s.FleetExpiresAt == "":
		return "no token yet"
	}
	return "a token until " + s.FleetExpiresAt
}

func orNone(s string) string {
	if s == "" {
		return "none yet"
	}
	return s
}
