package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/await"
)

// requestWait is how long the first byte of a request may take: a caller that forgot to send one is told so.
const requestWait = 10 * time.Second

// credentialVerbs are the verbs of the protocol.
var credentialVerbs = []string{"get", "store", "erase", "capability"}

func credentialCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "credential get|store|erase|capability [PROFILE]",
		Short: "Answer a credential request on stdin: git's protocol, or Bazel's JSON",
		Long: `Read a request from stdin and answer it on stdout, for programs: git-credential's attributes
(git 2.46 or later), or the JSON of the credential-helper specification (Bazel). If no profile
covers the host, the answer is empty. git appends the verb to its helper's command, so the
profile may also come first. Called by the name git-credential-cgp, it does the same.`,
		Example: `  git config --global credential.https://int.api.service.nhs.uk.helper '!cgp-cred credential'
  printf 'protocol=https\nhost=int.api.service.nhs.uk\n\n' | cgp-cred credential get`,
		Args:              words(1, 2),
		ValidArgsFunction: a.credentialArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			verb, name := credentialWords(args)
			return a.credential(cmd.Context(), verb, name)
		},
	}
}

func (a *app) credentialArgs(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return credentialVerbs, cobra.ShellCompDirectiveNoFileComp
	}
	return a.profileArgs(2)(cmd, args, typed)
}

// credentialWords returns the verb and the profile. git appends the verb to the command of its helper, so it comes
// last if that command names a profile.
func credentialWords(args []string) (verb, name string) {
	verb, name = args[0], first(args[1:])
	if slices.Contains(credentialVerbs, name) && !slices.Contains(credentialVerbs, verb) {
		return name, verb
	}
	return verb, name
}

func (a *app) credential(ctx context.Context, verb, name string) error {
	switch verb {
	case "get", "erase":
	case "capability":
		_, err := a.stdout.Write([]byte("version 0\ncapability authtype\ncapability header\n"))
		return err
	default: // store, and verbs of later clients: a helper ignores them
		return nil
	}
	if isTerminal(a.stdin) {
		return usage("to print a credential: cgp-cred get",
			"credential %s reads a request from stdin, and stdin is a terminal", verb)
	}
	r, err := a.readRequest()
	if err != nil {
		return err
	}
	ask := profile.Ask{Name: name, URL: r.URL, HostOnly: r.NoPath, Env: os.Getenv("CGP_CRED_PROFILE")}
	h, p, err := a.requested(r, ask)
	if err != nil || p == nil {
		return err
	}
	if verb == "erase" {
		return h.EraseToken(ctx, p, r.Credential)
	}
	return a.answer(ctx, h, p, r, ask)
}

// readRequest reads the request, and gives up if its first byte does not come.
func (a *app) readRequest() (wire.Request, error) {
	select {
	case got := <-await.Start(func() (wire.Request, error) { return wire.ReadRequest(a.stdin) }):
		return got.Value, got.Err
	case <-time.After(requestWait):
		return wire.Request{}, wire.BadRequest("it did not come within 10 s")
	}
}

// requested finds the profile that covers the requested host. Without one it returns nil: git then asks its next
// helper. It says why if the user named a profile, or a profile has that host. The JSON protocol wants an error.
func (a *app) requested(r wire.Request, ask profile.Ask) (*helper.Helper, *profile.Profile, error) {
	a.patient = true
	h, err := a.open()
	if err != nil {
		return nil, nil, err
	}
	if r.URL == "" {
		err = &profile.CoverError{Problem: "the request does not name one host"}
	} else {
		var p *profile.Profile
		if p, _, err = h.Resolve(ask); err == nil {
			return h, p, nil
		}
	}
	var uncovered *profile.CoverError
	if !r.JSON && errors.As(err, &uncovered) && len(uncovered.Tied) == 0 {
		if ask.Name != "" || uncovered.Near || h.Config.NearHost(r.Host) {
			a.warn("nothing was printed: " + err.Error())
		} else {
			a.trace(1, err.Error())
		}
		return h, nil, nil
	}
	return h, nil, err
}

// answer prints the credential in one write. If there is no credential, it tells git to stop, so that git does not
// ask the user for a password.
func (a *app) answer(ctx context.Context, h *helper.Helper, p *profile.Profile, r wire.Request, ask profile.Ask) error {
	c, err := h.Get(ctx, p, helper.Options{})
	if err == nil {
		var out []byte
		var needsBearer bool
		if out, needsBearer, err = wire.Reply(r, c, h.Scope(ask, p)); err == nil {
			if needsBearer {
				a.warn("the caller can't send cgp-cred's " + c.Header + " header: git 2.46 and later can, " +
					"but only for tokens; no password was given to it, because APIM would refuse it")
			}
			if len(out) == 0 {
				a.sayNone(p)
			}
			_, err = a.stdout.Write(out)
			return err
		}
	}
	if !r.JSON {
		_, werr := a.stdout.Write([]byte(wire.Quit))
		err = errors.Join(err, werr)
	}
	return err
}
