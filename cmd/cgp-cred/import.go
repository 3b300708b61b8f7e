package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/upstream"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

type importOptions struct {
	file       string // empty: the client's own
	profile    string
	host       string
	kid        string
	apiKeyFile string
	place      locationFlags
	isDefault  bool
	force      bool
}

func importCommand(a *app) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import [FILE]",
		Short: "Import keys from the Python client's config file",
		Long: `Read the config file of the Clinical Genomics Platform's Python client
(~/.cgpclient/config.yaml, or FILE) and the private key that it names, and put them into the
operating system's keychain as one profile. The profile is named after the environment, such
as int, or the host. Everything is checked before anything is stored; the files are not changed.`,
		Example: `  cgp-cred import
  cgp-cred import work.yaml --profile work --kid test-1`,
		Args:              words(0, 1),
		ValidArgsFunction: firstFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = first(args)
			return a.importConfig(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.profile, "profile", "", "`NAME` of the profile (default: the environment's or the host's)")
	f.StringVar(&o.host, "host", "", "`HOST` or environment, if the file has none, or to override it")
	f.StringVar(&o.kid, "kid", "", "`KID`, if the file has none, or to override it")
	f.StringVar(&o.apiKeyFile, "api-key-file", "",
		"`FILE` that holds the API key, - for stdin (at a terminal: a prompt), if the config file has none")
	o.place.flags(cmd)
	f.BoolVar(&o.isDefault, "default", false, "make it the default profile")
	f.BoolVar(&o.force, "force", false, "overwrite an existing profile")
	return cmd
}

func (a *app) importConfig(ctx context.Context, o importOptions) error {
	in, err := o.place.location()
	if err != nil {
		return err
	}
	h, err := a.open()
	if err != nil {
		return err
	}
	home := homeFolder()
	file := o.file
	if file == "" {
		if file, err = existingConfig(home); err != nil {
			return err
		}
	}
	c, err := a.readConfig(file)
	if err != nil {
		return err
	}
	if err := a.override(ctx, &c, o); err != nil {
		return err
	}
	change, err := a.imported(inputName(file), c, c.PEM.File(home))
	if err != nil {
		return err
	}
	change.Force, change.Default, change.Keystore = o.force, o.isDefault, in
	name := o.profile
	if name == "" {
		name = profile.NameFor(c.Host)
	}
	s, err := h.Manage().Store(ctx, name, change)
	if err != nil {
		return a.instead(h, name, o.place, err)
	}
	return a.tellImported(h, s, file, c.PEM.File(home), c)
}

// homeFolder returns the user's home folder, or nothing: then ~ is not replaced.
func homeFolder() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}

// defaultConfig returns the config file that the Python client reads.
func defaultConfig(home string) string { return filepath.Join(home, ".cgpclient", "config.yaml") }

// existingConfig returns the client's own config file, if it exists.
func existingConfig(home string) (string, error) {
	file := defaultConfig(home)
	if _, err := os.Stat(file); home == "" || errors.Is(err, os.ErrNotExist) {
		return "", usage("name the file: cgp-cred import FILE, or start without one: cgp-cred store NAME --host HOST",
			"%s does not exist", printable.Text(file))
	}
	return file, nil
}

// readConfig reads a config file of the client.
func (a *app) readConfig(file string) (upstream.Config, error) {
	raw, err := a.readInput(file, "config file")
	if err != nil {
		return upstream.Config{}, err
	}
	return upstream.ParseConfig(inputName(file), raw)
}

// override lets the flags win over the file.
func (a *app) override(ctx context.Context, c *upstream.Config, o importOptions) (err error) {
	if o.host != "" {
		if c.Host, err = apim.ParseHost(o.host); err != nil {
			return err
		}
	}
	if o.kid != "" {
		c.KID = o.kid
	}
	if o.apiKeyFile == "" {
		return nil
	}
	c.APIKey, err = a.apiKeyFrom(ctx, o.apiKeyFile)
	return err
}

// imported turns a config file into a whole profile. Unlike the client, it assumes no host and no kid.
func (a *app) imported(file string, c upstream.Config, pem string) (manage.Change, error) {
	none := ""
	change := manage.Change{
		Host: c.Host, APIName: &c.APIName, APIKey: c.APIKey, TokenURL: &none, Audience: &none, Anew: true,
	}
	switch {
	case c.Host == "":
		return change, usage(
			"add --host HOST, for example --host internal-dev; for the client's default, production: --host prod",
			"%s has no api_host", file)
	case c.PEM.IsZero() && c.APIKey.IsZero() && !apim.Sandbox(c.Host):
		return change, usage(
			"add --api-key-file FILE, or start without a file: cgp-cred keygen NAME --host HOST --kid KID",
			"%s has neither an api_key nor a private key, and %s needs a credential", file, c.Host)
	case c.PEM.IsZero():
		return change, nil
	case c.KID == "":
		return change, usage(
			"add --kid KID, under which the public key is registered; for the client's default: --kid test-1",
			"%s has no apim_kid for its private key", file)
	case c.APIKey.IsZero():
		return change, usage("add --api-key-file FILE", "%s has no api_key, which its private key needs", file)
	}
	key, err := a.readPEM(c.PEM, pem)
	change.Key = &record.Key{KID: c.KID, Signer: key}
	return change, err
}

// tellImported says what was imported and what was not, where it is now, and which files still hold secrets.
func (a *app) tellImported(h *helper.Helper, s manage.Stored, file, pem string, c upstream.Config) error {
	if len(c.Taken) > 0 {
		a.say("imported from " + inputName(file) + ": " + strings.Join(c.Taken, ", "))
	}
	if c.KID != "" && s.Record.Key == nil {
		a.say("not stored: the kid, because there is no private key")
	}
	if len(c.Ignored) > 0 {
		a.say("ignored: " + names(c.Ignored))
	}
	a.saved(h, s)
	if s.Record.Key != nil {
		keys, err := manage.Keys(s.Profile.Name, s.Record)
		if err != nil {
			return err
		}
		bits := signer.Bits(s.Record.Key.Signer)
		a.say(fmt.Sprintf("its public key: %d bits, thumbprint %s", bits, keys[0].Thumbprint()))
	}
	if s.Profile.Auth != profile.None && apim.Sandbox(s.Profile.Host) {
		a.say("the client sends no credential to a sandbox; to do the same: " +
			"cgp-cred store " + s.Profile.Name + " --auth none")
	}
	if !c.PEM.IsZero() || !c.APIKey.IsZero() {
		a.remindFiles(file, pem)
		a.say("the client's own scripts run without the secrets: python3 -m cgp_cred.cgpclient SCRIPT " +
			"(first: cgp-cred clients install cgpclient); then remove them")
	}
	return nil
}

// names lists names from a file, at most 20 of them.
func names(all []string) string {
	const most = 20
	var shown []string
	for _, name := range all[:min(most, len(all))] {
		shown = append(shown, printable.Text(name))
	}
	if len(all) > most {
		shown = append(shown, fmt.Sprintf("and %d more", len(all)-most))
	}
	return strings.Join(shown, ", ")
}
