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
		Short: "Take keys over from the Python client's configuration",
		Long: `Read the configuration file of the Clinical Genomics Platform's Python client
(~/.cgpclient/config.yaml, or FILE) and the private key it names, and put them into the
operating system's keychain as one profile. It is named after the environment, such as int,
or the host. Everything is checked before anything is stored; the files stay as they are.`,
		Example: `  cgp-cred import
  cgp-cred import work.yaml --profile work --kid test-1`,
		Args: words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = first(args)
			return a.importConfig(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.profile, "profile", "", "`NAME` of the profile (default: the environment's or the host's)")
	f.StringVar(&o.host, "host", "", "`HOST` or environment, where the file has none or another is meant")
	f.StringVar(&o.kid, "kid", "", "`KID`, where the file has none or another is meant")
	f.StringVar(&o.apiKeyFile, "api-key-file", "", "`FILE` that holds the API key, - for stdin, where the configuration has none")
	o.place.flags(cmd)
	f.BoolVar(&o.isDefault, "default", false, "make it the default profile")
	f.BoolVar(&o.force, "force", false, "replace a profile that there is, whatever it holds")
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
	if err := a.override(&c, o); err != nil {
		return err
	}
	change, err := a.imported(inputName(file), c, c.PEM.File(home))
	if err != nil {
		return err
	}
	change.Force, change.Default, change.Keystore = o.force, o.isDefault, in
	name := o.profile
	if name == "" {
		name = upstream.ProfileName(c.Host)
	}
	s, err := h.Manage().Store(ctx, name, change)
	if err != nil {
		return err
	}
	return a.tellImported(h, s, file, c.PEM.File(home), c)
}

// homeFolder is the user's, or nothing: then ~ is left as it is.
func homeFolder() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}

// defaultConfig is where the Python client looks.
func defaultConfig(home string) string { return filepath.Join(home, ".cgpclient", "config.yaml") }

// existingConfig is the client's own configuration file, if there is one.
func existingConfig(home string) (string, error) {
	file := defaultConfig(home)
	if _, err := os.Stat(file); home == "" || errors.Is(err, os.ErrNotExist) {
		return "", usage("name the file: cgp-cred import FILE, or begin without one: cgp-cred store NAME --host HOST", "there is no %s", printable.Text(file))
	}
	return file, nil
}

// readConfig reads a configuration file of the client.
func (a *app) readConfig(file string) (upstream.Config, error) {
	raw, err := a.readInput(file, "configuration file")
	if err != nil {
		return upstream.Config{}, err
	}
	return upstream.ParseConfig(inputName(file), raw)
}

// override lets what the flags say win over the file.
func (a *app) override(c *upstream.Config, o importOptions) (err error) {
	if o.host != "" {
		if c.Host, err = apim.ParseHost(o.host); err != nil {
			return err
		}
	}
	if kid := strings.TrimSpace(o.kid); kid != "" {
		c.KID = kid
	}
	if o.apiKeyFile == "" {
		return nil
	}
	raw, err := a.readInput(o.apiKeyFile, "API key")
	if err != nil {
		return err
	}
	c.APIKey, err = checkedAPIKey(raw)
	return err
}

// imported makes the whole profile of a configuration. Unlike the client it assumes no host and no kid.
func (a *app) imported(file string, c upstream.Config, pem string) (manage.Change, error) {
	none := ""
	change := manage.Change{Host: c.Host, APIName: &c.APIName, APIKey: c.APIKey, TokenURL: &none, Audience: &none, Anew: true}
	switch {
	case c.Host == "":
		return change, usage("add --host HOST, for example --host internal-dev; the client's default is production: --host prod, if that is meant",
			"%s has no api_host", file)
	case c.PEM.IsZero() && c.APIKey.IsZero() && !apim.Sandbox(c.Host):
		return change, usage("add --api-key-file FILE, or begin without a file: cgp-cred keygen NAME --host HOST --kid KID",
			"%s has neither an api_key nor a private key, and %s asks for a credential", file, c.Host)
	case c.PEM.IsZero():
		return change, nil
	case c.KID == "":
		return change, usage("add --kid KID, the one that the public key is registered under; the client's default is test-1: --kid test-1, if that is meant",
			"%s has no apim_kid for its private key", file)
	case c.APIKey.IsZero():
		return change, usage("add --api-key-file FILE", "%s has no api_key, and a private key signs for one", file)
	}
	key, err := a.readPEM(c.PEM, pem)
	change.Key = &record.Key{KID: c.KID, Signer: key}
	return change, err
}

// tellImported says what was taken and what was not, where it went, and what still lies about.
func (a *app) tellImported(h *helper.Helper, s manage.Stored, file, pem string, c upstream.Config) error {
	if len(c.Taken) > 0 {
		a.say("took from " + inputName(file) + ": " + strings.Join(c.Taken, ", "))
	}
	if c.KID != "" && s.Record.Key == nil {
		a.say("not stored: the kid, for there is no private key")
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
		a.say(fmt.Sprintf("its public key: %d bits, thumbprint %s", signer.Bits(s.Record.Key.Signer), keys[0].Thumbprint()))
	}
	if s.Profile.Auth != profile.None && apim.Sandbox(s.Profile.Host) {
		a.say("the client sends no credential to a sandbox; to do the same: cgp-cred store " + s.Profile.Name + " --auth none")
	}
	if !c.PEM.IsZero() || !c.APIKey.IsZero() {
		a.remindFiles(file, pem)
		a.say("the client's own scripts still need them; once you run none, keep no secret in a file")
	}
	return nil
}

// names lists names that a file gave, a bounded number of them.
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
