package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

func demoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Walk through a full session against a simulated APIM",
		Long: `Make a key, register it, fetch a token, use the cache and call an API, all against a simulated
API Management on this machine, in a throwaway folder. It does not touch your keychain, and
leaves nothing behind.`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

// demo is one run, with its own folder, simulated APIM and helper.
type demo struct {
	app    *app
	folder string
	helper *helper.Helper
	sim    *simulator.Simulator
	host   string // of the simulator
	jwks   []byte // the key set that is registered with it
	lost   error  // the first output that could not be written
}

const demoProfile = "demo"

// demoNext returns the lines for the user's own key, to be pasted as they are. On Windows setup installs the program.
func demoNext() string {
	first := ""
	if _, err := exec.LookPath("cgp-cred"); err != nil && runtime.GOOS != "windows" { // as after "go run"
		first = "  ./install.sh\n"
	}
	return "\nNow with your own key:\n" + first + `  cgp-cred setup
  cgp-cred curl https://int.api.service.nhs.uk/hello-world/hello/application

setup asks for all it needs, says how to register your public key, and waits for the first token.`
}

func (a *app) demo(ctx context.Context) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	for _, roots := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "CGP_CRED_CA_FILE"} {
		_ = os.Unsetenv(roots) // the simulator speaks plain http, so no file of roots can be wrong
	}
	d, end, err := newDemo(a)
	if err != nil {
		return err
	}
	defer end()
	d.text("A full session, against a simulated API Management on this machine.\n" +
		"Your keychain is not touched, and nothing is left behind.")
	for _, step := range []func(context.Context) error{
		d.keygen, d.register, d.firstGet, d.secondGet, d.call,
		d.refused,
	} {
		err := step(ctx)
		if d.lost != nil { // the user would not see what follows
			err = d.lost
		}
		if err != nil {
			return err
		}
	}
	d.text(demoNext())
	return nil
}

// newDemo makes the throwaway folder and starts the simulator; end removes both.
func newDemo(a *app) (d *demo, end func(), err error) {
	folder, err := os.MkdirTemp("", "cgp-cred-demo-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a throwaway folder: %w", disk.Unwritable(err))
	}
	d = &demo{app: a, folder: folder}
	apiKey := strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := d.prepare(apiKey); err != nil {
		_ = os.RemoveAll(folder) // the first error says more
		return nil, nil, err
	}
	d.sim = simulator.New(simulator.Config{APIKey: apiKey, JWKS: d.registered})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = os.RemoveAll(folder) // the first error says more
		return nil, nil, fmt.Errorf("starting the simulator: %w", err)
	}
	d.host = listener.Addr().String()
	server := &http.Server{Handler: d.sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until end closes it
	return d, func() {
		if p, err := d.helper.Config.Load(demoProfile); err == nil {
			_ = d.helper.Erase(context.Background(), p) // otherwise the entry expires with its token
		}
		_ = server.Close()       // nothing is lost
		_ = os.RemoveAll(folder) // a temporary folder
	}, nil
}

