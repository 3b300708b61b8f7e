package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/text"
)

type simulateOptions struct {
	listen      string
	apiKey      string
	jwks        string // a file's path; empty: no public key is registered
	tokenLife   duration
	clock       offset
	jwksCache   duration
	faults      []string
	quota       int
	tls         bool
	bucket      string // HOST:PORT; empty: a free port of the same host
	onAPI       bool
	linkLife    duration
	data        string // a folder's path; empty: the examples
	allowRemote bool
	proxygen    bool
}

func simulateCommand(a *app) *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run a strict API Management on this machine",
		Long: `Run a simulated API Management until it is interrupted: a token endpoint that refuses what the
real one refuses, in the same words, and a small Genomic Data Access API that accepts its tokens,
with DRS, htsget and a second, S3-like host for the data. It prints one JSON line when it listens,
and a line for each request on stderr. Use test keys only: every user of
this machine can read an API key on a command line.

Faults are ` + simulator.FaultNames + `.
NAME=COUNT applies to the first COUNT requests; api:NAME to the API instead of the token endpoint,
bucket:NAME to the S3-like host.

With --proxygen it is NHS England's service for API producers instead: the token endpoint of its
Keycloak realm, and a little of its API.`,
		Example: `  cgp-cred simulate --api-key test-key --jwks jwks.json
  cgp-cred simulate --api-key test-key --jwks jwks.json --fault row21=2 --fault delay:500ms`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.simulate(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "`HOST:PORT` to listen on; port 0: any free port")
	f.StringVar(&o.apiKey, "api-key", "", "the test `KEY` of the one registered application (default: tokens for any)")
	f.StringVar(&o.jwks, "jwks", "", "`FILE` of its public keys, read again at each request")
	day := 24 * time.Hour
	f.Var(o.tokenLife.in(keystore.DurationRange{Least: time.Second, Most: day}), "token-life",
		"how long a token lives, 1s to 24h (default 599s)")
	f.Var(&o.clock, "clock", "how far the simulated clock is ahead, or behind with -")
	f.Var(o.jwksCache.in(keystore.DurationRange{Most: day}), "jwks-cache",
		"how long public keys are kept, at most 24h (default 0s; the real one: 1h)")
	f.StringArrayVar(&o.faults, "fault", nil, "`NAME[=COUNT]` of a fault (repeatable)")
	f.IntVar(&o.quota, "quota", simulator.DefaultQuota, "`NUMBER` of token requests a minute; -1: no limit")
	f.BoolVar(&o.tls, "tls", false, "serve https, with a new certificate authority: ca_file in the JSON line")
	f.BoolVar(&o.allowRemote, "allow-remote", false, "allow addresses that other machines can reach")
	f.StringVar(&o.bucket, "bucket-listen", "", "`HOST:PORT` of the S3-like host (default: any free port)")
	f.StringVar(&o.data, "data", "", "serve the files in `DIR` (default: a small made-up BAM, CRAM and VCF)")
	f.BoolVar(&o.onAPI, "data-on-api", false, "let htsget and DRS point to the API, not to the S3-like host")
	f.Var(o.linkLife.in(keystore.DurationRange{Least: time.Second, Most: 7 * day}), "link-life",
		"how long a link to the S3-like host is good, 1s to 168h (default 15m)")
	f.BoolVar(&o.proxygen, "proxygen", false,
		"be the service for API producers instead of APIM; --api-key is its client ID")
	return cmd
}

func (a *app) simulate(ctx context.Context, o simulateOptions) error {
	const help = "cgp-cred simulate --help"
	ctx, stop := interruptible(ctx)
	defer stop()
	if o.quota == 0 {
		return usage(help, "--quota 0 would refuse every request: give 1 or more, or -1 for no limit")
	}
	config := simulator.Config{
		APIKey:    o.apiKey,
		TokenLife: o.tokenLife.Duration(),
		JWKSCache: o.jwksCache.Duration(),
		Quota:     o.quota,
		DataOnAPI: o.onAPI,
		LinkLife:  o.linkLife.Duration(),
		Proxygen:  o.proxygen,
		Now:       func() time.Time { return time.Now().Add(time.Duration(o.clock)) },
	}
	if o.jwks != "" {
		var err error
		if config.JWKS, err = keySetFile(o.jwks); err != nil {
			return err
		}
	}
	if o.data != "" {
		tree, err := disk.OpenTree(o.data)
		if err != nil {
			return usage(fault.HintOf(err, ""), "--data: %v", err)
		}
		defer tree.Close() //nolint:errcheck // a folder
		config.Data = tree.FS()
	}
	for _, text := range o.faults {
		f, err := simulator.ParseFault(text)
		if err != nil {
			return err
		}
		if o.proxygen && f.Row() {
			return usage(help, "--fault %s: rows are refusals of APIM, which --proxygen replaces", quoted(text))
		}
		config.Faults = append(config.Faults, f)
	}
	return simulator.Serve(ctx, simulator.ServeOptions{
		Config: config, Listen: o.listen, BucketListen: o.bucket, TLS: o.tls, AllowRemote: o.allowRemote,
		Stdout: a.stdout, Stderr: a.stderr,
	})
}

// maxKeySet is the largest key set that is read, in bytes.
const maxKeySet = 1 << 20

// keySetFile returns a function that reads a key set's file again at each request, so that a change counts at once.
// The file need not exist yet. A pipe, such as <(cgp-cred jwks), is read only once.
func keySetFile(path string) (func() ([]byte, error), error) {
	again := func() ([]byte, error) {
		raw, err := disk.ReadInput(path, maxKeySet, keystore.InputWait)
		if set, jerr := text.JSON("key set", raw); err == nil && jerr == nil { // otherwise the simulator refuses it
			return set, nil
		}
		return raw, err
	}
	set, err := again()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return again, nil
	case errors.Is(err, disk.ErrTooLong):
		return nil, usage(fault.HintOf(err, ""), "--jwks %s: it is over %d MiB", quoted(path), maxKeySet>>20)
	case err != nil:
		return nil, usage(fault.HintOf(err, ""), "--jwks: %v", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0 {
		return func() ([]byte, error) { return set, nil }, nil
	}
	return again, nil
}

// offsets bounds how far the simulated clock may be from this machine's, ahead or behind: ten years.
var offsets = keystore.DurationRange{Most: 10 * 365 * 24 * time.Hour}

// offset is a flag's value: a duration that may be negative.
type offset time.Duration

func (o *offset) Set(s string) error {
	rest, behind := strings.CutPrefix(s, "-")
	d, err := offsets.Parse(strings.TrimPrefix(rest, "+"))
	if err != nil {
		return err
	}
	if *o = offset(d); behind {
		*o = -*o
	}
	return nil
}

func (o *offset) String() string {
	if *o == 0 {
		return ""
	}
	return time.Duration(*o).String()
}

func (o *offset) Type() string { return "OFFSET" }
