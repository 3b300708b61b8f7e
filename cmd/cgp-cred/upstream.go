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

// upstreamName is the Python client's script. Called by that name, this program does the same.
const upstreamName = "get_nhs_oauth_token"

const upstreamHelp = `Fetch an access token from NHS England's API Management and print it. This is cgp-cred instead of
the Python client's script: the same options, the same output. It stores nothing and reads no
keychain; "cgp-cred import" puts the keys into the keychain.

Usage:
  get_nhs_oauth_token [options]

Options:
  -host, --api_host HOST               host name (default api.service.nhs.uk, if a kid is given)
  -api, --api_name NAME                ignored: a token is for all APIs of a host
  -k, --api_key KEY                    API key; other users of this machine can see it here
  -pem, --private_key_pem_file FILE    private key in PEM, also as --private_key_pem
  -kid, --apim_kid KID                 kid of the public key (default test-1, except in production)
  -cfg, --config_file FILE             YAML file (default ~/.cgpclient/config.yaml)
  -v, --verbose                        say more on stderr
  -vv, --debug                         say even more
  -h, --help                           print this text

Options win over the file. Exit statuses are those of cgp-cred.
`

// upstreamCommand is hidden: it is called by its name. The script's options have one dash or two.
func upstreamCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                upstreamName,
		Short:              "Stand in for the Python client's script of this name",
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.ArbitraryArgs,
		ValidArgsFunction:  completeUpstream,
		RunE: func(cmd *cobra.Command,
			args []string,
		) error {
			return a.upstreamToken(cmd.Context(), args)
		},
	}
}

// completeUpstream completes the script's options and their values.
func completeUpstream(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := ""
	if len(args) > 0 {
		before = args[len(args)-1]
	}
	switch before {
	case "-pem", "--private_key_pem_file", "--private_key_pem", "-cfg", "--config_file":
		return nil, cobra.ShellCompDirectiveDefault
	case "-host", "--api_host", "-api", "--api_name", "-k", "--api_key", "-kid", "--apim_kid":
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if typed != "" && typed[0] != '-' {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var options []string
	_, lines, _ := strings.Cut(upstreamHelp, "Options:\n")
	for line := range strings.SplitSeq(lines, "\n") {
		option, text, ok := strings.Cut(strings.TrimPrefix(line, "  "), "  ")
		for word := range strings.FieldsSeq(option) {
			if ok && word[0] == '-' {
				options = append(options, strings.TrimSuffix(word, ",")+"\t"+strings.TrimSpace(text))
			}
		}
	}
	return options, cobra.ShellCompDirectiveNoFileComp
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
		a.warn("the API key is on the command line, and other users of this machine can see it: " +
			"put it into the config file, or into the keychain with cgp-cred import")
	}
	c, err := a.askedFor(args)
	if err != nil {
		return err
	}
	r, err := a.recordOf(c, args)
	if err != nil {
		return err
	}
	h := &helper.Helper{
		APIM: a.client, Timeout: a.timeout.Duration(), Patience: a.patience(),
		Warn: a.warn, Trace: a.trace,
	}
	t, _, err := h.Minter().Token(ctx, profile.NameFor(c.Host), r)
	if err != nil {
		return withoutProfile(err)
	}
	_, err = a.stdout.Write(append(t.Value.Reveal(), '\n'))
	return err
}

// askedFor lets the command line win over the config file, and fills in defaults as the script does.
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

// scriptConfig returns the client's own config file, if it is a regular file: its scripts ignore others.
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

// recordOf returns the record for the token request. It is only in memory.
func (a *app) recordOf(c upstream.Config, args upstream.Args) (*record.Record, error) {
	if !args.PEM.Text.IsZero() {
		return nil, usage("give the name of its file: --private_key_pem_file FILE",
			"the private key itself is on the command line, and other users of this machine can see it")
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

// readPEM reads the private key that a config file or a command line names. A name without a slash or dot could be a
// secret that was put there by mistake, so it is not printed.
func (a *app) readPEM(p upstream.PEM, file string) (signer.RSA, error) {
	raw, name := p.Text.Reveal(), "private_key_pem"
	if p.Path != "" {
		if strings.ContainsAny(p.Path, `./\`) {
			name = inputName(file)
		} else if _, err := os.Stat(file); err != nil {
			return signer.RSA{}, usage("check the file's name",
				"private key: the file that is named for it does not exist")
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

// withoutProfile adds a hint to the error of a token request: its other hints name a profile.
func withoutProfile(err error) error {
	hints := append(fault.HintsOf(err), "these commands need a profile; make one from the same keys: cgp-cred import")
	return fault.Of(fault.ClassOf(err), strings.Join(hints, "\n"), err)
}
