package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

func setupCommand(a *app) *cobra.Command {
	var s setup
	cmd := &cobra.Command{
		Use:   "setup [PROFILE]",
		Short: "Walk through everything up to your first token",
		Long: `Ask for the environment, the API key and the private key (made here, or in a PEM file), store
them, write the public key set to a file, say how to register it in the Developer Hub, and wait
for the first token, which may take an hour after the upload. You can interrupt it and run it
again: it continues where it stopped. It needs a terminal; scripts use keygen and store.

On Windows it first offers to install the program. --install does only that, without a question:
it copies the program into your folder of programs and puts it on your PATH. --uninstall undoes it.`,
		Example:           "  cgp-cred setup\n  cgp-cred setup int\n  cgp-cred setup --install      # Windows",
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.app, s.name = a, first(args)
			switch {
			case s.only && s.undo, (s.only || s.undo) && cmd.Flags().NFlag()+len(args) > 1:
				return usage("cgp-cred setup --install", "--install and --uninstall take no argument and no other flag")
			case s.only:
				return a.install()
			case s.undo:
				return a.uninstall()
			}
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&s.only, "install", false, "only install the program for this user (Windows)")
	cmd.Flags().BoolVar(&s.undo, "uninstall", false, "remove the program; keys and profiles stay (Windows)")
	cmd.Flags().StringVar(&s.host, "host", "", "`HOST` or environment, instead of a question")
	s.place.flags(cmd)
	return cmd
}

// setup is one walk through the steps. Each step looks at what is there already, and the work is that of store and
// keygen.
type setup struct {
	*app
	name  string // of the profile; empty: the host's
	host  string // as given; empty: asked for
	place locationFlags
	only  bool // only install the program
	undo  bool // only remove it

	helper *helper.Helper
	record *record.Record // nil: none yet
}

func (s *setup) run(ctx context.Context) error {
	if !isTerminal(s.stdin) || !isTerminal(s.stderr) {
		return s.noTerminal()
	}
	err := s.offerInstall(ctx)
	if err != nil {
		return err
	}
	if s.helper, err = s.open(); err != nil {
		return err
	}
	if err := s.helper.Manage().KeystoreOnly(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.chooseHost, s.find, s.keys, s.register, s.firstToken} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.say("done. next: cgp-cred get " + s.name + ", or cgp-cred curl URL")
	return nil
}

// noTerminal returns the error of a setup without a user, whose hints are the commands of a script.
func (s *setup) noTerminal() error {
	name, host := cmp.Or(s.name, "int"), cmp.Or(s.host, s.name, "int")
	return usage(fmt.Sprintf("cgp-cred keygen %[1]s --host %[2]s --kid %[1]s-1 --out jwks.json\n"+
		"cgp-cred store %[1]s --api-key-file FILE\n"+
		"register jwks.json in the Developer Hub, then: cgp-cred doctor %[1]s\n"+
		"with a key that you have: cgp-cred store %[1]s --host %[2]s --private-key FILE --kid KID --api-key-file FILE",
		name, host), "setup asks questions, and there is no terminal to ask at")
}

// chooseHost finds or asks for the host, and names the profile.
func (s *setup) chooseHost(ctx context.Context) error {
	if s.name != "" {
		p, err := s.helper.Config.Load(s.name)
		if err == nil {
			s.host = cmp.Or(s.host, p.Host)
		} else if !errors.Is(err, profile.ErrNoProfile) {
			return err
		}
	}
	given := s.host != ""
	for tries := 1; ; tries++ {
		if !given {
			if err := s.askHost(ctx); err != nil {
				return err
			}
		}
		host, err := apim.ParseHost(s.host)
		if err != nil {
			if given || tries == 3 {
				return err
			}
			s.say(fault.OneLine(err))
			continue
		}
		s.host, s.name = host, cmp.Or(s.name, profile.NameFor(host))
		return profile.CheckName(s.name)
	}
}

