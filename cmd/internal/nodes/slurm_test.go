//go:build linux

package nodes_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/cmd/internal/scripttest"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

const repository = "../../.."

// forget drops the tokens that the nodes have cached for the bundle.
const forget = `srun -N 3 --ntasks-per-node=1 sh -c 'CGP_CRED_BUNDLE_FILE=$HOME/int.bundle cgp-cred erase'`

// The recipes of docs/hpc.md, as printed, on a real Slurm with three nodes.
func TestSlurm(t *testing.T) {
	keystoretest.Need(t, "age-keygen", "age")
	keystoretest.Need(t, "curl", "curl")
	s := nodes.NewSlurm(t, simulator.Config{}, 3)
	t.Setenv("TMPDIR", s.Login) // the session bus of the login node is in there
	p := &site{s, keystoretest.StartKeyring(t).Address}
	p.prepare(t)
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"keychain", p.keychain},
		{"bundle", p.bundle},
		{"variable", p.variable},
		{"srun", p.srun},
		{"fleet", p.fleet},
		{"requeue", p.requeue},
		{"cancel", p.cancel},
		{"snakemake", p.snakemake},
		{"identity", p.identity}, // the keychain has no record then
		{"reader", p.reader},
	} {
		if !t.Run(part.name, part.test) {
			break
		}
	}
}

// site is a cluster with a user who has a profile in the login node's keychain.
type site struct {
	*nodes.Slurm

	bus string // the login node's
}

