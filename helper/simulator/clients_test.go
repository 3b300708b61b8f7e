//go:build clients

package simulator_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/helper/simulator"
)

// cgpclient runs scripts of NHS-NGS/cgpclient against a simulator.
type cgpclient struct {
	t      *testing.T
	tools  string
	python string
	folder string
	env    []string
	access []string
	ca     string
	runner bool // python3 -m cgp_cred.cgpclient runs the scripts, by their names
	stderr bytes.Buffer
	log    *buffer
}

// newCGPClient starts a simulator. .dev/cgpclient.sh has made the client.
func newCGPClient(t *testing.T) *cgpclient {
	t.Helper()
	tools, err := filepath.Abs("../../.tools/cgpclient")
	if err != nil {
		t.Fatal(err)
	}
	c := &cgpclient{t: t, tools: tools, python: filepath.Join(tools, "python"), folder: t.TempDir(), log: new(buffer)}
	if _, err := os.Stat(c.python); err != nil {
		t.Skip("NHS-NGS/cgpclient is missing: make clients gets it")
	}
	at, stop := start(t, simulator.ServeOptions{
		TLS: true, Stderr: c.log,
		Config: simulator.Config{APIKey: apiKey, JWKS: jwks(jwk("test-1", &rsaKey().PublicKey))},
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	c.file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	c.env = append(os.Environ(), "HOME="+c.folder, "PYTHONPATH="+filepath.Join(tools, "source"),
		"REQUESTS_CA_BUNDLE="+at.CAFile, "AWS_CA_BUNDLE="+at.CAFile, "AWS_ENDPOINT_URL_S3="+at.Bucket)
	c.ca = at.CAFile
	c.access = []string{
		"-host", at.Host, "-api", "genomic-data-access", "-k", apiKey, "-pem", "key.pem", "-kid", "test-1",
	}
	return c
}

func (c *cgpclient) file(name string, data []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), data, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// run runs a script and returns its output.
func (c *cgpclient) run(script string, args ...string) string {
	c.t.Helper()
	wrapper, err := filepath.Abs("testdata/runscript.py")
	if err != nil {
		c.t.Fatal(err)
	}
	all := []string{wrapper, filepath.Join(c.tools, "source/cgpclient/scripts", script)}
	if c.runner {
		all = []string{wrapper, "-m", "cgp_cred.cgpclient", script}
	}
	cmd := exec.CommandContext(c.t.Context(), c.python, append(append(all, c.access...), args...)...)
	cmd.Dir, cmd.Env = c.folder, c.env
	c.stderr.Reset()
	cmd.Stderr = &c.stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s\n%s", script, err, c.stderr.String(), c.log.String())
	}
	return string(out)
}

// download downloads a file and returns it.
func (c *cgpclient) download(args ...string) []byte {
	c.t.Helper()
	c.run("download_file", append(args, "-y", "-out", "down")...)
	got, err := os.ReadFile(filepath.Join(c.folder, "down"))
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

// withRunner lets cgp-cred run the scripts: without a key in their options, and without a key file in their folder.
func (c *cgpclient) withRunner() {
	c.t.Helper()
	bin := c.t.TempDir()
	build := exec.CommandContext(c.t.Context(), "go", "build", "-o", bin, "cgp-cred/cmd/cgp-cred")
	if out, err := build.CombinedOutput(); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
	key, err := os.ReadFile(filepath.Join(c.folder, "key.pem"))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.folder, "key.pem")); err != nil {
		c.t.Fatal(err)
	}
	module, err := filepath.Abs("../clients/python")
	if err != nil {
		c.t.Fatal(err)
	}
	list := string(os.PathListSeparator)
	c.env = append(c.env, "PATH="+bin+list+os.Getenv("PATH"),
		"PYTHONPATH="+module+list+filepath.Join(c.tools, "source"), "PYTHONDONTWRITEBYTECODE=1",
		"CGP_CRED_HOST="+c.access[1], "CGP_CRED_API_KEY="+apiKey, "CGP_CRED_KID=test-1",
		"CGP_CRED_PRIVATE_KEY="+string(key), "CGP_CRED_CA_FILE="+c.ca, "CGP_CRED_API_NAME=genomic-data-access",
		"CGP_CRED_TOKEN_URL=https://"+c.access[1]+"/oauth2/token")
	c.access, c.runner = c.access[:4], true // host and API only
}

