//go:build linux

package nodes_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/cmd/internal/nodes"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/fleet/fleettest"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

const storePassword = `pass word "with' $odd \characters & %40@:/ é`

// withRedis returns a cluster whose nodes share a token in a Redis, as a user with the least rights.
func withRedis(t *testing.T, c simulator.Config) (*nodes.Cluster, *fleettest.Redis) {
	t.Helper()
	k := nodes.New(t, c)
	k.Program = k.Copy(t, k.Program)
	k.Copy(t, fleettest.Companion(t))
	r := fleettest.Start(t)
	r.User(t, "default", "", "off")
	r.User(t, "fleet", storePassword, fleettest.Rule)
	k.Env = append(k.Env, "CGP_CRED_FLEET="+r.URL("fleet"), "CGP_CRED_FLEET_PASSWORD_FILE="+file(t, k, "password", storePassword+"\n"))
	return k, r
}

// file writes a file that only the nodes' user can read, and returns its path.
func file(t *testing.T, k *nodes.Cluster, name, content string) string {
	t.Helper()
	info, err := os.Stat(k.Home)
	must(t, err)
	owner := int(info.Sys().(*syscall.Stat_t).Uid) //nolint:forcetypeassert // Linux
	path := filepath.Join(k.Home, name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	must(t, os.Chown(path, owner, owner))
	return path
}

// nothingTold fails if the server, or what a node printed, has a secret.
func nothingTold(t *testing.T, r *fleettest.Redis, results []nodes.Result) {
	t.Helper()
	content := r.Content(t)
	for _, got := range results {
		token := strings.TrimSpace(strings.TrimPrefix(got.Stdout, "Authorization: Bearer "))
		if token != "" && strings.Contains(content, token) {
			t.Error("the store or its log has the token")
		}
		for _, secret := range []string{helpertest.APIKey, storePassword} {
			if strings.Contains(content+got.Stderr, secret) {
				t.Errorf("a secret is in the store, its log or on stderr: %s", got.Stderr)
			}
		}
	}
}

// One get on each of many nodes that start together.
func TestRedisOnce(t *testing.T) {
	t.Parallel()
	k, r := withRedis(t, simulator.Config{})
	got := nodes.AtOnce(nodes.Many(40, 1000), 20, func(int) nodes.Result { return k.Once().Run(t, "get") })
	all(t, got, 0)
	oneToken(t, got)
	requests(t, k, 1)
	for _, g := range got {
		if g.Stderr != "" {
			t.Errorf("stderr: %s", g.Stderr)
		}
	}
	nothingTold(t, r, got)
}

// A key that is refused is refused once, and all nodes are told.
func TestRedisRefused(t *testing.T) {
	t.Parallel()
	k, r := withRedis(t, simulator.Config{})
	k.Without("CGP_CRED_KID")
	k.Env = append(k.Env, "CGP_CRED_KID=unknown")
	got := nodes.AtOnce(nodes.Many(8, 100), 20, func(int) nodes.Result { return k.Once().Run(t, "get") })
	all(t, got, 5)
	requests(t, k, 2)
	nothingTold(t, r, got)
}

// A Redis that can't be used costs each get one warning, and it gets a token of its own.
func TestRedisUnusable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, k *nodes.Cluster, r *fleettest.Redis)
		want  string
	}{
		"down":           {func(_ *testing.T, _ *nodes.Cluster, r *fleettest.Redis) { r.Stop() }, "connection refused"},
		"stopped":        {func(_ *testing.T, _ *nodes.Cluster, r *fleettest.Redis) { r.Pause() }, "did not answer"},
		"no ACL":         {func(t *testing.T, _ *nodes.Cluster, r *fleettest.Redis) { r.User(t, "fleet", "", "-@all") }, "NOPERM"},
		"wrong password": {func(t *testing.T, k *nodes.Cluster, _ *fleettest.Redis) { file(t, k, "password", "wrong") }, "WRONGPASS"},
		"no password": {func(t *testing.T, k *nodes.Cluster, _ *fleettest.Redis) {
			must(t, os.Remove(filepath.Join(k.Home, "password")))
		}, "CGP_CRED_FLEET_PASSWORD_FILE"},
		"no companion": {func(t *testing.T, k *nodes.Cluster, _ *fleettest.Redis) {
			must(t, os.Remove(k.Program+"-fleet"))
		}, "cgp-cred-fleet is needed for Redis and is not next to cgp-cred"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, r := withRedis(t, simulator.Config{})
			tt.spoil(t, k, r)
			got := nodes.AtOnce(2, 2, func(int) nodes.Result { return k.Once().Run(t, "get", "--timeout", "20s") })
			all(t, got, 0)
			for _, g := range got {
				if n := strings.Count(g.Stderr, "warning:"); n != 1 || !strings.Contains(g.Stderr, tt.want) {
					t.Errorf("%d warnings: %s", n, g.Stderr)
				}
				if strings.Contains(g.Stderr, storePassword) || strings.Contains(g.Stderr, helpertest.APIKey) {
					t.Errorf("stderr has a secret: %s", g.Stderr)
				}
			}
		})
	}
}