// prepare makes the profile, and the program of the jobs.
func (p *site) prepare(t *testing.T) {
	t.Helper()
	p.Env = append(p.Env, "BASE=http://"+p.Host, "DBUS_SESSION_BUS_ADDRESS="+p.bus)
	for name, text := range map[string]string{
		"key.pem": string(keystoretest.PEM(helpertest.Key())), "apikey.txt": helpertest.APIKey,
		"fetch.sh": scripttest.Recipe(t, repository, "slurm-fetch"),
	} {
		if err := os.WriteFile(filepath.Join(p.Home, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.Sh(t, "cgp-cred store int --host "+p.Host+" --private-key key.pem --kid k1 --api-key-file apikey.txt")
	p.Sh(t, "rm key.pem apikey.txt")
}

// array returns the tasks of an array, and the option for sbatch.
func array() (count int, option string) {
	count = nodes.Many(6, 40)
	return count, fmt.Sprintf("--array=1-%d", count)
}

// succeed runs a recipe as an array, and holds that each task called the API. It returns how many token requests that
// were.
func (p *site) succeed(t *testing.T, recipe string, options ...string) int {
	t.Helper()
	count := 3 // of srun
	if len(options) > 0 {
		count, _ = array()
	}
	before := p.Sim.Requests()
	for _, task := range p.Submit(t, recipe, options...).Wait(t) {
		if task.State != "COMPLETED" || task.Exit != "0:0" {
			t.Errorf("%+v", task)
		}
	}
	answers, _ := filepath.Glob(filepath.Join(p.Home, "answer.*.json"))
	if len(answers) != count {
		t.Errorf("%d answers of the API, want %d", len(answers), count)
	}
	for _, file := range answers {
		_ = os.Remove(file)
	}
	if left := p.TokenFolders(); len(left) > 0 {
		t.Errorf("token files are left: %q", left)
	}
	return p.Sim.Requests() - before
}

// A profile of the login node's keychain: each task says first how the credential gets to the node.
func (p *site) keychain(t *testing.T) {
	count, option := array()
	tasks := p.Submit(t, scripttest.Recipe(t, repository, "slurm-identity"), option).Wait(t)
	if len(tasks) != count {
		t.Errorf("%d tasks, want %d", len(tasks), count)
	}
	for _, task := range tasks {
		_, hint, _ := strings.Cut(task.Output, "\nhint: ")
		if task.Exit != "4:0" || !strings.HasPrefix(hint, "a job of Slurm does not reach the keychain of your login: ") {
			t.Errorf("%+v", task)
		}
	}
}

func (p *site) bundle(t *testing.T) {
	p.Sh(t, scripttest.Recipe(t, repository, "hpc-bundle"))
	_, option := array()
	if n := p.succeed(t, scripttest.Recipe(t, repository, "slurm-bundle"), option); n != 3 {
		t.Errorf("%d token requests of three nodes", n)
	}
	if found := p.secretIn(t, p.StateFolder()); found != "" {
		t.Errorf("slurmctld has the bundle in %s", found)
	}
}

// The secret in a variable is in slurmctld's state folder. So the document is right, and the search finds it.
func (p *site) variable(t *testing.T) {
	p.Sh(t, `CGP_CRED_BUNDLE=$(cat int.bundle) sbatch --parsable --hold --wrap "cgp-cred get" >held`)
	if p.secretIn(t, p.StateFolder()) == "" {
		t.Error("slurmctld has no copy of a job's environment: where is it?")
	}
	p.Sh(t, "scancel $(cat held)")
}

func (p *site) srun(t *testing.T) {
	if n := p.succeed(t, scripttest.Recipe(t, repository, "slurm-srun")); n != 0 {
		t.Errorf("%d token requests, though each node has a token", n)
	}
}

func (p *site) fleet(t *testing.T) {
	p.Sh(t, "mkdir -m 700 fleet; "+forget)
	_, option := array()
	if n := p.succeed(t, scripttest.Recipe(t, repository, "slurm-fleet"), option); n != 1 {
		t.Errorf("%d token requests with a fleet", n)
	}
}

// With exit status 7 the recipe asks Slurm to run the task again, which Slurm does after two minutes.
func (p *site) requeue(t *testing.T) {
	script := strings.Replace(scripttest.Recipe(t, repository, "slurm-bundle"),
		`./fetch.sh "$SLURM_ARRAY_TASK_ID"`, `sh -c "exit 7"`, 1)
	job := p.Submit(t, script, "--array=1")
	p.Until(t, "the task waits to run again", func() bool {
		tasks := job.Tasks(t)
		return len(tasks) == 1 && tasks[0].State == "PENDING" && tasks[0].Restarts == "1"
	})
	job.Cancel(t)
}

// scancel ends a job that has a token file.
func (p *site) cancel(t *testing.T) {
	script := strings.Replace(scripttest.Recipe(t, repository, "slurm-bundle"),
		`./fetch.sh "$SLURM_ARRAY_TASK_ID"`, "sleep 10000", 1)
	for _, options := range [][]string{nil, {"--signal=KILL", "--full"}} {
		job := p.Submit(t, script, "--array=1")
		p.Until(t, "the job has a token file", func() bool { return len(p.TokenFolders()) == 1 })
		job.Cancel(t, options...)
		job.Wait(t)
		p.Until(t, "the token file is removed", func() bool { return len(p.TokenFolders()) == 0 })
	}
}

// Snakemake gives its jobs to Slurm.
func (p *site) snakemake(t *testing.T) {
	if !nodes.Full() {
		t.Skip("make fleet runs it")
	}
	keystoretest.Need(t, "snakemake", "snakemake")
	rules := "rule all:\n    input: expand('answer.{id}.json', id=range(3))\n" +
		scripttest.Recipe(t, repository, "snakemake")
	if err := os.WriteFile(filepath.Join(p.Home, "Snakefile"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Sh(t, forget)
	before := p.Sim.Requests()
	p.Sh(t, "snakemake --jobs 3 --cluster sbatch --latency-wait 300 2>&1 && rm answer.[012].json")
	if n := p.Sim.Requests() - before; n < 1 || n > 3 {
		t.Errorf("%d token requests of three jobs", n)
	}
}

func (p *site) identity(t *testing.T) {
	p.Sh(t, scripttest.Recipe(t, repository, "hpc-identity"))
	_, option := array()
	if n := p.succeed(t, scripttest.Recipe(t, repository, "slurm-identity"), option); n != 3 {
		t.Errorf("%d token requests of three nodes", n)
	}
}

// The nodes have no key, and read the token that the login node has.
func (p *site) reader(t *testing.T) {
	p.Sh(t, forget)
	p.Sh(t, `mkdir -m 700 readers; cgp-cred store int --fleet file://$HOME/readers
		cgp-cred export int --reader --yes --out int.bundle; cgp-cred get --force-new`)
	_, option := array()
	if n := p.succeed(t, scripttest.Recipe(t, repository, "slurm-bundle"), option); n != 0 {
		t.Errorf("%d token requests of nodes without a key", n)
	}
}

// secretIn returns the first file in a folder that has the bundle or the API key, or "".
func (p *site) secretIn(t *testing.T, folder string) (found string) {
	t.Helper()
	bundle, err := os.ReadFile(filepath.Join(p.Home, "int.bundle"))
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // slurmctld has removed it meanwhile
		}
		files++
		text, _ := os.ReadFile(path)
		if bytes.Contains(text, bytes.TrimSpace(bundle)) || bytes.Contains(text, []byte(helpertest.APIKey)) {
			found = path
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files in %s: %v", files, folder, err)
	}
	return found
}