// TestClientsCGPRunner runs the same scripts, unchanged, with cgp-cred's credential.
func TestClientsCGPRunner(t *testing.T) {
	c := newCGPClient(t)
	c.withRunner()
	for _, script := range []string{"list_files", "list_referrals"} {
		if got := c.run(script, "-r", "r30000000001", "-vv"); !strings.Contains(got, "2025-07-0") {
			t.Errorf("%s: %s", script, got)
		}
		if text := c.stderr.String(); !strings.Contains(text, "DEBUG") || strings.Contains(text, "Bearer") ||
			strings.Contains(text, apiKey) {
			t.Errorf("the log of %s:\n%s", script, text)
		}
	}
	if got := c.run("list_files", "-r", "r30000000001", "-u"); !strings.Contains(got, "/ga4gh/htsget/v1.3/reads/"+bamID) {
		t.Errorf("no links in the files:\n%s", got)
	}
	if got := c.download("-o", "SIM01", "-f", sample+".bam"); !bytes.Equal(got, example(t, sample+".bam")) {
		t.Errorf("%d bytes", len(got))
	}
	c.file("small.bam", example(t, sample+".bam"))
	about := []string{"-r", "r30000000001", "-p", "p12345678301", "-o", "SIM01", "-s", "S1", "-id", "R1"}
	c.run("upload_file", append(about, "-f", "small.bam")...)
	c.file("S1_R1.fastq.gz", []byte("a"))
	c.file("S1_R2.fastq.gz", []byte("b"))
	c.file("fastq_list.csv", []byte("RGID,RGSM,RGLB,Lane,Read1File,Read2File\n"+
		"A.1,S1,UnknownLibrary,1,S1_R1.fastq.gz,S1_R2.fastq.gz\n"))
	c.run("upload_dragen_run", append(about, "-f", "fastq_list.csv")...)
	if got := c.run("list_files", "-o", "SIM01", "-id", "R1", "-a"); strings.Count(got, "drs://") < 3 {
		t.Errorf("files:\n%s", got)
	}
	if text := c.stderr.String(); text != "" {
		t.Errorf("stderr of the last one: %s", text)
	}
	if strings.Contains(c.log.String(), " 40") {
		t.Errorf("requests were refused:\n%s", c.log.String())
	}
}

// TestClientsCGP runs the scripts that users of the platform have, with their documented options.
func TestClientsCGP(t *testing.T) {
	c := newCGPClient(t)
	referrals := c.run("list_referrals")
	for _, want := range []string{"2025-07-01T09:30:00", "r30000000001", "p12345678301", "R193.4", "SIM01", "r30000000002"} {
		if !strings.Contains(referrals, want) {
			t.Errorf("no %s in the referrals:\n%s", want, referrals)
		}
	}
	if got := c.run("list_referrals", "-r", "r30000000001"); strings.Contains(got, "r30000000002") {
		t.Errorf("referrals with another one:\n%s", got)
	}
	files := c.run("list_files", "-r", "r30000000001", "-u", "-ped")
	for _, want := range []string{"2025-07-07T14:03:28", "proband", sample + ".cram", "/ga4gh/htsget/v1.3/reads/" + bamID, "/ga4gh/htsget/v1.3/variants/" + vcfID} {
		if !strings.Contains(files, want) {
			t.Errorf("no %s in the files:\n%s", want, files)
		}
	}
	if got := c.run("list_files", "-r", "r30000000002"); strings.Contains(got, sample) {
		t.Errorf("files of another referral:\n%s", got)
	}
	var d struct{ ID string }
	if err := json.Unmarshal(find(t, newSimulator(newClock(), nil), "DocumentReference?identifier="+sample+".cram")[0], &d); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		".bam":  {"-o", "SIM01", "-f", sample + ".bam"},
		".cram": {"-d", "DocumentReference/" + d.ID},
	} {
		if got := c.download(args...); !bytes.Equal(got, example(t, sample+name)) {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}

// TestClientsCGPUpload uploads a small file with its index, and one that boto3 sends in parts.
func TestClientsCGPUpload(t *testing.T) {
	c := newCGPClient(t)
	large := make([]byte, 20<<20)
	_, _ = rand.Read(large)
	c.file("large.bam", large)
	small := example(t, sample+".bam")
	c.file("small.bam", small)
	c.file("small.bam.bai", example(t, sample+".bam.bai"))
	about := []string{"-r", "r30000000001", "-p", "p12345678301", "-o", "SIM01", "-s", "S1", "-id", "R1"}
	c.run("upload_file", append(about, "-f", "small.bam", "-i", "small.bam.bai")...)
	c.run("upload_file", append(about, "-f", "large.bam")...)
	if got := c.run("list_files", "-o", "SIM01", "-id", "R1", "-a"); strings.Count(got, "drs://") != 3 {
		t.Errorf("files:\n%s", got)
	}
	for name, want := range map[string][]byte{"small.bam": small, "large.bam": large} {
		if got := c.download("-o", "SIM01", "-f", name); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
	if strings.Contains(c.log.String(), " 40") {
		t.Errorf("requests were refused:\n%s", c.log.String())
	}
}
