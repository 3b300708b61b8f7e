package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/helper"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/privatekey"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
	"cgp-cred/keystore/text"
)

// storeOptions are the flags that store and keygen share.
type storeOptions struct {
	host       string
	apiName    string
	auth       string
	apiKeyFile string
	keyFile    string
	signer     signerFlags
	place      locationFlags
	kid        string
	tokenURL   string
	audience   string
	fleet      string
	isDefault  bool
	force      bool

	changes bool // there is a flag that asks for a change
}

func (o *storeOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false // those that every user needs come first
	f.StringVar(&o.host, "host", "", "`HOST` or environment: prod int dev ref sandbox …; required the first time")
	f.StringVar(&o.kid, "kid", "", "`KID` under which the public key is registered: public, never the API key")
	f.StringVar(&o.apiKeyFile, "api-key-file", "", "`FILE` that holds the API key, - for stdin (default: a prompt)")
	f.BoolVar(&o.isDefault, "default", false, "make it the default profile")
	f.BoolVar(&o.force, "force", false, "replace the host, token URL, audience or private key of an existing profile")
	f.StringVar(&o.apiName, "api-name", "",
		"`PATH` of the API this is for, such as genomic-data-access (default: all APIs of the host)")
	f.StringVar(&o.auth, "auth", "", "`METHOD`: jwt, apikey or none (default: depends on what is stored)")
	f.StringVar(&o.tokenURL, "token-url", "", "`URL` of another token endpoint")
	f.StringVar(&o.audience, "audience", "", "`URL` to name in assertions (default: the token URL)")
	f.StringVar(&o.fleet, "fleet", "",
		"`URL` where all machines share one token: file:///shared/folder; \"\" for none")
	o.signer.flags(cmd)
	o.place.flags(cmd)
}

// change turns the flags into a change. Flags that were not given stay nil or empty.
func (o *storeOptions) change(cmd *cobra.Command) manage.Change {
	c := manage.Change{Host: o.host, Auth: o.auth, KID: o.kid, Force: o.force, Default: o.isDefault}
	given := map[string]**string{
		"api-name": &c.APIName, "token-url": &c.TokenURL, "audience": &c.Audience, "fleet": &c.Fleet,
	}
	for name, to := range given {
		if f := cmd.Flags().Lookup(name); f.Changed {
			value := f.Value.String()
			*to = &value
		}
	}
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { o.changes = o.changes || f.Changed })
	return c
}

func storeCommand(a *app) *cobra.Command {
	var o storeOptions
	cmd := &cobra.Command{
		Use:   "store PROFILE",
		Short: "Put an API key, or an API key and a private key, into the keychain",
		Long: `Put an API key and, for tokens, a private key and its kid into the operating system's keychain.
Parts that are not given are kept. If the profile has no API key, or if you give no flag, you are
prompted for it (not echoed). With --signer the private key stays in an ssh-agent, a smart card
or an HSM, and signs there.` + aboutPlaces,
		Example: `  cgp-cred store int --host int --private-key test-1.pem --kid test-1
  cgp-cred store int --host int --signer ssh-agent --fingerprint SHA256:... --kid int-1
  cgp-cred store int                            # correct the API key
  cgp-cred store prod --host prod --api-key-file -  <key.txt`,
		Args:              words(1, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := o.change(cmd)
			s, err := a.put(cmd.Context(), args[0], o, c)
			if err != nil || s.Same {
				return err
			}
			a.next(s)
			return nil
		},
	}
	cmd.Flags().StringVar(&o.keyFile, "private-key", "",
		"`FILE` that holds the private key in PEM, - for stdin; --kid is required with it")
	o.flags(cmd)
	return cmd
}

