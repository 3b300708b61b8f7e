//go:build linux && fleet

package nodes

import (
	"bytes"
	"context"
	"debug/elf"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cgp-cred/cmd/internal/nodes/guest/order"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

// NFS is nodes with a kernel each, user-mode-linux, on one machine. They mount a folder of a real NFSv4.1 server.
// The server, the kernels and the network between them are in a network namespace that only they have.
type NFS struct {
	Kernels []*Kernel

	cluster *Cluster // has the files; its own nodes are not used
	lab     *lab
	sim     atomic.Pointer[simulator.Simulator]
	server  *exec.Cmd
	log     string // of the server
	export  string // the folder that the kernels mount
	port    string // of the simulated API Management
	scenes  int
}

// Addresses within the namespace, and ports within a kernel.
const (
	serverIP    = "10.77.0.1"
	nfsPort     = "2049"
	forwarded   = "127.0.0.1:8080" // cgp-cred speaks http only to the loopback interface
	controlPort = "9000"
	modules     = "/usr/lib/uml/modules"
)

// mountPoint is where the kernels have the folder.
const mountPoint = "/mnt/nfs"

//go:embed guest/init
var initScript []byte

// Owners is how the server names the owners of files.
type Owners string

// A server's owners of files.
const (
	Numbers  Owners = "Only_Numeric_Owners = true; Allow_Numeric_Owners = true;"   // by their numbers
	Unmapped Owners = "Only_Numeric_Owners = false; Allow_Numeric_Owners = false;" // by names that no kernel knows
)

// NewNFS starts the server, and count kernels that have mounted its folder.
func NewNFS(t testing.TB, owners Owners, count int) *NFS {
	t.Helper()
	plugins := needNFS(t)
	n := &NFS{cluster: newCluster(t, simulator.Config{}, os.Geteuid()), lab: newLab(t)}
	n.network(t, count)
	n.serve(t)
	n.startServer(t, plugins, owners)
	n.prepareRoot(t)
	for i := range count {
		n.Kernels = append(n.Kernels, n.boot(t, i))
	}
	for _, k := range n.Kernels {
		k.await(t)
	}
	return n
}

// needNFS skips the test if something is missing. It returns the folder of the server's file systems.
func needNFS(t testing.TB) (plugins string) {
	t.Helper()
	for _, program := range []struct{ name, pkg string }{
		{"linux.uml", "user-mode-linux"},
		{"busybox", "busybox-static"},
		{"ganesha.nfsd", "nfs-ganesha"},
		{"ip", "iproute2"},
		{"rpcbind", "rpcbind"},
	} {
		keystoretest.Need(t, program.name, program.pkg)
	}
	found, _ := filepath.Glob("/usr/lib/*/ganesha/libfsalvfs.so")
	if len(found) == 0 {
		keystoretest.Missing(t, "libfsalvfs.so", "nfs-ganesha-vfs")
	}
	if box, _ := exec.LookPath("busybox"); !static(box) {
		keystoretest.Missing(t, "a busybox without shared libraries", "busybox-static")
	}
	keystoretest.Require(t, keystoretest.Users, keystoretest.Networks)
	if f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil { //nolint:forbidigo // a device
		keystoretest.Cannot(t, "/dev/net/tun")
	} else {
		_ = f.Close()
	}
	return filepath.Dir(found[0])
}

// static reports whether a program needs no shared libraries.
func static(program string) bool {
	f, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // it was read
	return !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// network makes a bridge, and a tap for each kernel.
func (n *NFS) network(t testing.TB, count int) {
	t.Helper()
	lines := []string{
		"link set lo up", "link add br0 type bridge", "addr add " + serverIP + "/24 dev br0", "link set br0 up",
	}
	for i := range count {
		tap := "tap" + strconv.Itoa(i)
		lines = append(lines, "tuntap add "+tap+" mode tap", "link set "+tap+" master br0 up")
	}
	for _, line := range lines {
		out, err := n.lab.run("ip", strings.Fields(line)...)
		if err != nil && strings.HasPrefix(line, "link add") {
			keystoretest.Cannot(t, "a kernel with bridges")
		}
		if err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
}

// serve starts the simulated API Management, where the kernels reach it.
func (n *NFS) serve(t testing.TB) {
	t.Helper()
	var l net.Listener
	var err error
	n.lab.do(func() { l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", serverIP+":0") })
	must(t, err)
	_, n.port, err = net.SplitHostPort(l.Addr().String())
	must(t, err)
	server := &http.Server{
		ReadHeaderTimeout: time.Hour,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.sim.Load().ServeHTTP(w, r)
		}),
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

// startServer starts the NFS server and waits until it listens.
func (n *NFS) startServer(t testing.TB, plugins string, owners Owners) {
	t.Helper()
	n.export = n.cluster.Folder(t, "export")
	must(t, os.Chmod(n.export, 0o755)) //nolint:gosec // each scene has a folder in it
	folder := n.cluster.Folder(t, "server")
	n.log = filepath.Join(folder, "log")
	conf := filepath.Join(folder, "conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `
NFS_CORE_PARAM { Protocols = 4; NFS_Port = %s; Bind_addr = %s; Plugins_Dir = %q; }
NFSv4 {
	RecoveryRoot = %q; Graceless = true; Grace_Period = 5; Lease_Lifetime = 10; Minor_Versions = 1;
	%s
}
NFS_KRB5 { Active_krb5 = false; }
EXPORT {
	Export_Id = 1; Path = %q; Pseudo = /export; Access_Type = RW; Squash = No_Root_Squash; SecType = sys;
	Protocols = 4; Transports = TCP; FSAL { Name = VFS; }
}
LOG { Default_Log_Level = EVENT; }
`, nfsPort, serverIP, plugins, folder, owners, n.export), 0o600))
	n.lab.start(t, exec.Command("rpcbind", "-f")) //nolint:noctx // it ends with the test
	//nolint:noctx,gosec // it ends with the test
	n.server = exec.Command("ganesha.nfsd", "-F", "-f", conf, "-L", n.log, "-p", filepath.Join(folder, "pid"))
	n.lab.start(t, n.server)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the server's log:\n" + end(n.log))
		}
	})
	for !n.lab.answers(serverIP + ":" + nfsPort) {
		if ended(n.server) {
			t.Fatalf("the NFS server has ended:\n%s", end(n.log))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// prepareRoot makes the folder that is the root file system of all kernels.
func (n *NFS) prepareRoot(t testing.TB) {
	t.Helper()
	root := n.cluster.Folder(t, "root")
	must(t, os.Chmod(root, 0o755)) //nolint:gosec // it is the root of several users
	for _, name := range []string{"bin", "dev", "proc", "sys", "tmp", "run", "mnt", mountPoint, "lib", "lib/modules"} {
		must(t, os.Mkdir(filepath.Join(root, name), 0o755)) //nolint:gosec // see above
	}
	must(t, os.WriteFile(filepath.Join(root, "init"), initScript, 0o755)) //nolint:gosec // a program
	box, err := exec.LookPath("busybox")
	must(t, err)
	guest := filepath.Join(root, "guest")
	//nolint:gosec,noctx // the go command ends by itself
	build := exec.Command("go", "build", "-trimpath", "-o", guest, "cgp-cred/cmd/internal/nodes/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the guest: %v\n%s", err, out)
	}
	for from, to := range map[string]string{box: "bin/busybox", n.cluster.Program: "bin/cgp-cred"} {
		must(t, exec.CommandContext(t.Context(), "cp", from, filepath.Join(root, to)).Run()) //nolint:gosec // of tests
	}
}

// Kernel is one node.
type Kernel struct {
	nfs     *NFS
	process *exec.Cmd
	address string
	console string // file of what the kernel prints
	http    *http.Client
	alive   context.Context //nolint:containedctx // ends with the kernel
	ends    context.CancelFunc
}

// boot starts a kernel. It is the first process of a namespace, so that all of its processes end with it.
func (n *NFS) boot(t testing.TB, i int) *Kernel {
	t.Helper()
	folder := n.cluster.Folder(t, "kernel"+strconv.Itoa(i))
	k := &Kernel{nfs: n, address: fmt.Sprintf("10.77.0.%d", 10+i), console: filepath.Join(folder, "console")}
	k.alive, k.ends = context.WithCancel(t.Context())
	k.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.lab.dial(ctx, network, address)
		},
	}}
	//nolint:gosec,noctx // it ends with the test
	k.process = exec.Command("linux.uml", "umid=node", "uml_dir="+folder, "mem=128M", "root=/dev/root",
		"rootfstype=hostfs", "rootflags="+filepath.Join(n.cluster.root, "root"), "ro", "init=/init",
		"ADDRESS="+k.address, "SERVER="+serverIP, "MODULES="+modules, "MOUNT="+mountPoint,
		"FORWARDED="+forwarded, "TARGET="+serverIP+":"+n.port, "CONTROL="+k.address+":"+controlPort,
		"eth0=tuntap,tap"+strconv.Itoa(i), "con=null", "con0=null,fd:1", "quiet")
	k.process.Env = []string{"TMPDIR=/dev/shm"} // it has the memory
	out, err := os.Create(k.console)            //nolint:forbidigo // the test's own
	must(t, err)
	defer out.Close() //nolint:errcheck // the kernel has it
	k.process.Stdout, k.process.Stderr = out, out
	k.process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	n.lab.start(t, k.process)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the console of %s:\n%s", k.address, end(k.console))
		}
	})
	return k
}

// await waits until the kernel runs programs.
func (k *Kernel) await(t testing.TB) {
	t.Helper()
	for !k.nfs.lab.answers(k.address + ":" + controlPort) {
		if ended(k.process) {
			t.Fatalf("the kernel of %s has ended:\n%s", k.address, end(k.console))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// Kill ends the kernel at once, as if its machine lost its power.
func (k *Kernel) Kill() {
	_ = k.process.Process.Kill()
	_ = k.process.Wait()
	k.ends() // nothing else ends its connections
}

// Stop stops the server, as if it hung, until [NFS.Continue].
func (n *NFS) Stop(t testing.TB) { must(t, n.server.Process.Signal(syscall.SIGSTOP)) }

// Continue ends a Stop.
func (n *NFS) Continue(t testing.TB) { must(t, n.server.Process.Signal(syscall.SIGCONT)) }

// Scene is a user of all kernels, who has a home and a fleet's folder on the server, and no tokens.
type Scene struct {
	Sim *simulator.Simulator // counts the token requests since the scene began
	Env []string             // of each process

	nfs  *NFS
	name string
	uid  uint32
}

// Scene begins a scene, and ends the one before.
func (n *NFS) Scene(t testing.TB, c simulator.Config) *Scene {
	t.Helper()
	n.scenes++
	s := &Scene{
		Sim: simulator.New(helpertest.Config(c)), nfs: n, name: "scene" + strconv.Itoa(n.scenes),
		uid: uint32(user + n.scenes), //nolint:gosec // small
	}
	n.sim.Store(s.Sim)
	folder := filepath.Join(n.export, s.name)
	for _, path := range []string{folder, filepath.Join(folder, "home"), s.Fleet()} {
		must(t, os.Mkdir(path, 0o700))
		must(t, os.Chown(path, int(s.uid), int(s.uid)))
	}
	at := filepath.Join(mountPoint, s.name)
	s.Env = []string{
		"PATH=/bin", "HOME=" + at + "/home", "CGP_CRED_HOST=" + forwarded, "CGP_CRED_FLEET=file://" + at + "/fleet",
		"CGP_CRED_API_KEY=" + helpertest.APIKey, "CGP_CRED_KID=k1",
		"CGP_CRED_PRIVATE_KEY=" + string(keystoretest.PEM(helpertest.Key())),
	}
	return s
}

// Fleet returns the fleet's folder, as the server has it.
func (s *Scene) Fleet() string { return filepath.Join(s.nfs.export, s.name, "fleet") }

// Runtime gives the user a runtime folder on each kernel.
func (s *Scene) Runtime(t testing.TB) {
	t.Helper()
	path, owner := "/run/"+s.name, strconv.Itoa(int(s.uid))
	const script = `/bin/busybox mkdir -m 700 "$1" && /bin/busybox chown "$2:$2" "$1"`
	for _, k := range s.nfs.Kernels {
		made := k.order(t, order.Order{Argv: []string{"/bin/busybox", "sh", "-c", script, "sh", path, owner}})
		if made.Status != 0 {
			t.Fatalf("making a runtime folder: %s", made.Stderr)
		}
	}
	s.Env = append(s.Env, "XDG_RUNTIME_DIR="+path)
}

// Run runs cgp-cred on a kernel, as the scene's user.
func (s *Scene) Run(t testing.TB, k *Kernel, args ...string) Result {
	t.Helper()
	argv := append([]string{"/bin/cgp-cred"}, args...)
	return k.order(t, order.Order{Argv: argv, Env: s.Env, UID: s.uid})
}

// Shell runs a shell script on a kernel, as the scene's user.
func (s *Scene) Shell(t testing.TB, k *Kernel, script string) Result {
	t.Helper()
	return k.order(t, order.Order{Argv: []string{"/bin/busybox", "sh", "-c", script}, Env: s.Env, UID: s.uid})
}

// order runs a program on the kernel. Status -1: the kernel has ended.
func (k *Kernel) order(t testing.TB, o order.Order) Result {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Error(err)
		return Result{Status: -1}
	}
	url := "http://" + k.address + ":" + controlPort
	request, err := http.NewRequestWithContext(k.alive, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return Result{Status: -1}
	}
	answer, err := k.http.Do(request)
	if err != nil {
		return Result{Status: -1, Stderr: err.Error()}
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(answer.Body)
	var got order.Outcome
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		return Result{Status: -1, Stderr: fmt.Sprintf("%v: %s", err, text)}
	}
	return Result(got)
}

// lab is a thread of this process with a network and a /run of its own.
type lab struct{ calls chan func() }

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{calls: make(chan func())}
	begun := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and its children with the thread
		begun <- isolate()
		for f := range l.calls {
			f()
		}
	}()
	must(t, <-begun)
	t.Cleanup(func() { close(l.calls) })
	return l
}

// isolate gives the thread its namespaces.
func isolate() error {
	if err := syscall.Unshare(syscall.CLONE_NEWNET | syscall.CLONE_NEWNS); err != nil {
		return err
	}
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	return syscall.Mount("none", "/run", "tmpfs", 0, "mode=755")
}

// do calls f on the thread.
func (l *lab) do(f func()) {
	done := make(chan struct{})
	l.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// run runs a program in the namespace.
func (l *lab) run(name string, args ...string) (out []byte, err error) {
	l.do(func() { out, err = exec.Command(name, args...).CombinedOutput() }) //nolint:gosec,noctx // it ends by itself
	return out, err
}

// start starts a program that ends with the test, at the latest.
func (l *lab) start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	var err error
	l.do(func() { err = cmd.Start() })
	must(t, err)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// dial connects to an address in the namespace.
func (l *lab) dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	l.do(func() {
		ctx, stop := context.WithTimeout(ctx, 2*time.Second) // the next one waits for the thread
		defer stop()
		c, err = new(net.Dialer).DialContext(ctx, network, address)
	})
	return c, err
}

// answers reports whether a program listens at an address.
func (l *lab) answers(address string) bool {
	c, err := l.dial(context.Background(), "tcp", address)
	return err == nil && c.Close() == nil
}

// ended reports whether a program that was started has ended.
func ended(cmd *exec.Cmd) bool {
	var status syscall.WaitStatus
	pid, _ := syscall.Wait4(cmd.Process.Pid, &status, syscall.WNOHANG, nil)
	return pid == cmd.Process.Pid
}

// end returns the end of a file.
func end(file string) string {
	raw, _ := os.ReadFile(file) //nolint:gosec,forbidigo // the test's own
	return string(raw[max(0, len(raw)-4000):])
}
