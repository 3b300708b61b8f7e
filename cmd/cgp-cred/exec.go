package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/renew"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/fault"
)

// execLife is the least life of a token that a command is started with. It is capped at half of the token's whole life.
const execLife = 10 * time.Minute

type execOptions struct {
	profile   string
	command   []string // the program's name or path, and its arguments
	variable  string   // gets the token; empty: CGP_TOKEN
	stdin     bool     // the header goes to the command's stdin
	tokenFile bool     // the token goes to a file that is kept fresh
	htslib    bool     // the same, in htslib's form
	tokenDir  string   // where to make that file's folder; empty: in memory
	proxy     bool     // the command calls a server on this machine, which adds the credential
	mark      string   // stands for that server's address in the arguments
}

func execCommand(a *app) *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec [PROFILE] -- COMMAND [ARGS...]",
		Short: "Run a command with a token",
		Long: `Get a token, then run a command with it in the variable CGP_TOKEN. Without a token the command
is not run, and cgp-cred exits with its own status. While APIM throttles (429), exec asks again
for 90s, or until --timeout is over. The command gets no CGP_CRED_* variable. It is not run
through a shell, and on Unix it replaces cgp-cred's process.

A variable can't be renewed: the token expires five to ten minutes after the start. For longer
commands, --token-file and --htslib keep a file fresh for as long as the command runs, in a new
folder below XDG_RUNTIME_DIR or /dev/shm, on macOS in your folder for temporary files, on Windows
in your local folder.

With --proxy the command gets no credential: it calls a server on this machine that adds it, as
cgp-cred serve does, also for API keys. The server's address is in CGP_PROXY, and replaces each
{} in the arguments; for OAuth 2.0 there are CGP_TOKEN_URL, CGP_CLIENT_ID and CGP_CLIENT_SECRET.
All of it ends with the command, also for what that leaves in the background. If variables name a
proxy, NO_PROXY gets 127.0.0.1. -v prints a line for each request.

Signals are passed on, and the exit status is the command's: 128+n if signal n ended it, 126 or
127 if it can't be run. If cgp-cred itself is killed (SIGKILL), on Linux the command gets SIGTERM,
and on Windows it ends too; a token file stays behind, and its token expires within ten minutes.`,
		Example: `  cgp-cred exec --stdin -- curl -H @- URL
  cgp-cred exec -- sh -c 'printf "Authorization: Bearer %s\n" "$CGP_TOKEN" | curl -H @- "$0"' URL
  cgp-cred exec --htslib -- samtools view https://int.api.service.nhs.uk/a.bam chr20:1-1000000
  cgp-cred exec --token-file -- ./nightly-job
  cgp-cred exec --proxy -- gatk CountReads -I {}/genomic-data-access/a.bam`,
		Args:              execArgs,
		ValidArgsFunction: a.completeExec,
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			o.profile, o.command = first(args[:dash]), args[dash:]
			if err := o.check(cmd.Flags().Changed("var")); err != nil {
				return err
			}
			return a.exec(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.variable, "var", "CGP_TOKEN", "`NAME` of the variable")
	f.BoolVar(&o.stdin, "stdin", false, "give the command the header line on its stdin, and no variable")
	f.BoolVar(&o.tokenFile, "token-file", false, "keep a file with the token fresh; its name is in BEARER_TOKEN_FILE")
	f.BoolVar(&o.htslib, "htslib", false,
		"the same for samtools, bcftools and others: HTS_AUTH_LOCATION, only for the profile's host")
	f.BoolVar(&o.proxy, "proxy", false, "run a server that adds the credential; {} in the arguments is its address")
	f.StringVar(&o.mark, "replace", proxyMark, "`TEXT` in the arguments that stands for that address; empty: none does")
	f.StringVar(&o.tokenDir, "token-dir", "", "make that file's folder in `DIR`")
	return cmd
}

// execArgs accepts at most one profile, then -- and a command.
func execArgs(cmd *cobra.Command, args []string) error {
	const form = "cgp-cred exec [PROFILE] -- COMMAND [ARGS...]"
	switch dash := cmd.ArgsLenAtDash(); {
	case dash < 0:
		return usage(form, "exec needs -- before the command")
	case dash > 1:
		return usage(form, "exec takes only one profile before --, not %s", quoted(args[1]))
	case dash == len(args):
		return usage(form, "there is no command after --")
	}
	return nil
}

