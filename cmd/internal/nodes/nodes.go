//go:build linux

// Package nodes plays the nodes of a cluster on one machine, for tests. They have one user and one home, as on a shared
// file system, and each has its own user namespace. The kernel keeps a keyring for each user and namespace, so no node
// finds another's tokens.
package nodes

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

// FullVariable is set by make fleet, which plays whole clusters.
const FullVariable = "CGP_CRED_FLEET_TESTS"

// Full reports whether make fleet runs the tests.
func Full() bool { return os.Getenv(FullVariable) != "" }

// Many returns the number of nodes, or of what else costs time: small in make test, full in make fleet.
func Many(small, full int) int {
	if Full() {
		return full
	}
	return small
}

// user is who runs the processes of all nodes, if the tests run as root.
const user = 30000

// RemoveLocks removes what the processes of all nodes leave in memory, for the end of the tests: the state files. The
// locks are removed by [keystoretest.Main], which leaves those that another run of the tests holds.
func RemoveLocks() {
	folder := "/dev/shm/cgp-cred-" + strconv.Itoa(user)
	files, _ := filepath.Glob(folder + "/*.json") // the pattern is well-formed
	for _, file := range files {
		if _, err := os.Lstat(strings.TrimSuffix(file, ".json") + ".lock"); err != nil {
			_ = os.Remove(file) // it is there only after tests as root
		}
	}
	_ = os.Remove(folder) // fails while it is in use
}

// Cluster is nodes with a common home, and the API Management that they call.
type Cluster struct {
	Home    string               // of the nodes' user
	Shared  string               // a folder that the nodes' user owns, mode 0700
	Host    string               // of the simulated API Management
	Sim     *simulator.Simulator // counts token requests
	Program string               // cgp-cred, built as it is shipped

	// Env is each process's environment, and what a node adds. It begins as PATH, HOME and the variables of a
	// credential.
	Env []string

	root string
	uid  int
}

// New makes a cluster and starts its API Management.
func New(t testing.TB, c simulator.Config) *Cluster {
	t.Helper()
	keystoretest.Require(t, keystoretest.KernelKeys, keystoretest.UserNS)
	uid := os.Geteuid()
	if uid == 0 {
		keystoretest.Require(t, keystoretest.Users)
		uid = user
	}
	return newCluster(t, c, uid)
}

// newCluster makes a cluster for a user.
func newCluster(t testing.TB, c simulator.Config, uid int) *Cluster {
	t.Helper()
	root, err := os.MkdirTemp("", "nodes") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	k := &Cluster{
		root: root, uid: uid, Program: program(t),
		Home: filepath.Join(root, "home"), Shared: filepath.Join(root, "shared"),
	}
	must(t, os.Chmod(root, 0o755)) //nolint:gosec // the nodes' user has to reach what is in it
	k.Folder(t, "home")
	k.Folder(t, "shared")
	k.Sim = simulator.New(helpertest.Config(c))
	server := httptest.NewServer(http.HandlerFunc(k.Sim.ServeHTTP))
	t.Cleanup(server.Close)
	k.Host = strings.TrimPrefix(server.URL, "http://")
	key := string(keystoretest.PEM(helpertest.Key()))
	k.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + k.Home, "CGP_CRED_HOST=" + k.Host,
		"CGP_CRED_API_KEY=" + helpertest.APIKey, "CGP_CRED_KID=k1", "CGP_CRED_PRIVATE_KEY=" + key,
	}
	return k
}

// Folder makes a folder of the nodes' user, with mode 0700, and returns its path.
func (k *Cluster) Folder(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(k.root, name)
	must(t, os.Mkdir(path, 0o700))
	must(t, os.Chown(path, k.uid, k.uid))
	return path
}

// Copy copies a program to where the nodes' user can run it, and returns its path.
func (k *Cluster) Copy(t testing.TB, file string) string {
	t.Helper()
	path := filepath.Join(k.root, filepath.Base(file))
	// Another process copies it: while this one starts children, they would keep what it writes open, and busy.
	must(t, exec.CommandContext(t.Context(), "cp", file, path).Run()) //nolint:gosec // see above
	must(t, os.Chmod(path, 0o755))                                    //nolint:gosec // see above
	return path
}

// Without removes variables from the environment of the processes.
func (k *Cluster) Without(names ...string) {
	var left []string
	for _, line := range k.Env {
		name, _, _ := strings.Cut(line, "=")
		keep := true
		for _, n := range names {
			keep = keep && n != name
		}
		if keep {
			left = append(left, line)
		}
	}
	k.Env = left
}

// Node is one of the nodes.
type Node struct {
	cluster *Cluster
	pid     string   // of the process that keeps the namespace; empty: each process makes a namespace of its own
	env     []string // what this node adds to the cluster's environment
}

