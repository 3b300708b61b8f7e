package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore"
)

type getOptions struct {
	profile  string // empty: the default profile, or the one that covers the URL
	url      string // empty: none
	format   string
	minValid duration // least life left in the token
	forceNew bool
}

const defaultFormat = "header"

func getCommand(a *app) *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get [PROFILE] [URL]",
		Short: "Print a credential",
		Long: `Print a credential for a profile, or for the profile that covers a URL: the cached token
if it has a minute left, otherwise a new one. With both, the profile must cover the URL. On
failure stdout stays empty. While APIM throttles (429), get asks again until --timeout is over.

Without PROFILE and URL the profile is CGP_CRED_PROFILE, otherwise the default (store PROFILE
--default), otherwise the only one. A URL may be covered by several: then the longest --api-name
wins, and CGP_CRED_PROFILE decides a tie. If nothing decides, get names them and ends with 3.`,
		Example: `  curl -H @<(cgp-cred get) https://int.api.service.nhs.uk/hello-world/hello/application
  cgp-cred get --format curl URL | curl -K -     # sends nothing without a token`,
		Args:              words(0, 2),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.place(args); err != nil {
				return err
			}
			return a.get(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", defaultFormat, "`FORMAT`: "+strings.Join(wire.Formats, ", "))
	cmd.Flags().Var(o.minValid.in(keystore.DurationRange{Least: time.Second, Most: 24 * time.Hour}), "min-valid",
		"least life left in the token, 1s to 24h (default 60s; at most half its life)")
	cmd.Flags().BoolVar(&o.forceNew, "force-new", false, "get a new token, even if one is cached")
	return cmd
}

// plainGet reads the command lines that scripts call before each request: get with a profile, a URL and a format. It
// leaves all others, and those that are wrong, to cobra, whose setup takes nearly as long as finding a cached token.
func plainGet(args []string) (o getOptions, ok bool) {
	if len(args) == 0 || args[0] != "get" {
		return o, false
	}
	o.format = defaultFormat
	var words []string
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		value, given := strings.CutPrefix(rest[0], "--format=")
		switch {
		case given:
			o.format = value
		case rest[0] == "--format" && len(rest) > 1:
			rest = rest[1:]
			o.format = rest[0]
		case strings.HasPrefix(rest[0], "-"):
			return o, false
		default:
			words = append(words, rest[0])
		}
	}
	return o, len(words) <= 2 && o.place(words) == nil
}

// place sorts the arguments: the one with :// is the URL.
func (o *getOptions) place(args []string) error {
	for _, arg := range args {
		switch {
		case isURL(arg) && o.url == "":
			o.url = arg
		case !isURL(arg) && o.profile == "" && o.url == "":
			o.profile = arg
		default:
			return usage("cgp-cred get --help", "get takes one profile, one URL, or both in that order")
		}
	}
	return nil
}

func isURL(s string) bool { return strings.Contains(s, "://") }

func (a *app) get(ctx context.Context, o getOptions) error {
	if err := wire.CheckFormat(o.format); err != nil {
		return err
	}
	h, p, _, err := a.resolve(o.profile, o.url)
	if err != nil {
		return err
	}
	if o.format == "htslib" && p.Auth != profile.JWT {
		return wire.BadFormat(o.format, p.Auth) // before the keystore is opened
	}
	c, err := h.Get(ctx, p, helper.Options{MinValid: o.minValid.Duration(), ForceNew: o.forceNew})
	if err != nil {
		return err
	}
	var u *url.URL
	if o.url != "" {
		if u, err = profile.ParseURL(o.url); err != nil {
			return err
		}
	}
	out, err := wire.Format(o.format, c, u, time.Now())
	if err != nil {
		return err
	}
	if len(out) == 0 {
		a.sayNone(p)
	}
	_, err = a.stdout.Write(out)
	return err
}

// sayNone says why there is no output.
func (a *app) sayNone(p *profile.Profile) {
	a.say(fmt.Sprintf("profile %q needs no credential (its method is none): nothing to print", p.Name))
}
