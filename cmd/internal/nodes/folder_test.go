//go:build linux

package nodes_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

// sharing returns a cluster whose nodes share a token in a folder.
func sharing(t *testing.T, c simulator.Config) *nodes.Cluster {
	t.Helper()
	k := nodes.New(t, c)
	k.Env = append(k.Env, "CGP_CRED_FLEET=file://"+k.Shared)
	return k
}

// all wants every result to have one status, and reports the messages of the others.
func all(t *testing.T, results []nodes.Result, status int) {
	t.Helper()
	for _, r := range results {
		if r.Status != status {
			t.Errorf("status %d, want %d: %s", r.Status, status, r.Stderr)
		}
	}
}

// requests wants at most that many token requests.
func requests(t *testing.T, k *nodes.Cluster, most int) {
	t.Helper()
	if n := k.Sim.Requests(); n > most {
		t.Errorf("%d token requests, want at most %d", n, most)
	}
}

func oneToken(t *testing.T, results []nodes.Result) {
	t.Helper()
	if _, tokens := nodes.Count(results); len(tokens) != 1 {
		t.Errorf("%d different outputs", len(tokens))
	}
}

func noSecret(t *testing.T, k *nodes.Cluster, results []nodes.Result) {
	t.Helper()
	secrets := []string{helpertest.APIKey}
	for _, r := range results {
		if token, ok := strings.CutPrefix(r.Stdout, "Authorization: Bearer "); ok {
			secrets = append(secrets, strings.TrimSpace(token))
		}
		if strings.Contains(r.Stderr, helpertest.APIKey) {
			t.Errorf("stderr has the API key: %s", r.Stderr)
		}
	}
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, s := range secrets {
			if bytes.Contains(raw, []byte(s)) {
				t.Errorf("%s has a secret", path)
			}
		}
		return err
	}
	if err := filepath.WalkDir(k.Shared, walk); err != nil {
		t.Fatal(err)
	}
}

// One get on each of many nodes that start together.
func TestFolderOnce(t *testing.T) {
	t.Parallel()
	k := sharing(t, simulator.Config{})
	got := nodes.AtOnce(nodes.Many(40, 1000), 20, func(int) nodes.Result { return k.Once().Run(t, "get") })
	all(t, got, 0)
	oneToken(t, got)
	requests(t, k, 1)
	noSecret(t, k, got)
}

// Several gets on each node: the first finds the fleet's token, and the others the node's.
func TestFolderOften(t *testing.T) {
	t.Parallel()
	k := sharing(t, simulator.Config{})
	count := nodes.Many(5, 50)
	var each []*nodes.Node
	for range count {
		each = append(each, k.Node(t))
	}
	got := nodes.AtOnce(10*count, 20, func(i int) nodes.Result { return each[i%count].Run(t, "get") })
	all(t, got, 0)
	oneToken(t, got)
	requests(t, k, 1)
}

// Nodes that get tokens over two lives of a token mint once for each life, and a little early.
func TestFolderLives(t *testing.T) {
	t.Parallel()
	life := time.Duration(nodes.Many(12, 60)) * time.Second
	k := sharing(t, simulator.Config{TokenLife: life})
	count := nodes.Many(4, 20)
	var each []*nodes.Node
	for range count {
		each = append(each, k.Node(t))
	}
	begun := time.Now()
	for time.Since(begun) < 2*life {
		all(t, nodes.AtOnce(count, 20, func(i int) nodes.Result { return each[i].Run(t, "get") }), 0)
		time.Sleep(life / 6)
	}
	// A token that lives for a minute or less is used for less than half of its life: the shorter it is, the more of
	// that falls between two rounds.
	halves := int(2*time.Since(begun)/life) + 1
	requests(t, k, halves+nodes.Many(5, 1))
}

// A key that is refused is refused once, and all nodes are told.
func TestFolderRefused(t *testing.T) {
	t.Parallel()
	k := sharing(t, simulator.Config{})
	k.Without("CGP_CRED_KID")
	k.Env = append(k.Env, "CGP_CRED_KID=unknown")
	got := nodes.AtOnce(nodes.Many(20, 100), 20, func(int) nodes.Result { return k.Once().Run(t, "get") })
	all(t, got, 5)
	for _, r := range got {
		if !strings.Contains(r.Stderr, "Invalid 'kid' header") {
			t.Errorf("not the refusal's own text: %s", r.Stderr)
		}
	}
	requests(t, k, 2)
}