// Node starts a node for several processes. It has its own runtime folder.
func (k *Cluster) Node(t testing.TB, env ...string) *Node {
	t.Helper()
	keystoretest.Need(t, "nsenter", "util-linux")
	runtime, err := os.MkdirTemp(k.root, "run")
	must(t, err)
	must(t, os.Chown(runtime, k.uid, k.uid))
	holder := exec.Command("sleep", "infinity") //nolint:noctx // it ends with the test
	holder.SysProcAttr = k.namespace()
	must(t, holder.Start())
	t.Cleanup(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	})
	return &Node{
		cluster: k, pid: strconv.Itoa(holder.Process.Pid),
		env: append([]string{"XDG_RUNTIME_DIR=" + runtime}, env...),
	}
}

// Once returns a node for a single process, which costs less than [Cluster.Node]. It has no runtime folder.
func (k *Cluster) Once(env ...string) *Node { return &Node{cluster: k, env: env} }

// namespace are the attributes of a process in a user namespace of its own, in which each user is the same one as
// outside.
func (k *Cluster) namespace() *syscall.SysProcAttr {
	if os.Geteuid() != 0 {
		own := []syscall.SysProcIDMap{{ContainerID: k.uid, HostID: k.uid, Size: 1}}
		return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: own}
	}
	all := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1 << 17}}
	id := uint32(k.uid) //nolint:gosec // the constant user
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: all, GidMappings: all, GidMappingsEnableSetgroups: true,
		Credential: &syscall.Credential{Uid: id, Gid: id},
	}
}

// Command returns a process of the node, which has not been started.
func (n *Node) Command(ctx context.Context, argv ...string) *exec.Cmd {
	k := n.cluster
	var cmd *exec.Cmd
	switch {
	case n.pid == "":
		cmd = exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // tests name programs
		cmd.SysProcAttr = k.namespace()
	default:
		enter := []string{"-U", "-t", n.pid, "--preserve-credentials"}
		if os.Geteuid() == 0 {
			id := strconv.Itoa(k.uid)
			enter = []string{"-U", "-t", n.pid, "-S", id, "-G", id}
		}
		cmd = exec.CommandContext(ctx, "nsenter", append(append(enter, "--"), argv...)...) //nolint:gosec // see above
	}
	cmd.Dir = "/"
	cmd.Env = append(append([]string{}, k.Env...), n.env...)
	return cmd
}

// Result is how a process ended.
type Result struct {
	Status         int // 128+n: ended by signal n
	Stdout, Stderr string
}

// Run runs cgp-cred on the node.
func (n *Node) Run(t testing.TB, args ...string) Result {
	t.Helper()
	return n.RunWith(t, "", args...)
}

// RunWith is [Node.Run] with text on stdin.
func (n *Node) RunWith(t testing.TB, stdin string, args ...string) Result {
	t.Helper()
	cmd := n.Command(t.Context(), append([]string{n.cluster.Program}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	return result(t, cmd)
}

// result runs a command and returns how it ended.
func result(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var out, text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &text
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Errorf("starting a process of a node: %v", err)
		return Result{Status: -1, Stderr: err.Error()}
	}
	status := cmd.ProcessState.ExitCode()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		status = 128 + int(s.Signal())
	}
	return Result{Status: status, Stdout: out.String(), Stderr: text.String()}
}

// AtOnce calls f with 0 to count-1, at most limit calls at a time, and returns the results in that order.
func AtOnce(count, limit int, f func(i int) Result) []Result {
	all := make([]Result, count)
	var group sync.WaitGroup
	free := make(chan struct{}, limit)
	for i := range count {
		group.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			all[i] = f(i)
		})
	}
	group.Wait()
	return all
}

// Count returns how many results have a status, and the tokens among their outputs.
func Count(all []Result) (statuses map[int]int, outputs map[string]int) {
	statuses, outputs = map[int]int{}, map[string]int{}
	for _, r := range all {
		statuses[r.Status]++
		if r.Stdout != "" {
			outputs[r.Stdout]++
		}
	}
	return statuses, outputs
}

var built struct {
	sync.Once
	path string
	out  []byte
	err  error
}

// program builds cgp-cred as it is shipped, once for all tests of a package.
func program(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		folder, err := os.MkdirTemp("", "program")
		if err == nil {
			err = os.Chmod(folder, 0o755) //nolint:gosec // other users run it
		}
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(folder, "cgp-cred")
		//nolint:gosec,noctx // the go command ends by itself
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", built.path, "cgp-cred/cmd/cgp-cred")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		built.out, built.err = cmd.CombinedOutput()
	})
	if built.err != nil {
		t.Fatalf("building the program: %v\n%s", built.err, built.out)
	}
	return built.path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