func (s *setup) askHost(ctx context.Context) error {
	usual := "int"
	if _, err := apim.ParseHost(s.name); err == nil {
		usual = s.name
	}
	s.say("Environments: " + strings.Join(apim.Environments(), " ") + ". Each has its own API keys.")
	answer, err := s.ask(ctx, "environment", "Environment or host ["+usual+"]: ")
	s.host = cmp.Or(answer, usual)
	return err
}

// find looks for what an earlier setup or store has left. Without a keychain it offers encrypted files.
func (s *setup) find(ctx context.Context) error {
	in, err := s.place.location()
	if err != nil {
		return err
	}
	s.record, err = s.helper.Manage().Existing(ctx, s.name, in)
	if _, at := s.helper.Config.Load(s.name); errors.Is(err, keystore.ErrUnavailable) && in == nil &&
		errors.Is(at, profile.ErrNoProfile) {
		s.say(err.Error())
		if no := s.confirm(ctx, "Keep the keys in a file that a passphrase encrypts?"); no != nil {
			return s.instead(s.helper, s.name, s.place, err)
		}
		s.place.kind = profile.File
		return s.find(ctx)
	}
	if err == nil && s.record != nil && s.record.Host != s.host {
		return usage("cgp-cred setup NAME --host "+apim.ShortHost(s.host),
			"profile %q is for another host, %s", s.name, s.record.Host)
	}
	return err
}

// keys asks for the API key and the private key, unless they are there, and stores both at once.
func (s *setup) keys(ctx context.Context) error {
	if s.complete() {
		s.say(fmt.Sprintf("profile %q has its keys already", s.name))
		return nil
	}
	o := storeOptions{host: s.host, place: s.place, changes: true}
	c := manage.Change{Host: s.host}
	if s.record == nil && apim.Sandbox(s.host) {
		s.say("APIs of a sandbox need no credential, except Hello World.")
		switch answer, err := s.ask(ctx, "answer", "Store an API key all the same? [y/N] "); {
		case err != nil:
			return err
		case !isYes(answer):
			o.auth, c.Auth = profile.None, profile.None
			return s.write(ctx, o, c, false)
		}
	}
	if s.record == nil || s.record.APIKey.IsZero() {
		s.say("The API key is in the Developer Hub: your application of this environment.")
		key, err := s.askAPIKey(ctx, nil)
		if err != nil {
			return err
		}
		c.APIKey = key
	}
	if s.record != nil && s.record.Key != nil {
		return s.write(ctx, o, c, false)
	}
	fresh, err := s.askKey(ctx, &o, &c)
	if err != nil {
		return err
	}
	return s.write(ctx, o, c, fresh)
}

// askKey asks where the private key comes from, and reports whether it is made here.
func (s *setup) askKey(ctx context.Context, o *storeOptions, c *manage.Change) (fresh bool, err error) {
	s.say("APIs that need a token need a private key too (application-restricted, signed JWT).")
	answer, err := s.ask(ctx, "choice", "Private key: 1 make one here, 2 a PEM file that you have, 3 none [1]: ")
	switch {
	case err != nil:
		return false, err
	case answer == "3":
		o.auth, c.Auth = profile.APIKey, profile.APIKey
		return false, nil
	case answer != "" && answer != "1" && answer != "2":
		return false, usage("cgp-cred setup "+s.name, "the answer is not 1, 2 or 3: nothing was changed")
	}
	kid, err := s.ask(ctx, "kid", "Key ID (kid), under which it is registered ["+s.name+"-1]: ")
	if err != nil {
		return false, err
	}
	o.kid = cmp.Or(kid, s.name+"-1")
	c.KID = o.kid
	if answer == "2" {
		o.keyFile, err = s.ask(ctx, "file", "PEM file: ")
		if err == nil && o.keyFile == "" {
			err = usage("cgp-cred setup "+s.name, "no PEM file was named: nothing was changed")
		}
	}
	return answer != "2", err
}