// put stores what the flags and the change give, and says what came of it.
func (a *app) put(
	ctx context.Context, name string, o storeOptions, c manage.Change,
) (s manage.Stored, err error) {
	if o.apiKeyFile == "-" && o.keyFile == "-" {
		return s, usage("put one of them into a file", "--api-key-file and --private-key can't both read stdin")
	}
	if err := o.signer.check(name, o.keyFile); err != nil {
		return s, err
	}
	if o.signer.kind == signer.KindKeychain && o.keyFile == "" {
		return s, usage("add --private-key FILE, or make a key: cgp-cred keygen "+printable.Shell(name)+" --kid KID",
			"there is no key to put into the keychain")
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
	given := manage.Given{
		Key:    o.keyFile != "" || o.signer.external(),
		APIKey: !c.APIKey.IsZero() || o.apiKeyFile != "" || isTerminal(a.stdin),
	}
	if err := h.Manage().Missing(ctx, name, c, given); err != nil {
		return s, err
	}
	a.checkKID(o.kid)
	if c.Key, err = a.givenKey(ctx, name, o.keyFile, o.signer, o.kid); err != nil {
		return s, err
	}
	if c.APIKey, err = a.apiKey(ctx, h, name, o, c); err != nil {
		return s, a.instead(h, name, o.place, err)
	}
	if s, err = h.Manage().Store(ctx, name, c); err != nil {
		return s, a.instead(h, name, o.place, err)
	}
	a.saved(h, s)
	a.remindFiles(o.keyFile, o.apiKeyFile)
	return s, nil
}

// next tells a user at a terminal what to do after a profile was stored.
func (a *app) next(s manage.Stored) {
	if !isTerminal(a.stderr) {
		return
	}
	if s.Profile.Auth == profile.JWT && s.Record.APIKey.IsZero() {
		a.say("next: cgp-cred store " + s.Profile.Name + ", which asks for the API key")
		return
	}
	a.say("next: cgp-cred doctor " + s.Profile.Name)
}

// checkKID warns of a kid that is easily registered in another form.
func (a *app) checkKID(kid string) {
	if strings.ContainsFunc(kid, unicode.IsSpace) {
		a.warn("the kid has a space: register it in exactly this form, or choose one without, such as int-1")
	}
}

// readPrivateKey imports a PEM file. Without a file there is no key.
func (a *app) readPrivateKey(file, kid string) (*record.Key, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := a.readInput(file, "private key")
	if err != nil {
		return nil, err
	}
	key, err := privatekey.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", inputName(file), err)
	}
	return &record.Key{KID: kid, Signer: key}, nil
}

// apiKey reads the API key from its file, or asks for it at the terminal: if the profile has none, or if the command
// asks for no other change. It is zero if the profile keeps its API key, or needs none.
func (a *app) apiKey(
	ctx context.Context, h *helper.Helper, name string, o storeOptions, c manage.Change,
) (keystore.Secret, error) {
	asks := o.apiKeyFile == "-" && isTerminal(a.stdin)
	switch {
	case !c.APIKey.IsZero():
		return c.APIKey, nil
	case o.apiKeyFile != "" && !asks:
		return a.apiKeyFrom(ctx, o.apiKeyFile)
	case o.auth == profile.None && !asks:
		return keystore.Secret{}, nil
	}
	old, err := h.Manage().MayStore(ctx, name, c)
	switch {
	case err == nil && asks:
		return a.askAPIKey(ctx, nil)
	case err != nil, old != nil && old.Auth == profile.None:
		return keystore.Secret{}, err
	case old != nil && !old.APIKey.IsZero() && (o.changes || !isTerminal(a.stdin)):
		return keystore.Secret{}, nil
	case !isTerminal(a.stdin):
		return keystore.Secret{}, usage("add --api-key-file FILE, or - to read it from stdin",
			"there is no API key, and stdin is not a terminal")
	}
	return a.askAPIKey(ctx, old)
}

// apiKeyFrom reads an API key from a file, - for stdin. At a terminal it asks.
func (a *app) apiKeyFrom(ctx context.Context, file string) (keystore.Secret, error) {
	if file == "-" && isTerminal(a.stdin) {
		return a.askAPIKey(ctx, nil)
	}
	raw, err := a.readInput(file, "API key")
	if err != nil {
		return keystore.Secret{}, err
	}
	return checkedAPIKey(raw)
}

// askAPIKey asks for an API key at the terminal. Enter keeps that of the record, if it has one.
func (a *app) askAPIKey(ctx context.Context, old *record.Record) (keystore.Secret, error) {
	question := "API key (not shown): "
	keeps := old != nil && !old.APIKey.IsZero()
	if keeps {
		question = "API key (Enter keeps " + cmp.Or(old.APIKeyLabel(), "the stored one") + "): "
	}
	raw, err := a.askSecret(ctx, "API key", question)
	if err != nil || keeps && len(bytes.TrimSpace(raw)) == 0 {
		return keystore.Secret{}, err
	}
	return checkedAPIKey(raw)
}