// prepare fills the folder: the helper's folders, the file with the API key, and a link to this program for the shell.
func (d *demo) prepare(apiKey string) error {
	own := func(name string) string { return filepath.Join(d.folder, name, "cgp-cred") }
	keys := keystore.Memory()
	d.helper = &helper.Helper{
		Config:      profile.Config{Folder: own("config")},
		Folders:     disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")},
		Keystore:    func(string) (keystore.Keystore, error) { return keys, nil },
		NewKeystore: profile.Memory,
		APIM:        d.app.client,
		Warn:        d.app.warn,
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	for _, sub := range []string{"bin", "config", "state", "run"} {
		if err := os.Mkdir(filepath.Join(d.folder, sub), 0o700); err != nil {
			return fmt.Errorf("filling the throwaway folder: %w", disk.Unwritable(err))
		}
	}
	_ = os.Symlink(self, filepath.Join(d.folder, "bin", "cgp-cred")) // without the link, Go's client makes the call
	if err := os.WriteFile(d.keyFile(), []byte(apiKey+"\n"), 0o600); err != nil {
		return fmt.Errorf("filling the throwaway folder: %w", disk.Unwritable(err))
	}
	return nil
}

func (d *demo) keyFile() string { return filepath.Join(d.folder, "apikey.txt") }

// registered returns the key set that the simulator accepts.
func (d *demo) registered() ([]byte, error) { return d.jwks, nil }

func (d *demo) keygen(ctx context.Context) error {
	d.title("A private key is made in the keystore; it is never a file")
	d.command("cgp-cred keygen demo --host " + d.host + " --kid demo-1 --api-key-file apikey.txt --out jwks.json")
	out, err := d.run(ctx, "keygen", demoProfile, "--host", d.host, "--kid", "demo-1", "--api-key-file", d.keyFile())
	d.jwks = out
	return errors.Join(err, disk.Unwritable(os.Remove(d.keyFile())))
}

func (d *demo) register(context.Context) error {
	d.title("Its public key is registered: with APIM in the Developer Hub, here with the simulator")
	d.command("cat jwks.json")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(d.jwks, &set); err != nil || len(set.Keys) != 1 {
		return fmt.Errorf("reading the key set that keygen printed: %w", err)
	}
	k := set.Keys[0]
	d.text(fmt.Sprintf(`{"keys":[{"kty":"%s","n":"%s","e":"%s","alg":"%s","kid":"%s","use":"%s"}]}`,
		k["kty"], shorten(k["n"]), k["e"], k["alg"], k["kid"], k["use"]))
	return nil
}

func (d *demo) firstGet(ctx context.Context) error {
	d.title("The first get signs an assertion and exchanges it for a token")
	d.command("cgp-cred get")
	return d.get(ctx)
}

func (d *demo) secondGet(ctx context.Context) error {
	d.title("The second get comes from the cache")
	d.command("cgp-cred get")
	return d.get(ctx)
}

// refused shows what is said about a refusal, and what doctor finds.
func (d *demo) refused(ctx context.Context) error {
	d.title("A mistake is explained: a kid that is not registered")
	d.command("cgp-cred store demo --kid demo-2")
	if _, err := d.run(ctx, "store", demoProfile, "--kid", "demo-2"); err != nil {
		return err
	}
	d.command("cgp-cred get")
	if _, err := d.run(ctx, "get", demoProfile); !d.told(err) {
		return fmt.Errorf("a get with a kid that is not registered: want a refusal, got: %w", err)
	}
	d.title("doctor checks every link")
	d.command("cgp-cred doctor")
	out, err := d.run(ctx, "doctor", demoProfile)
	if fault.ClassOf(err) != fault.Refused {
		return fmt.Errorf("doctor: want a refusal, got: %w", err)
	}
	d.text(strings.TrimSpace(string(out)))
	return nil
}

// told prints a refusal as a command prints it, and reports whether it is one.
func (d *demo) told(err error) bool {
	if fault.ClassOf(err) != fault.Refused {
		return false
	}
	var b strings.Builder
	report(&b, err)
	d.text(strings.TrimSpace(b.String()))
	return true
}

// get prints the header, its token shortened, and how many token requests there were.
func (d *demo) get(ctx context.Context) error {
	out, err := d.run(ctx, "get", demoProfile)
	if err != nil {
		return err
	}
	header, token, _ := strings.Cut(strings.TrimSpace(string(out)), "Bearer ")
	d.text(header + "Bearer " + shorten(token))
	d.note(fmt.Sprintf("token requests so far: %d", d.sim.Requests()))
	return nil
}

// run runs a command line of cgp-cred with the demo's helper, prints what it says on stderr, and returns its stdout.
func (d *demo) run(ctx context.Context, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &said, made: d.helper}
	root := rootCommand(a, args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if said.Len() > 0 { // on stdout too, so that "demo >file" has the whole story
		d.text(strings.TrimSpace(said.String()))
	}
	return out.Bytes(), err
}

func (d *demo) title(s string)   { d.text("\n# " + s) }
func (d *demo) command(s string) { d.text("$ " + s) }
func (d *demo) note(s string)    { d.text("  (" + s + ")") }

// text prints a line. The first error ends the demo after its step.
func (d *demo) text(s string) {
	if _, err := io.WriteString(d.app.stdout, s+"\n"); d.lost == nil {
		d.lost = err
	}
}

// shorten cuts a long text to its first characters.
func shorten(s string) string {
	if len(s) <= 12 {
		return s
	}
	return s[:8] + fmt.Sprintf("...(%d more)", len(s)-8)
}