// The companion is told no secret by its arguments or its environment.
func TestRedisArgv(t *testing.T) {
	t.Parallel()
	k, _ := withRedis(t, simulator.Config{})
	companion := filepath.Join(filepath.Dir(k.Program), fleet.Companion)
	must(t, os.Rename(companion, companion+".real"))
	told := file(t, k, "told", "")
	script := "#!/bin/sh\n{ echo \"arguments: $*\"; env; } >>" + told + "\nexec " + companion + ".real \"$@\"\n"
	must(t, os.WriteFile(companion, []byte(script), 0o755))
	got := k.Once().Run(t, "get")
	all(t, []nodes.Result{got}, 0)
	raw, err := os.ReadFile(told)
	must(t, err)
	token := strings.TrimSpace(strings.TrimPrefix(got.Stdout, "Authorization: Bearer "))
	key := strings.Split(string(keystoretest.PEM(helpertest.Key())), "\n")[3]
	for _, secret := range []string{helpertest.APIKey, key, token, storePassword} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the companion was told %q: %s", secret, raw)
		}
	}
	if n := strings.Count(string(raw), "arguments: "); n < 4 || token == "" || got.Stderr != "" { // look, lease, look, publish
		t.Errorf("%d processes of the companion, token %q, stderr %q", n, token, got.Stderr)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// network starts a Redis in a network of its own, and returns what cuts it off: its answers no longer arrive.
func network(t *testing.T) (r *fleettest.Redis, cut func()) {
	t.Helper()
	keystoretest.Need(t, "ip", "iproute2")
	keystoretest.Require(t, keystoretest.Networks)
	const here, there = "10.213.7.1", "10.213.7.2"
	ip := func(line string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			keystoretest.Cannot(t, "a network between two namespaces: "+string(out))
		}
	}
	name := fmt.Sprintf("cgp%d", os.Getpid())
	ip("netns add " + name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	ip("link add " + name + "a type veth peer name " + name + "b netns " + name)
	ip("addr add " + here + "/30 dev " + name + "a")
	ip("link set " + name + "a up")
	ip("-n " + name + " addr add " + there + "/30 dev " + name + "b")
	ip("-n " + name + " link set " + name + "b up")
	r = fleettest.StartAt(t, there+":6379", []string{"ip", "netns", "exec", name, "redis-server"}, "--protected-mode", "no")
	return r, func() { ip("-n " + name + " route add blackhole " + here) }
}

// A network that loses what the store answers costs each get one warning.
func TestRedisPartition(t *testing.T) {
	t.Parallel()
	r, cut := network(t)
	k := nodes.New(t, simulator.Config{})
	k.Program = k.Copy(t, k.Program)
	k.Copy(t, fleettest.Companion(t))
	k.Env = append(k.Env, "CGP_CRED_FLEET="+r.URL(""))
	get := func(int) nodes.Result { return k.Once().Run(t, "get", "--timeout", "20s") }
	got := nodes.AtOnce(3, 3, get)
	all(t, got, 0)
	oneToken(t, got)
	requests(t, k, 1)
	cut()
	got = nodes.AtOnce(2, 2, func(int) nodes.Result { return k.Once().Run(t, "get", "--force-new", "--timeout", "20s") })
	got = append(got, k.Once().Run(t, "get", "--timeout", "20s"))
	all(t, got, 0)
	for _, g := range got {
		if strings.Count(g.Stderr, "warning:") != 1 {
			t.Errorf("stderr: %s", g.Stderr)
		}
	}
}
