package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/serve"
	"cgp-cred/helper/source"
)

type serveOptions struct {
	profile string
	port    portNumber
	origins []string
	pages   pageOptions
}

func serveCommand(a *app) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve [PROFILE]",
		Short: "Serve the API on this machine, with the credential added",
		Long: `Listen on this machine's loopback addresses, and pass requests on to the profile's API with its
credential: for browsers, IGV, GATK and other programs that can't ask for one. The program never
sees the credential. It calls http://127.0.0.1:PORT/SECRET/... in place of https://HOST/...

The same server is an OAuth 2.0 token endpoint (client_credentials) for programs such as Postman
and Bruno, which get the token itself, and renew it. With --port, only the client secret differs
from run to run.

On stdout comes one JSON line: base_url, profile, host, and for tokens token_url, client_id and
client_secret. At a terminal it is text instead. Addresses and secrets are made for this run.
Ctrl-C ends the server and all that it gave out, with status 0.

Pages of other origins are refused, unless --origin allows theirs. The server's own pages may use
it: the files of --root DIR, and with --igv a page with igv.js, which npm install igv installs.
Then the JSON line has page_url too. --load, --reference and --locus imply --igv.

-v prints a line for each request: method, path without query, status, bytes.`,
		Example: `  cgp-cred serve
  cgp-cred serve int --port 8765 --origin https://igv.org
  cgp-cred serve --open --reference genome.fa --load https://int.api.service.nhs.uk/.../a.bam
  cgp-cred exec --proxy -- samtools view -c {}/genomic-data-access/a.bam`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.profile = first(args)
			return a.serve(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.Var(&o.port, "port", "`PORT` to listen on (default any that is free)")
	f.StringArrayVar(&o.origins, "origin", nil, "web `ORIGIN` whose pages may use it: https://igv.org (repeatable)")
	o.pages.flags(f)
	return cmd
}

// serve runs the server until a signal comes.
func (a *app) serve(ctx context.Context, o serveOptions) error {
	signals := catchSignals()
	s, err := startUnlessEnded(ctx, signals, endsStart, func(ctx context.Context) (*serve.Server, error) {
		return a.startServer(ctx, &o)
	})
	signals.release()
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if err := a.showPlace(s.Place()); err != nil {
		_ = s.Close()
		return err
	}
	if o.pages.open {
		a.showPage(ctx, s, &o.pages)
	}
	select {
	case <-ctx.Done():
		return s.Close()
	case err := <-s.Failed():
		_ = s.Close()
		return err
	}
}

// startServer gets a first credential, and then starts the server.
func (a *app) startServer(ctx context.Context, o *serveOptions) (*serve.Server, error) {
	a.patient = true
	if err := o.pages.complete(); err != nil {
		return nil, err
	}
	options := serve.Options{Port: int(o.port), Warn: a.warnAgain}
	for _, text := range o.origins {
		origin, err := serve.ParseOrigin(text)
		if err != nil {
			return nil, err
		}
		options.Origins = append(options.Origins, origin)
	}
	h, p, _, err := a.resolve(o.profile, "")
	if err != nil {
		return nil, err
	}
	if p.Auth == profile.None {
		a.warn("profile " + quoted(p.Name) + " has method none: requests are passed on without a credential")
	}
	options.Profile, options.Source, options.Roots = p, source.New(h, p), []string{a.caFile, p.CAFile}
	options.Scheme = apim.SchemeOf(ctx, p.Host)
	if err := a.addPages(ctx, &o.pages, p, &options); err != nil {
		return nil, err
	}
	if _, err := options.Source.Credential(ctx); err != nil {
		return nil, err
	}
	if a.verbose > 0 {
		options.Log = func(line string) { a.trace(1, line) }
	}
	return serve.Start(ctx, options)
}

// showPlace prints what clients need: for a person at a terminal, otherwise as one JSON line.
func (a *app) showPlace(p serve.Place) error {
	if !isTerminal(a.stdout) {
		if isTerminal(a.stderr) {
			a.say("serving profile " + p.Profile + " until Ctrl-C")
		}
		return json.NewEncoder(a.stdout).Encode(p) //nolint:gosec // the secret is what it is for
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Serving profile %s until Ctrl-C. All of this ends with it.\n\n", p.Profile)
	fmt.Fprintf(&b, "In place of   %s/...\n", p.API)
	fmt.Fprintf(&b, "use           %s/...\n", p.BaseURL)
	if p.PageURL != "" {
		fmt.Fprintf(&b, "\nopen          %s\n", p.PageURL)
	}
	if p.TokenURL != "" {
		fmt.Fprintf(&b, "\nOAuth 2.0     client credentials\n")
		fmt.Fprintf(&b, "token URL     %s\n", p.TokenURL)
		fmt.Fprintf(&b, "client ID     %s\n", p.ClientID)
		fmt.Fprintf(&b, "client secret %s\n", p.ClientSecret)
	}
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}

// portNumber is a flag's value: a TCP port. Zero means not given.
type portNumber int

func (p *portNumber) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return usage("for example --port 8765", "a port is a number from 1 to 65535")
	}
	*p = portNumber(n)
	return nil
}

func (p *portNumber) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.Itoa(int(*p))
}

func (p *portNumber) Type() string { return "PORT" }