// checkedAPIKey refuses what can't be an API key.
func checkedAPIKey(raw []byte) (keystore.Secret, error) {
	const hint = "give only the API key, as the Developer Hub shows it"
	key, err := text.Line("API key", string(raw), text.APIKey)
	if err == nil {
		err = keystore.CheckAPIKey(key)
	}
	if err != nil {
		return keystore.Secret{}, usage(hint, "%v", err)
	}
	return keystore.NewSecret([]byte(key)), nil
}

// maxInput is the largest key or key set that is read, in bytes.
const maxInput = 64 << 10

// readInput reads a small file, or stdin for "-".
func (a *app) readInput(file, what string) ([]byte, error) {
	read := func() ([]byte, error) { return disk.ReadInput(file, maxInput, keystore.InputWait) }
	if file == "-" {
		wait := keystore.InputWait
		if isTerminal(a.stdin) { // the user who types ends the input
			wait = nil
		}
		read = func() ([]byte, error) { return disk.ReadStream(a.stdin, "stdin", maxInput, wait) }
	}
	raw, err := read()
	var at *fs.PathError
	switch {
	case err != nil && !errors.As(err, &at): // CGP_CRED_KEYCHAIN_TIMEOUT is wrong
		return nil, err
	case isURL(file) && errors.Is(err, fs.ErrNotExist):
		return nil, usage("download it first: curl -fsS -o FILE URL", "%s: %s is a URL, not a file", what,
			quoted(shownURL(file)))
	case errors.Is(err, disk.ErrTooLong):
		return nil, usage(fault.HintOf(err, ""), "%s: %s is over 64 KiB", what, inputName(file))
	case err != nil:
		return nil, usage(fault.HintOf(err, ""), "%s: %s", what, printable.NoFile(err))
	case len(raw) == 0:
		return nil, usage("check that it is the right file", "%s: %s is empty", what, inputName(file))
	}
	return raw, nil
}

// shownURL returns a URL without the parts that can be secret.
func shownURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "URL"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

func inputName(file string) string {
	if file == "-" {
		return "stdin"
	}
	return file
}

// saved prints what a profile holds now.
func (a *app) saved(h *helper.Helper, s manage.Stored) {
	if s.Same {
		a.say(fmt.Sprintf("nothing to change: profile %q for %s %s is as it was",
			s.Profile.Name, s.Profile.Host, s.Profile.Location()))
		return
	}
	verb := "changed"
	if s.New {
		verb = "stored"
	}
	what := "no credential is needed, and none is"
	switch s.Profile.Auth {
	case profile.JWT:
		what = fmt.Sprintf("private key %q", s.Record.ShownKID(s.Record.Key))
		switch where := s.Record.Key.Signer.Where(); {
		case where != "":
			what += " " + where + "; the rest"
		case !s.Record.APIKey.IsZero():
			what += " and API key"
		}
	case profile.APIKey:
		what = "API key"
	}
	a.say(fmt.Sprintf("%s profile %q for %s: %s %s", verb, s.Profile.Name, s.Profile.Host, what, s.Profile.Location()))
	if s.Record.Key != nil {
		if warning := privatekey.KeyWarning(signer.Bits(s.Record.Key.Signer)); warning != "" {
			a.warn(warning)
		}
	}
	names, err := h.Config.Names()
	def, derr := h.Config.Default()
	if err == nil && derr == nil && len(names) > 1 && def == "" {
		a.say("there are several profiles: name one with each get, or set a default with --default")
	}
}

// remindFiles says which plaintext files still exist, and which of them others can read.
func (a *app) remindFiles(files ...string) {
	for _, f := range files {
		if f == "" || f == "-" {
			continue
		}
		info, err := os.Stat(f)
		if errors.Is(err, os.ErrNotExist) || (err == nil && !info.Mode().IsRegular()) {
			continue
		}
		note := "the file " + f + " still holds the secret: remove it, or keep it somewhere safe"
		if err == nil {
			note += disk.Readers(f, info)
		}
		a.say(note)
	}
}