// check refuses flags that contradict each other.
func (o *execOptions) check(named bool) error {
	const help = "cgp-cred exec --help"
	ways := 0
	for _, chosen := range []bool{named, o.stdin, o.tokenFile, o.htslib, o.proxy} {
		if chosen {
			ways++
		}
	}
	switch {
	case ways > 1:
		return usage(help, "choose one of --var, --stdin, --token-file, --htslib and --proxy")
	case o.tokenDir != "" && !o.tokenFile && !o.htslib:
		return usage(help, "--token-dir is for --token-file and --htslib")
	case o.mark != proxyMark && !o.proxy:
		return usage(help, "--replace is for --proxy")
	case !isVariable(o.variable):
		return usage("for example --var API_TOKEN", "--var %s can't be a variable's name", quoted(o.variable))
	case strings.HasPrefix(o.variable, ownVariables):
		return usage("for example --var API_TOKEN", "--var %s: the command gets no %s* variable", quoted(o.variable),
			ownVariables)
	}
	return nil
}

// names returns the variables through which the command finds its token. An old value could be another host's token.
func (o *execOptions) names() []string {
	switch {
	case o.stdin:
		return nil
	case o.tokenFile:
		return []string{"BEARER_TOKEN", "BEARER_TOKEN_FILE"} // programs look for the first one first
	case o.htslib:
		return []string{"HTS_AUTH_LOCATION"}
	case o.proxy:
		return []string{"CGP_PROXY", "CGP_TOKEN_URL", "CGP_CLIENT_ID", "CGP_CLIENT_SECRET"}
	}
	return []string{o.variable}
}

// exec gets a credential, and then runs a command with it. It returns if the command was not run, or has ended.
func (a *app) exec(ctx context.Context, o execOptions) error {
	c, err := newChild(o.command)
	if err != nil {
		return err
	}
	c.unset(o.names()...)
	if o.proxy {
		return a.execWithProxy(ctx, o, c)
	}
	a.patient = true
	h, p, _, err := a.resolve(o.profile, "")
	if err != nil {
		return err
	}
	if p.Auth == profile.None {
		a.warn("profile " + quoted(p.Name) + " has method none: the command runs without a token")
		if o.stdin {
			c.input = []byte{}
		}
		return c.replaceProcess()
	}
	if o.tokenFile || o.htslib {
		return a.execWithFile(ctx, h, p, o, c)
	}
	credential, err := a.longCredential(ctx, h, p)
	if err != nil {
		return err
	}
	if o.stdin {
		if c.input, err = wire.Format("header", credential, nil, time.Now()); err != nil {
			return err
		}
		return c.replaceProcess()
	}
	token, err := wire.Format("token", credential, nil, time.Now())
	if err != nil {
		return err
	}
	c.set(o.variable, strings.TrimSuffix(string(token), "\n"))
	return c.replaceProcess()
}

// longCredential gets a credential that lives long enough for a command that can't renew it. If there is no answer
// now, it returns the cached one, as get would.
func (a *app) longCredential(ctx context.Context, h *helper.Helper, p *profile.Profile) (helper.Credential, error) {
	c, err := h.Get(ctx, p, helper.Options{MinValid: execLife})
	var e *apim.Error
	if !errors.As(err, &e) || e.Class == fault.Refused {
		return c, err
	}
	_, ends := h.Manage().Cached(ctx, p)
	if time.Until(ends) < helper.DefaultMinValid {
		return c, err
	}
	last, lastErr := h.Get(ctx, p, helper.Options{})
	if lastErr != nil {
		return c, err
	}
	expires := last.ExpiresAt.Local().Format("15:04:05")
	a.warn("can't get a new token; the command's token expires at " + expires + ": " + err.Error())
	return last, nil
}

// endsStart reports that a signal ends exec: there is no command yet to which it could be passed on.
func endsStart(os.Signal) bool { return true }

// execWithFile keeps a token file fresh while it runs the command, and then removes the file and its folder.
func (a *app) execWithFile(ctx context.Context, h *helper.Helper, p *profile.Profile, o execOptions, c *child) error {
	if err := needsToken(p, "cgp-cred exec "+p.Name+" --proxy -- COMMAND: a server adds the key"); err != nil {
		return err
	}
	signals := catchSignals()
	defer signals.release()
	folder, err := a.makeTokenFolder(h, o)
	if err != nil {
		return err
	}
	defer a.removeTokenFolder(folder)
	options := renew.Options{Path: filepath.Join(folder, "token"), Format: "token", Warn: a.warnAgain}
	if o.htslib {
		options.Path, options.Format = filepath.Join(folder, p.Host), "htslib"
	}
	options.Source = func(ctx context.Context, o helper.Options) (helper.Credential, error) { return h.Get(ctx, p, o) }
	file, err := startFile(ctx, options, signals, endsStart)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // its folder is removed in any case
	if o.htslib {
		c.set("HTS_AUTH_LOCATION", filepath.Join(folder, "%h")) // for any other host there is no file, and no token
	} else {
		c.set("BEARER_TOKEN_FILE", file.Path())
	}
	return c.run(signals)
}
