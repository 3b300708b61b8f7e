package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/upstream"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/privatekey"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// upstreamName is the Python client's script that this program stands in for when it is called by that name.
const upstreamName = "get_nhs_oauth_token"

const upstreamHelp = `Fetch an access token from NHS England's API Management and print it. This is cgp-cred in the
place of the Python client's script: the same options, the same output. It stores nothing and
reads no keychain; "cgp-cred import" takes the keys over into one.

Usage:
  get_nhs_oauth_token [options]

Options:
  -host, --api_host HOST               host name (default api.service.nhs.uk, if a kid is given)
  -api, --api_name NAME                taken and not needed: a token is for all APIs of a host
  -k, --api_key KEY                    API key; other users of this machine can see it here
  -pem, --private_key_pem_file FILE    private key in PEM, also as --private_key_pem
  -kid, --apim_kid KID                 kid of the public key (default test-1, but in production)
  -cfg, --config_file FILE             YAML file (default ~/.cgpclient/config.yaml)
  -v, --verbose                        say more on stderr
  -vv, --debug                         say more than that
  -h, --help                           print this text

Options win over the file. Exit statuses are those of cgp-cred.
`

// upstreamCommand is hidden: it is there for the name. The script's options have one dash or two.
func upstreamCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                upstreamName,
		Short:              "Stand in for the Python client's script of this name",
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.ArbitraryArgs,
		RunE:               func(cmd *cobra.Command, args []string) error { return a.upstreamToken(cmd.Context(), args) },
	}
}

// upstreamToken prints the token that a command line of the script asks for.
func (a *app) upstreamToken(ctx context.Context, words []string) error {
	args, err := upstream.ParseArgs(words)
	if err != nil {
		return err
	}
	if args.Help {
		_, err := fmt.Fprint(a.stdout, upstreamHelp)
		return err
	}
	a.verbose = args.Verbose
	if !args.APIKey.IsZero() {
		a.warn("the API key is on the command line, where other users of this machine can see it: put it into the configuration file, or into the keychain with cgp-cred import")
	}
	c, err := a.askedFor(args)
	if err != nil {
		return err
	}
	r, err := a.recordOf(c, args)
	if err != nil {
		return err
	}
	h := &helper.Helper{APIM: a.client, Timeout: a.timeout.Duration(), Warn: a.warn, Trace: a.trace}
	t, _, err := h.Minter().Token(ctx, upstream.ProfileName(c.Host), r)
	if err != nil {
		return withoutProfile(err)
	}
	_, err = a.stdout.Write(append(t.Value.Reveal(), '\n'))
	return err
}

// askedFor puts the command line over the configuration file and completes the two as the script does.
func (a *app) askedFor(args upstream.Args) (upstream.Config, error) {
	var c upstream.Config
	file := args.Config
	if !args.HasConfig {
		file = scriptConfig()
	}
	if file != "" && file != os.DevNull {
		var err error
		if c, err = a.readConfig(file); err != nil {
			return c, err
		}
	}
	c, err := args.Over(c)
	if err != nil {
		return c, err
	}
	c, warning, err := c.Complete()
	if warning != "" {
		a.warn(warning)
	}
	return c, err
}

// scriptConfig is the client's own configuration file if it is one, as its scripts see it.
func scriptConfig() string {
	file, err := existingConfig(homeFolder())
	if err != nil {
		return ""
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return ""
	}
	return file
}

// recordOf is what the token is minted with, in memory alone.
func (a *app) recordOf(c upstream.Config, args upstream.Args) (*record.Record, error) {
	if !args.PEM.Text.IsZero() {
		return nil, usage("give the name of its file: --private_key_pem_file FILE", "the private key itself is on the command line, where other users of this machine can see it")
	}
	apiKey, err := checkedAPIKey(c.APIKey.Reveal())
	if err != nil {
		return nil, err
	}
	key, err := a.readPEM(c.PEM, c.PEM.File(homeFolder()))
	if err != nil {
		return nil, err
	}
	return &record.Record{
		Host: c.Host, Auth: profile.JWT, APIKey: apiKey, Key: &record.Key{KID: c.KID, Signer: key},
	}, nil
}

// readPEM reads the private key that a configuration or command line means. A name without a slash or dot may be a
// secret that came to stand in its place, and is not repeated.
func (a *app) readPEM(p upstream.PEM, file string) (signer.RSA, error) {
	raw, name := p.Text.Reveal(), "private_key_pem"
	if p.Path != "" {
		if strings.ContainsAny(p.Path, `./\`) {
			name = inputName(file)
		} else if _, err := os.Stat(file); err != nil {
			return signer.RSA{}, usage("check the file's name", "private key: there is no file of the name that is given for it")
		}
		var err error
		if raw, err = a.readInput(file, "private key"); err != nil {
			return signer.RSA{}, err
		}
	}
	key, err := privatekey.Parse(raw)
	if err != nil {
		return key, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// withoutProfile adds to the error of a token request how to get the profile that its hints speak of.
func withoutProfile(err error) error {
	hints := append(fault.HintsOf(err), "commands that name a profile need one: cgp-cred import makes it from the same keys")
	return fault.Of(fault.ClassOf(err), strings.Join(hints, "\n"), err)
}
