//go:build linux

package nodes

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

// Slurm is a cluster with a real Slurm: slurmctld and munged, and a slurmd for each node. A node has its own kernel
// keyring, its own /dev/shm, and not the runtime folder of the login node. All of it runs as root, on one machine.
type Slurm struct {
	*Cluster

	Login   string // the login node's runtime folder, which no node has
	folder  string // of Slurm's files
	daemons []*exec.Cmd
}

// NewSlurm starts a Slurm with some nodes. The environment of commands on the login node begins as PATH and HOME.
func NewSlurm(t testing.TB, c simulator.Config, nodes int) *Slurm {
	t.Helper()
	for _, program := range []struct{ name, pkg string }{
		{"munged", "munge"},
		{"slurmctld", "slurmctld"},
		{"slurmd", "slurmd"},
		{"sbatch", "slurm-client"},
	} {
		keystoretest.Need(t, program.name, program.pkg)
	}
	keystoretest.Require(t, keystoretest.Mounts, keystoretest.KernelKeys, keystoretest.UserNS)
	s := &Slurm{Cluster: newCluster(t, c, os.Geteuid())}
	s.Env = []string{
		"PATH=" + filepath.Dir(s.Program) + ":" + os.Getenv("PATH"), "HOME=" + s.Home, "NO_PROXY=*",
	}
	s.folder, s.Login = s.Folder(t, "slurm"), s.Folder(t, "login")
	s.configure(t, nodes)
	s.Env = append(s.Env, "SLURM_CONF="+s.at("slurm.conf"), "XDG_RUNTIME_DIR="+filepath.Join(s.Login, "run"))
	must(t, os.Mkdir(filepath.Join(s.Login, "run"), 0o700))
	t.Cleanup(func() { s.end(t) })
	s.daemon(t, nil, "munged", "--foreground", "--force", "--num-threads=2", "--key-file="+s.at("munge.key"),
		"--socket="+s.at("munge"), "--pid-file="+s.at("munge.pid"), "--log-file="+s.at("munge.log"),
		"--seed-file="+s.at("munge.seed"))
	s.Until(t, "munged answers", func() bool {
		conn, err := net.Dial("unix", s.at("munge"))
		return err == nil && conn.Close() == nil
	})
	s.daemon(t, nil, "slurmctld", "-D", "-f", s.at("slurm.conf"))
	const start = `mount -t tmpfs -o mode=1777 none /dev/shm && mount -t tmpfs -o mode=755 none "$1" &&
		exec slurmd -D -f "$2" -N "$3"`
	for i := range nodes {
		node := s.namespace()
		node.Cloneflags |= syscall.CLONE_NEWNS
		s.daemon(t, node, "sh", "-c", start, "sh", s.Login, s.at("slurm.conf"), fmt.Sprint("n", i))
	}
	s.Until(t, "all nodes are idle", func() bool {
		r := s.run(t, "sinfo", "-h", "-t", "idle", "-o", "%D")
		return r.Status == 0 && strings.TrimSpace(r.Stdout) == strconv.Itoa(nodes)
	})
	return s
}

// at returns the path of one of Slurm's files.
func (s *Slurm) at(name string) string { return filepath.Join(s.folder, name) }

// StateFolder returns the folder in which slurmctld keeps the jobs.
func (s *Slurm) StateFolder() string { return s.at("state") }

// configure writes slurm.conf and munge's key. No timeout of it ends anything on a busy machine.
func (s *Slurm) configure(t testing.TB, nodes int) {
	t.Helper()
	must(t, os.Mkdir(s.StateFolder(), 0o700))
	must(t, os.WriteFile(s.at("munge.key"), bytes.Repeat([]byte("munge"), 200), 0o400))
	host, err := os.Hostname()
	must(t, err)
	host, _, _ = strings.Cut(host, ".")
	ports := freePorts(nodes + 1)
	text := fmt.Sprintf(`ClusterName=nodes
SlurmctldHost=%[1]s(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU,CR_LLN
SlurmdParameters=config_overrides
SlurmctldPort=%[3]d
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd.%%n.pid
SlurmdSpoolDir=%[2]s/spool.%%n
StateSaveLocation=%[2]s/state
SlurmctldLogFile=%[2]s/slurmctld.log
SlurmdLogFile=%[2]s/slurmd.%%n.log
ReturnToService=2
SlurmdTimeout=0
MessageTimeout=100
TCPTimeout=60
BatchStartTimeout=1000
KillWait=2
UnkillableStepTimeout=1000
MinJobAge=100000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`, host, s.folder, ports[0])
	for i := range nodes {
		text += fmt.Sprintf("NodeName=n%d NodeHostname=%s NodeAddr=127.0.0.1 Port=%d CPUs=4 RealMemory=1000 State=UNKNOWN\n",
			i, host, ports[i+1])
	}
	must(t, os.WriteFile(s.at("slurm.conf"), []byte(text), 0o600))
}

