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
	BusStopped Fault = "bus-stopped" // the bus accepts connections and answers nothing any more
	BusKilled  Fault = "bus-killed"  // the bus ends, and the keyring's program with it
)

// Gate returns the address of a bus that passes everything on to k's bus. The fault happens at the first call of a
// method: after all earlier calls were answered, and before that call is passed on.
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
	method []byte // as it is in a message: with the zero byte that ends a D-Bus string
	once   sync.Once
	strike func()
}

// pass connects a program to the bus, and searches what the program sends.
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

// Fault returns a function that makes the fault happen.
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

// Repair ends a fault: it continues a stopped process, and starts and unlocks a killed one again. A gate whose method
// was never called, because a deadline came first, passes everything from now on.
func (k *Keyring) Repair(t testing.TB, f Fault) {
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
	await(t, k.daemon, "the keyring was repaired", func() bool { return !k.Locked() })
}

func (k *Keyring) owned(t testing.TB, name string) (owned bool) {
	t.Helper()
	if err := k.Conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned); err != nil {
		t.Fatalf("asking for the owner of %s: %v", name, err)
	}
	return owned
}

// Person is a user in front of the screen who sees gnome-keyring's prompts: org.gnome.keyring.SystemPrompter, which
// gnome-keyring calls as it calls the desktop's own.
type Person struct {
	k         *Keyring
	dismisses bool

	mu       sync.Mutex
	seen     int
	prompted chan struct{} // closed when the prompt is on the screen
}

const (
	prompterName     = "org.gnome.keyring.SystemPrompter"
	prompterPath     = dbus.ObjectPath("/org/gnome/keyring/Prompter")
	prompterIface    = "org.gnome.keyring.internal.Prompter"
	prompterCallback = "org.gnome.keyring.internal.Prompter.Callback"
)

// Sit puts a person in front of k's screen, who dismisses each prompt or does not answer it.
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

// Seen returns how many prompts there were.
func (p *Person) Seen() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// begin reports that the screen is free, after gnome-keyring has received the answer to its call and waits for that.
func (p *Person) begin(sender dbus.Sender, callback dbus.ObjectPath) *dbus.Error {
	up := make(chan struct{})
	p.mu.Lock()
	p.prompted = up
	p.mu.Unlock()
	go func() {
		for pause := 50 * time.Millisecond; ; pause = 2 * time.Second { // an early reply is dropped
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
