package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
)

func curlCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "curl [PROFILE] URL... [OPTIONS OF CURL...]",
		Short: "Run curl with a credential, or not at all",
		Long: `Run curl with the credential of the profile that covers the URLs. Without a credential, or if a
URL is not covered, curl is not run, and cgp-cred exits with its own status; otherwise the status
is curl's. On Unix cgp-cred becomes curl.

curl gets header and URLs through a pipe: they are in no file, environment or argument of curl.
Its stdin is yours, so -d @- works. ~/.curlrc is not read. All options are curl's; those that
could show the credential, or send it to another place, are refused: -v, -k, -K, --next,
--location-trusted, --resolve and others. -L follows redirects: a token is not sent to another
host, and an API key is sent to no redirect at all. After a 401 run cgp-cred erase, then again.`,
		Example: `  cgp-cred curl https://int.api.service.nhs.uk/hello-world/hello/application
  cgp-cred curl int -sS --json @- https://int.api.service.nhs.uk/x <request.json`,
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     a.completeCurl,
		RunE: func(cmd *cobra.Command, args []string) error {
			if word := first(args); word == "-h" || word == "--help" {
				return cmd.Help()
			}
			return a.curl(cmd.Context(), args)
		},
	}
	cmd.SetHelpFunc(func(c *cobra.Command, args []string) {
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = true }) // all options are curl's
		c.Parent().HelpFunc()(c, args)
	})
	return cmd
}

// completeCurl completes a profile, curl's options, and files as their values.
func (a *app) completeCurl(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	switch {
	case strings.HasPrefix(typed, "-"):
		return strings.Fields(curlFlags + curlValues), cobra.ShellCompDirectiveNoFileComp
	case len(args) == 0:
		return a.profileArgs(1)(cmd, args, typed)
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// curl gets a credential, and then becomes curl with it.
func (a *app) curl(ctx context.Context, args []string) error {
	line, err := parseCurl(args)
	if err != nil {
		return err
	}
	child, err := newChild(append([]string{"curl", "-q"}, line.options...))
	if errors.Is(err, exec.ErrNotFound) {
		return &statusError{
			code: 127, err: errors.New("there is no curl on PATH"),
			hint: "install curl, or use another client: cgp-cred get",
		}
	}
	if err != nil {
		return err
	}
	a.patient = true
	h, p, _, err := a.resolve(line.profile, line.urls[0])
	if err != nil {
		return err
	}
	var urls []*url.URL
	for _, s := range line.urls {
		if err := p.CheckURL(profile.Ask{Name: p.Name, URL: s, Env: os.Getenv("CGP_CRED_PROFILE")}); err != nil {
			return err
		}
		u, err := profile.ParseURL(s)
		if err != nil {
			return err
		}
		urls = append(urls, u)
	}
	c, err := h.Get(ctx, p, helper.Options{})
	if err != nil {
		return err
	}
	config, err := wire.Curl(c, urls...)
	if err != nil {
		return err
	}
	name, err := child.pipe(config)
	if err != nil {
		return err
	}
	// The file comes first: options that follow are checked, and win.
	child.args = append([]string{"curl", "-q", "-K", name}, line.options...)
	return child.replaceProcess()
}