// freePorts returns ports on which no program listens. They are below those that the kernel gives to other programs
// meanwhile.
func freePorts(count int) []int {
	var ports []int
	for len(ports) < count {
		port := 10000 + rand.IntN(20000)
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err == nil && l.Close() == nil && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

// daemon starts a program that runs until the test ends.
func (s *Slurm) daemon(t testing.TB, node *syscall.SysProcAttr, argv ...string) {
	t.Helper()
	log, err := os.OpenFile(s.at("daemons.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:forbidigo // tests
	must(t, err)
	defer log.Close()                         //nolint:errcheck // the daemon has it
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // it ends with the test
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.folder, log, log, node
	must(t, cmd.Start())
	s.daemons = append(s.daemons, cmd)
}

// Until waits for something that the daemons do. If one of them has ended, the test fails.
func (s *Slurm) Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for !done() {
		for _, d := range s.daemons {
			var status syscall.WaitStatus
			if pid, _ := syscall.Wait4(d.Process.Pid, &status, syscall.WNOHANG, nil); pid == d.Process.Pid {
				t.Fatalf("waiting until %s: %q has ended\n%s", what, d.Args, s.logs())
			}
		}
		if t.Context().Err() != nil {
			t.Fatalf("waiting until %s: the test has ended", what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// logs returns the last lines of the daemons' logs.
func (s *Slurm) logs() string {
	files, _ := filepath.Glob(s.at("*.log"))
	var text strings.Builder
	for _, file := range files {
		raw, _ := os.ReadFile(file) //nolint:gosec,forbidigo // Slurm's own
		raw = raw[max(0, len(raw)-2000):]
		fmt.Fprintf(&text, "%s:\n%s\n", filepath.Base(file), raw)
	}
	return text.String()
}

// end ends the jobs, the daemons and what jobs have left. A node's processes are those in its namespace.
func (s *Slurm) end(t testing.TB) {
	if t.Failed() {
		t.Log(s.logs())
	}
	for _, d := range slices.Backward(s.daemons) {
		node, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", d.Process.Pid))
		_ = d.Process.Kill()
		_ = d.Wait()
		if own, _ := os.Readlink("/proc/self/ns/user"); err == nil && node != own {
			killWithin(node)
		}
	}
}

// killWithin kills the processes of a user namespace, until none is left.
func killWithin(namespace string) {
	for left := true; left; {
		left = false
		all, _ := filepath.Glob("/proc/[0-9]*/ns/user")
		for _, link := range all {
			if at, err := os.Readlink(link); err == nil && at == namespace {
				pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
				_ = syscall.Kill(pid, syscall.SIGKILL)
				left = true
			}
		}
	}
}

// run runs a command on the login node, in the home.
func (s *Slurm) run(t testing.TB, argv ...string) Result {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), argv[0], argv[1:]...) //nolint:gosec // of tests
	cmd.Dir, cmd.Env = s.Home, s.Env
	return result(t, cmd)
}

// Sh runs a shell script on the login node, in the home, and returns its output. It must not fail.
func (s *Slurm) Sh(t testing.TB, script string) string {
	t.Helper()
	r := s.run(t, "bash", "-c", script)
	if r.Status != 0 {
		t.Fatalf("%s: status %d: %s", script, r.Status, r.Stderr)
	}
	return r.Stdout
}

// Job is a job, or an array of jobs.
type Job struct {
	slurm *Slurm
	id    string
}

// Submit gives a job script to sbatch, with options.
func (s *Slurm) Submit(t testing.TB, script string, options ...string) *Job {
	t.Helper()
	file := filepath.Join(s.Home, "job.sh")
	must(t, os.WriteFile(file, []byte(script), 0o700)) //nolint:gosec // a program
	r := s.run(t, append(append([]string{"sbatch", "--parsable"}, options...), file)...)
	if r.Status != 0 {
		t.Fatalf("sbatch: %s", r.Stderr)
	}
	return &Job{s, strings.TrimSpace(r.Stdout)}
}

// Task is one task of an array, or the only one of a job.
type Task struct {
	State, Exit string // such as COMPLETED and 0:0, status and signal
	Restarts    string // how often it was requeued
	Output      string // what the task printed
}

// Tasks returns the job's tasks as they are now. The ones of an array that have not been started are one.
func (j *Job) Tasks(t testing.TB) []Task {
	t.Helper()
	r := j.slurm.run(t, "scontrol", "show", "job", "-o", j.id)
	if r.Status != 0 {
		t.Logf("scontrol: %s", r.Stderr) // slurmctld may be busy
		return nil
	}
	var tasks []Task
	for line := range strings.Lines(r.Stdout) {
		fields := map[string]string{}
		for _, word := range strings.Fields(line) {
			name, value, _ := strings.Cut(word, "=")
			fields[name] = value
		}
		raw, _ := os.ReadFile(fields["StdOut"]) //nolint:forbidigo // a job's output
		tasks = append(tasks, Task{fields["JobState"], fields["ExitCode"], fields["Restarts"], string(raw)})
	}
	return tasks
}

// Wait waits until all tasks have ended, and returns them.
func (j *Job) Wait(t testing.TB) (tasks []Task) {
	t.Helper()
	running := []string{"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "SUSPENDED", "STOPPED"}
	j.slurm.Until(t, "job "+j.id+" ends", func() bool {
		tasks = j.Tasks(t)
		return len(tasks) > 0 && !slices.ContainsFunc(tasks, func(task Task) bool {
			return slices.Contains(running, task.State)
		})
	})
	return tasks
}

// Cancel runs scancel, with options.
func (j *Job) Cancel(t testing.TB, options ...string) {
	t.Helper()
	if r := j.slurm.run(t, append(append([]string{"scancel"}, options...), j.id)...); r.Status != 0 {
		t.Errorf("scancel: %s", r.Stderr)
	}
}

// TokenFolders returns the folders of token files on all nodes.
func (s *Slurm) TokenFolders() []string {
	var found []string
	for _, d := range s.daemons {
		here, _ := filepath.Glob(fmt.Sprintf("/proc/%d/root/dev/shm/cgp-cred*", d.Process.Pid))
		found = append(found, here...)
	}
	return slices.DeleteFunc(found, func(path string) bool {
		return len(path) > 0 && !hasFile(path)
	})
}

// hasFile reports whether a folder has a token file.
func hasFile(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "token"))
	return err == nil
}
