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
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

func demoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the whole story against a simulated APIM on this machine",
		Long: `Make a key, register it, fetch a token, use the cache and call an API, all against a simulated
API Management on this machine, in a throwaway folder. It touches no keychain, and nothing of
it remains.`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

// demo is one run of the story: a folder, a simulated APIM and a helper of its own.
type demo struct {
	app    *app
	folder string
	helper *helper.Helper
	sim    *simulator.Simulator
	host   string // where the simulator listens
	jwks   []byte // the key set that is registered there
	lost   error  // the first output that could not be written
}

const demoProfile = "demo"

func (a *app) demo(ctx context.Context) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	d, end, err := newDemo(a)
	if err != nil {
		return err
	}
	defer end()
	d.text("The whole story, against a simulated API Management on this machine.\nNo keychain is touched, and nothing of this remains.")
	for _, step := range []func(context.Context) error{d.keygen, d.register, d.firstGet, d.secondGet, d.call} {
		err := step(ctx)
		if d.lost != nil { // what follows would not be seen either
			err = d.lost
		}
		if err != nil {
			return err
		}
	}
	d.text("\nNow with a key of your own:\n  $ cgp-cred keygen int --host int --kid int-1 >jwks.json   # register it in the Developer Hub\n  $ cgp-cred store int                                      # asks for the API key\n  $ curl -H @<(cgp-cred get) https://int.api.service.nhs.uk/hello-world/hello/application")
	return nil
}

// newDemo makes the throwaway folder and starts the simulator; end removes all of it.
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
	go func() { _ = server.Serve(listener) }() // it ends when end closes it
	return d, func() {
		if p, err := d.helper.Config.Load(demoProfile); err == nil {
			_ = d.helper.Erase(context.Background(), p) // it ends with its token anyway
		}
		_ = server.Close()       // nothing is lost
		_ = os.RemoveAll(folder) // a temporary folder
	}, nil
}

// prepare fills the folder: where the helper works, the file with the API key, and a link by which a shell finds us.
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
	_ = os.Symlink(self, filepath.Join(d.folder, "bin", "cgp-cred")) // without links the call is made in another way
	if err := os.WriteFile(d.keyFile(), []byte(apiKey+"\n"), 0o600); err != nil {
		return fmt.Errorf("filling the throwaway folder: %w", disk.Unwritable(err))
	}
	return nil
}

func (d *demo) keyFile() string { return filepath.Join(d.folder, "apikey.txt") }

// registered is what the simulator knows of our keys.
func (d *demo) registered() ([]byte, error) { return d.jwks, nil }

func (d *demo) keygen(ctx context.Context) error {
	d.title("A private key is born in the keystore; it is never a file")
	d.command("cgp-cred keygen demo --host " + d.host + " --kid demo-1 --api-key-file apikey.txt >jwks.json")
	out, err := d.run(ctx, "keygen", demoProfile, "--host", d.host, "--kid", "demo-1", "--api-key-file", d.keyFile())
	d.jwks = out
	return errors.Join(err, disk.Unwritable(os.Remove(d.keyFile())))
}

func (d *demo) register(context.Context) error {
	d.title("Its public half is registered: in the Developer Hub, here with the simulator")
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

// run carries out one of our own command lines with the demo's helper, as the shell would, and returns its stdout.
func (d *demo) run(ctx context.Context, args ...string) ([]byte, error) {
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: d.app.stderr, made: d.helper}
	root := rootCommand(a, args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return out.Bytes(), err
}

func (d *demo) title(s string)   { d.text("\n# " + s) }
func (d *demo) command(s string) { d.text("$ " + s) }
func (d *demo) note(s string)    { d.text("  (" + s + ")") }

// text writes to the demo's reader. The first error ends the demo after its step.
func (d *demo) text(s string) {
	if _, err := io.WriteString(d.app.stdout, s+"\n"); d.lost == nil {
		d.lost = err
	}
}

// shorten shows the first characters of something long.
func shorten(s string) string {
	if len(s) <= 12 {
		return s
	}
	return s[:8] + fmt.Sprintf("...(%d more)", len(s)-8)
}
