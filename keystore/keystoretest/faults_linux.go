package keystoretest

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// Fault is what happens to a keyring at the moment that a [Keyring.Gate] waits for.
type Fault string

// The faults.
const (
	Stopped    Fault = "stopped"     // the keyring's program hangs
	Killed     Fault = "killed"      // the keyring's program ends
	BusStopped Fault = "bus-stopped" // the bus accepts and answers nothing any more
	BusKilled  Fault = "bus-killed"  // the bus ends, and the keyring's program with it
)

// Gate returns the address of a bus that is k's, where the fault happens at the first call of a method: after all that
// came before it was answered, and before the call itself is passed on.
func (k *Keyring) Gate(t testing.TB, method string, f Fault) (address string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "cgp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := filepath.Join(folder, "bus")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	g := &gate{bus: strings.TrimPrefix(k.Address, "unix:path="), method: []byte(method + "\x00"), strike: k.Fault(t, f)}
	k.gates = append(k.gates, g)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.pass(c)
		}
	}()
	return "unix:path=" + socket
}

type gate struct {
	bus    string
	method []byte // as it stands in a message: with the zero byte that ends a D-Bus string
	once   sync.Once
	strike func()
}

// pass connects a program to the bus, and looks at what the program sends.
func (g *gate) pass(from net.Conn) {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("unix", g.bus)
	if err != nil {
		return
	}
	go func() {
		defer func() { _ = from.Close() }()
		b := make([]byte, 64<<10)
		for n, err := to.Read(b); err == nil; n, err = to.Read(b) {
			if _, err := from.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	defer func() { _ = to.Close() }()
	b := make([]byte, 64<<10)
	for n, err := from.Read(b); err == nil; n, err = from.Read(b) {
		if bytes.Contains(b[:n], g.method) {
			g.once.Do(g.strike)
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// Fault returns what makes the fault happen.
func (k *Keyring) Fault(t testing.TB, f Fault) func() {
	t.Helper()
	type act struct {
		pid    int
		signal syscall.Signal
	}
	do, ok := map[Fault]act{
		Stopped: {k.daemon, syscall.SIGSTOP}, Killed: {k.daemon, syscall.SIGKILL},
		BusStopped: {k.bus, syscall.SIGSTOP}, BusKilled: {k.bus, syscall.SIGKILL},
	}[f]
	if !ok {
		t.Fatalf("there is no fault %q", f)
	}
	return func() {
		if err := syscall.Kill(do.pid, do.signal); err != nil {
			t.Errorf("fault %q: %v", f, err)
		}
	}
}

// Mend ends a fault: what was stopped goes on, and what was killed is started again and unlocked. A gate that nothing
// has come to, since a deadline was earlier, lets all pass from now on.
func (k *Keyring) Mend(t testing.TB, f Fault) {
	t.Helper()
	for _, g := range k.gates {
		g.once.Do(func() {})
	}
	switch f {
	case Stopped:
		_ = syscall.Kill(k.daemon, syscall.SIGCONT)
	case BusStopped:
		_ = syscall.Kill(k.bus, syscall.SIGCONT)
	case BusKilled:
		_ = k.Conn.Close()
		k.startBus(t)
		k.startDaemon(t)
	case Killed:
		await(t, 0, "the keyring ended", func() bool { return !k.owned(t, secrets) })
		k.startDaemon(t)
	}
	await(t, k.daemon, "the keyring was mended", func() bool { return !k.Locked() })
}

func (k *Keyring) owned(t testing.TB, name string) (owned bool) {
	t.Helper()
	if err := k.Conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned); err != nil {
		t.Fatalf("asking for the owner of %s: %v", name, err)
	}
	return owned
}

// Person is who sits before the screen and sees gnome-keyring's prompts: org.gnome.keyring.SystemPrompter, which
// gnome-keyring calls as it calls the desktop's own.
type Person struct {
	k         *Keyring
	dismisses bool

	mu       sync.Mutex
	seen     int
	prompted chan struct{} // the prompt that was begun has come up
}

const (
	prompterName     = "org.gnome.keyring.SystemPrompter"
	prompterPath     = dbus.ObjectPath("/org/gnome/keyring/Prompter")
	prompterIface    = "org.gnome.keyring.internal.Prompter"
	prompterCallback = "org.gnome.keyring.internal.Prompter.Callback"
)

// Sit puts a person before k's screen, who dismisses each prompt, or lets it stand.
func (k *Keyring) Sit(t testing.TB, dismisses bool) *Person {
	t.Helper()
	p := &Person{k: k, dismisses: dismisses}
	methods := map[string]any{"BeginPrompting": p.begin, "PerformPrompt": p.perform, "StopPrompting": p.stop}
	if err := k.Conn.ExportMethodTable(methods, prompterPath, prompterIface); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Conn.RequestName(prompterName,
		dbus.NameFlagReplaceExisting|dbus.NameFlagAllowReplacement); err != nil {
		t.Fatal(err)
	}
	return p
}

// Seen is how many prompts came up.
func (p *Person) Seen() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// begin says that the screen is free, once gnome-keyring has got the answer to its call and waits for that.
func (p *Person) begin(sender dbus.Sender, callback dbus.ObjectPath) *dbus.Error {
	up := make(chan struct{})
	p.mu.Lock()
	p.prompted = up
	p.mu.Unlock()
	go func() {
		for pause := 50 * time.Millisecond; ; pause = 2 * time.Second { // what comes too early is dropped
			select {
			case <-up:
				return
			case <-p.k.Conn.Context().Done():
				return
			case <-time.After(pause):
				p.reply(sender, callback, "")
			}
		}
	}()
	return nil
}

func (p *Person) perform(
	sender dbus.Sender, callback dbus.ObjectPath, _ string, _ map[string]dbus.Variant, _ string,
) *dbus.Error {
	p.mu.Lock()
	p.seen++
	if p.prompted != nil {
		close(p.prompted)
		p.prompted = nil
	}
	p.mu.Unlock()
	if p.dismisses {
		p.reply(sender, callback, "no")
	}
	return nil
}

func (p *Person) stop(sender dbus.Sender, callback dbus.ObjectPath) *dbus.Error {
	p.k.Conn.Object(string(sender), callback).Go(prompterCallback+".PromptDone", dbus.FlagNoReplyExpected, nil)
	return nil
}

func (p *Person) reply(to dbus.Sender, callback dbus.ObjectPath, answer string) {
	p.k.Conn.Object(string(to), callback).Go(prompterCallback+".PromptReady", dbus.FlagNoReplyExpected, nil, answer,
		map[string]dbus.Variant{}, "")
}