// write stores the keys as keygen does, or as store does.
func (s *setup) write(ctx context.Context, o storeOptions, c manage.Change, fresh bool) error {
	var stored manage.Stored
	var err error
	if fresh {
		stored, err = s.makeKey(ctx, s.name, 4096, o, c)
	} else {
		stored, err = s.put(ctx, s.name, o, c)
	}
	s.record = stored.Record
	return err
}

// complete reports whether the record has all that its method needs.
func (s *setup) complete() bool {
	switch r := s.record; {
	case r == nil:
		return false
	case r.Auth == profile.JWT:
		return r.Key != nil && !r.APIKey.IsZero()
	case r.Auth == profile.APIKey:
		return !r.APIKey.IsZero()
	}
	return true
}

// register writes the public key set to a file, and says where to upload it, unless a token shows that this was done.
func (s *setup) register(ctx context.Context) error {
	s.kept = "what is stored stays; to continue: cgp-cred setup " + s.name
	if s.record.Key == nil || s.hasToken(ctx) {
		return nil
	}
	keys, err := manage.Keys(s.name, s.record)
	if err != nil {
		return err
	}
	set, err := apim.JWKS(keys...)
	if err != nil {
		return err
	}
	file := "jwks-" + s.name + ".json"
	if err := s.writeNew(file, set); err != nil {
		s.warn(err.Error())
		file = "the output of cgp-cred jwks " + s.name
	}
	s.say("Register the public key in the Developer Hub, unless you have done that:")
	s.say("  1. open " + hub + " and sign in")
	s.say("  2. open your application of " + s.host + ", then manage public key")
	s.say("  3. upload " + file)
	_, err = s.ask(ctx, "answer", "Press Enter when it is uploaded: ")
	return err
}

// hub is the page on which users begin.
const hub = "https://digital.nhs.uk/developer"

// writeNew writes a file, unless it exists with another content.
func (a *app) writeNew(file string, content []byte) error {
	if _, err := os.Stat(file); err == nil {
		old, err := a.readInput(file, "key set")
		if err == nil && bytes.Equal(old, content) {
			return nil
		}
		return fmt.Errorf("%s exists and has another content: it stays as it is", file)
	}
	return disk.WriteOutput(file, content, modePublic)
}

func (s *setup) hasToken(ctx context.Context) bool {
	p, err := s.helper.Config.Load(s.name)
	if err != nil || p.Auth != profile.JWT {
		return false
	}
	_, expires := s.helper.Manage().Cached(ctx, p)
	return !expires.IsZero()
}

// Pauses between two requests for the first token, and how long setup waits for it.
const (
	firstPause = 2 * time.Second
	mostPause  = time.Minute
	mostWait   = 75 * time.Minute
)

// firstToken waits until API Management accepts the key.
func (s *setup) firstToken(ctx context.Context) error {
	p, err := s.helper.Config.Load(s.name)
	if err != nil || p.Auth != profile.JWT {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	begun, told := time.Now(), false
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		_, err := s.helper.Get(ctx, p, helper.Options{})
		switch {
		case err == nil:
			s.say("API Management accepts the key: the first token is here")
			return nil
		case ctx.Err() != nil:
			return s.interrupted()
		case !apim.NotYet(err) && fault.ClassOf(err) != fault.Temporary, time.Since(begun) > mostWait:
			hints := append(fault.HintsOf(err), "then continue: cgp-cred setup "+s.name)
			return fault.Of(fault.ClassOf(err), strings.Join(hints, "\n"), err)
		case !told:
			s.say("not yet: " + err.Error())
			s.say("API Management may take up to an hour to accept a new key. Waiting; Ctrl-C is safe, and " +
				"cgp-cred setup " + s.name + " continues.")
			told = true
		}
		select {
		case <-ctx.Done():
			return s.interrupted()
		case <-time.After(pause):
		}
	}
}
