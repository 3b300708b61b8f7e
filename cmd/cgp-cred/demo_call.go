package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cgp-cred/helper/cache"
)

// call reads ServiceRequests with the credential. If bash and curl are installed, it runs the line that it shows;
// otherwise Go's own client makes the call, and the line says so.
func (d *demo) call(ctx context.Context) error {
	d.title("A client gets it as a header: no token in a file, a variable or an argument")
	url := "http://" + d.host + "/genomic-data-access/FHIR/R4/ServiceRequest"
	body, how, err := d.fetch(ctx, url)
	if err != nil {
		return err
	}
	d.command(how)
	var bundle struct {
		Type  string `json:"resourceType"`
		Kind  string `json:"type"`
		Total int    `json:"total"`
	}
	if err := json.Unmarshal(body, &bundle); err != nil {
		return fmt.Errorf("reading the API's answer: %w", err)
	}
	d.text(fmt.Sprintf(`{"resourceType":"%s","type":"%s","total":%d, ...}`, bundle.Type, bundle.Kind, bundle.Total))
	d.note(fmt.Sprintf("token requests so far: %d", d.sim.Requests()))
	return nil
}

// fetch returns the API's answer and the line that fetched it.
func (d *demo) fetch(ctx context.Context, url string) (body []byte, how string, err error) {
	bash, berr := exec.LookPath("bash")
	_, cerr := exec.LookPath("curl")
	why := ""
	switch {
	case berr != nil:
		why = "there is no bash here"
	case cerr != nil:
		why = "there is no curl here"
	case !d.cacheReachesChildren(ctx):
		why = "the keystore and the cache of this demo are in its own memory"
	default:
		how = "curl -H @<(cgp-cred get) " + url
		body, err = d.shell(ctx, bash, "curl -fsS -H @<(cgp-cred get) "+url)
		return body, how, err
	}
	body, err = d.request(ctx, url)
	how = "cgp-cred get | curl -H @- " + url + "   # made by Go's own client: " + why
	return body, how, err
}

// cacheReachesChildren reports whether another process would find the token: the keystore is in this process's memory.
func (d *demo) cacheReachesChildren(ctx context.Context) bool {
	p, err := d.helper.Config.Load(demoProfile)
	if err != nil {
		return false
	}
	_, err = os.Lstat(filepath.Join(d.folder, "bin", "cgp-cred"))
	return err == nil && d.helper.Manage().Status(ctx, p).Cache == cache.Keyring
}

// shell runs a line with the demo's folders, and with PATH as the only variable that the user has set.
func (d *demo) shell(ctx context.Context, bash, line string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, bash, "-c", line) //nolint:gosec // the line is a constant
	at := func(name string) string { return filepath.Join(d.folder, name) }
	cmd.Env = []string{
		"PATH=" + at("bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + d.folder, "NO_PROXY=*",
		"XDG_CONFIG_HOME=" + at("config"), "XDG_STATE_HOME=" + at("state"), "XDG_RUNTIME_DIR=" + at("run"),
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, d.app.stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("calling the API with curl: %w", err)
	}
	return out.Bytes(), nil
}

// request makes the same call with Go's client.
func (d *demo) request(ctx context.Context, url string) ([]byte, error) {
	header, err := d.run(ctx, "get", demoProfile)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("calling the API: %w", err)
	}
	name, value, _ := strings.Cut(strings.TrimSpace(string(header)), ": ")
	req.Header.Set(name, value)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("calling the API: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // the body is read
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("calling the API: status %d", res.StatusCode)
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<20))
}