// The clocks of the nodes need not agree.
func TestFolderClocks(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Clock)
	k := sharing(t, simulator.Config{})
	self := k.Copy(t, os.Args[0])
	for i, off := range []string{"-10m", "0s", "10m", "-10m", "10m"} {
		cmd := k.Once(clockedVariable+"=1").Command(t.Context(), self, off, k.Program, "get")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("node %d: %v: %s", i, err, out)
		}
	}
	requests(t, k, 2)
}

// A node that is killed while it fetches the token costs the others one more request.
func TestFolderHolderKilled(t *testing.T) {
	t.Parallel()
	fault, err := simulator.ParseFault("delay:60s=1")
	if err != nil {
		t.Fatal(err)
	}
	k := sharing(t, simulator.Config{Faults: []simulator.Fault{fault}})
	ctx, kill := context.WithCancel(t.Context())
	first := k.Once().Command(ctx, k.Program, "get")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for k.Sim.Requests() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	kill()
	_ = first.Wait()
	got := nodes.AtOnce(nodes.Many(6, 100), 20, func(int) nodes.Result { return k.Once().Run(t, "get") })
	all(t, got, 0)
	requests(t, k, 2)
}

// A folder that can't be used costs each get one warning, and it gets a token of its own.
func TestFolderUnusable(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, k *nodes.Cluster) (url string){
		"missing":   func(_ *testing.T, k *nodes.Cluster) string { return "file://" + k.Shared + "/none" },
		"read-only": func(t *testing.T, k *nodes.Cluster) string { return chmod(t, k.Shared, 0o500) },
		"closed":    func(t *testing.T, k *nodes.Cluster) string { return chmod(t, k.Shared, 0) },
		"everybody": func(t *testing.T, k *nodes.Cluster) string { return chmod(t, k.Shared, 0o777) },
		"another's": func(*testing.T, *nodes.Cluster) string { return "file:///root" },
		"no URL":    func(*testing.T, *nodes.Cluster) string { return "/shared" },
		"full":      full,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := nodes.New(t, simulator.Config{})
			k.Env = append(k.Env, "CGP_CRED_FLEET="+spoil(t, k))
			got := nodes.AtOnce(2, 2, func(int) nodes.Result { return k.Once().Run(t, "get", "--timeout", "20s") })
			all(t, got, 0)
			for _, r := range got {
				if n := strings.Count(r.Stderr, "warning:"); n != 1 {
					t.Errorf("%d warnings: %s", n, r.Stderr)
				}
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
	return "file://" + path
}

// full mounts a file system of one page over the folder, and fills it.
func full(t *testing.T, k *nodes.Cluster) string {
	t.Helper()
	keystoretest.Require(t, keystoretest.Mounts)
	info, err := os.Stat(k.Shared)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", k.Shared, "tmpfs", 0, "size=4k,mode=0700"); err != nil {
		keystoretest.Cannot(t, "root, to mount a file system")
	}
	t.Cleanup(func() { _ = syscall.Unmount(k.Shared, syscall.MNT_DETACH) })
	owner := info.Sys().(*syscall.Stat_t).Uid //nolint:forcetypeassert // Linux
	if err := os.Chown(k.Shared, int(owner), int(owner)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(k.Shared, "full"), bytes.Repeat([]byte("x"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + k.Shared
}

// A file server that does not answer: a FUSE file system whose program is stopped.
func TestFolderStopped(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Mounts)
	keystoretest.Need(t, "rclone", "rclone")
	keystoretest.Need(t, "fusermount3", "fuse3")
	k := sharing(t, simulator.Config{})
	if _, err := os.Stat("/dev/fuse"); err != nil {
		keystoretest.Cannot(t, "/dev/fuse")
	}
	server := exec.Command("rclone", "mount", "--allow-other", "--allow-non-empty",
		"--config", filepath.Join(k.Home, "rclone.conf"), ":local:"+k.Home, k.Shared)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGCONT)
		_ = syscall.Unmount(k.Shared, syscall.MNT_DETACH)
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for !mounted(t, k.Shared) {
		time.Sleep(20 * time.Millisecond)
	}
	if err := server.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	got := nodes.AtOnce(3, 3, func(int) nodes.Result { return k.Once().Run(t, "get", "--timeout", "20s") })
	all(t, got, 0)
	for _, r := range got {
		if n := strings.Count(r.Stderr, "warning:"); n != 1 || !strings.Contains(r.Stderr, "did not answer") {
			t.Errorf("%d warnings: %s", n, r.Stderr)
		}
	}
}

func mounted(t *testing.T, path string) bool {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(raw), " "+path+" ")
}
