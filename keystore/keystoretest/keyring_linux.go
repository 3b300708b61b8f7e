package keystoretest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// Password unlocks the keyring of [StartKeyring].
const Password = "correct horse"

const (
	secrets    = "org.freedesktop.secrets"
	secretPath = dbus.ObjectPath("/org/freedesktop/secrets")
	loginPath  = secretPath + "/collection/login"
	patience   = 2 * time.Minute
)

// Keyring is a test's session bus, with gnome-keyring on it unless it is from [StartBus]. All of it ends with the test.
type Keyring struct {
	Address string   // of the bus
	Folder  string   // 0700, holds the bus, the keyring's files and its HOME
	Env     []string // for a process that uses it; has no DISPLAY
	Conn    *dbus.Conn

	collection  dbus.ObjectPath // of the items
	bus, daemon int             // the processes' numbers; daemon 0: none
	gates       []*gate
}

// StartBus starts a session bus on which no keychain answers, and which starts no program for a request.
func StartBus(t testing.TB) *Keyring {
	t.Helper()
	Need(t, "dbus-daemon", "dbus")
	folder, err := os.MkdirTemp("", "cgp") // t.TempDir can be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	k := &Keyring{Folder: folder, Address: "unix:path=" + filepath.Join(folder, "bus"), collection: loginPath}
	k.Env = []string{
		"DBUS_SESSION_BUS_ADDRESS=" + k.Address, "XDG_RUNTIME_DIR=" + folder, "HOME=" + folder,
		"XDG_DATA_HOME=" + folder,
		"XDG_CONFIG_HOME=" + folder, "XDG_STATE_HOME=" + folder, "XDG_CACHE_HOME=" + folder,
		"PATH=" + os.Getenv("PATH"),
		"CGP_CRED_KEYCHAIN_TIMEOUT=" + patience.String(), // for a machine that is busy with other tests
	}
	config := filepath.Join(folder, "bus.conf")
	text := `<busconfig><type>session</type><listen>` + k.Address +
		`</listen><auth>EXTERNAL</auth><policy context="default">` +
		`<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k.startBus(t)
	t.Cleanup(func() { _ = k.Conn.Close() })
	return k
}

func (k *Keyring) startBus(t testing.TB) {
	t.Helper()
	k.bus = start(t, k.Env, "", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
		"--config-file="+filepath.Join(k.Folder, "bus.conf"))
	await(t, k.bus, "the bus came up", func() (up bool) {
		conn, err := dbus.Connect(k.Address)
		if err == nil {
			k.Conn = conn
		}
		return err == nil
	})
}

// StartKeyring starts a session bus with gnome-keyring, its login collection unlocked.
func StartKeyring(t testing.TB) *Keyring {
	t.Helper()
	Need(t, "gnome-keyring-daemon", "gnome-keyring")
	k := StartBus(t)
	control := filepath.Join(k.Folder, "keyring")
	if err := os.Mkdir(control, 0o700); err != nil {
		t.Fatal(err)
	}
	k.Env = append(k.Env, "GNOME_KEYRING_CONTROL="+control)
	k.startDaemon(t)
	return k
}

func (k *Keyring) startDaemon(t testing.TB) {
	t.Helper()
	k.daemon = start(t, k.Env, Password, "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets",
		"--control-directory="+filepath.Join(k.Folder, "keyring"))
	await(t, k.daemon, "the keyring came up", func() bool { return !k.Locked() })
}

// keePassXCSettings are KeePassXC's, with the Secret Service on.
const keePassXCSettings = `[General]
ConfigVersion=2
[GUI]
CheckForUpdates=false
[Security]
LockDatabaseIdle=false
[FdoSecrets]
Enabled=true
ShowNotification=false
`

// keePassXCDatabase shows its root group to the Secret Service.
const keePassXCDatabase = `<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile><Meta><CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key>
<Value>{00112233-4455-6677-8899-aabbccddeeff}</Value></Item></CustomData></Meta>
<Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root></KeePassFile>
`

// StartKeePassXC starts a session bus with KeePassXC, its database unlocked. With confirm it shows a dialog for each
// access, which no user answers.
func StartKeePassXC(t testing.TB, confirm bool) *Keyring {
	t.Helper()
	Need(t, "keepassxc", "keepassxc")
	k := StartBus(t)
	k.collection = secretPath + "/collection/passwords"
	// It runs once for each TMPDIR.
	k.Env = append(k.Env, "QT_QPA_PLATFORM=offscreen", "TMPDIR="+k.Folder)
	settings := keePassXCSettings
	for _, name := range []string{"ConfirmAccessItem", "ConfirmDeleteItem"} {
		settings += fmt.Sprintf("%s=%t\n", name, confirm)
	}
	at := func(name string) string { return filepath.Join(k.Folder, name) }
	err := errors.Join(os.Mkdir(at("keepassxc"), 0o700),
		os.WriteFile(at("keepassxc/keepassxc.ini"), []byte(settings), 0o600),
		os.WriteFile(at("passwords.xml"), []byte(keePassXCDatabase), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("keepassxc-cli", "import", "-p", at("passwords.xml"), at("passwords.kdbx"))
	cmd.Env, cmd.Stdin = k.Env, strings.NewReader(Password+"\n"+Password+"\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making KeePassXC's database: %v\n%s", err, out)
	}
	k.daemon = start(t, k.Env, Password+"\n", "keepassxc", "--pw-stdin", at("passwords.kdbx"))
	await(t, k.daemon, "KeePassXC came up", func() bool { return !k.Locked() })
	return k
}

// StartLockedKeyring starts a locked keyring whose prompts are not answered.
func StartLockedKeyring(t testing.TB) *Keyring {
	t.Helper()
	k := StartKeyring(t)
	k.Lock(t)
	return k
}

// Lock locks the login collection.
func (k *Keyring) Lock(t testing.TB) {
	t.Helper()
	err := k.Conn.Object(secrets, secretPath).Call("org.freedesktop.Secret.Service.Lock", 0,
		[]dbus.ObjectPath{k.collection}).Err
	if err != nil || !k.Locked() {
		t.Fatalf("locking the keyring: %v", err)
	}
}

// Unlock unlocks the login collection as cgp-cred's hint says: with another daemon.
func (k *Keyring) Unlock(t testing.TB) {
	t.Helper()
	cmd := exec.Command("gnome-keyring-daemon", "--replace", "--unlock", "--components=secrets")
	cmd.Env, cmd.Stdin = k.Env, strings.NewReader(Password)
	if err := cmd.Run(); err != nil {
		t.Fatalf("unlocking the keyring: %v", err)
	}
	await(t, 0, "the keyring was unlocked", func() bool { return !k.Locked() })
	var pid int
	if err := k.Conn.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0,
		secrets).Store(&pid); err != nil || pid <= 1 {
		t.Fatalf("the keyring's process is not known: %v", err)
	}
	k.daemon = pid
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
}

// Locked reports whether the login collection is locked or missing.
func (k *Keyring) Locked() bool {
	v, err := k.Conn.Object(secrets, k.collection).GetProperty("org.freedesktop.Secret.Collection.Locked")
	locked, ok := v.Value().(bool)
	return err != nil || !ok || locked
}

// Look returns the secret of an account's item, or "" if it has none.
func (k *Keyring) Look(t testing.TB, account string) string {
	t.Helper()
	return k.secretTool(t, "", "lookup", "service", "cgp-cred", "username", account)
}

// Put makes an account's item.
func (k *Keyring) Put(t testing.TB, account, secret string) {
	t.Helper()
	k.secretTool(t, secret, "store", "--label=test", "service", "cgp-cred", "username", account)
}

func (k *Keyring) secretTool(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	Need(t, "secret-tool", "libsecret-tools")
	cmd := exec.Command("secret-tool", args...)
	cmd.Env, cmd.Stdin = k.Env, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("secret-tool %s: %v", args[0], err)
	}
	return string(out)
}

// Items returns the number of items with these attributes in the login collection.
func (k *Keyring) Items(t testing.TB, service, username string) int {
	t.Helper()
	var found []dbus.ObjectPath
	err := k.Conn.Object(secrets, k.collection).Call("org.freedesktop.Secret.Collection.SearchItems", 0,
		map[string]string{"service": service, "username": username}).Store(&found)
	if err != nil {
		t.Fatalf("searching the keyring: %v", err)
	}
	slices.Sort(found)
	return len(slices.Compact(found))
}

// await waits until something is so, as long as the program that causes it is running; 0: this program.
func await(t testing.TB, pid int, what string, ready func() bool) {
	t.Helper()
	for !ready() {
		if pid != 0 && syscall.Kill(pid, 0) != nil && !ready() {
			t.Fatal("its program ended before ", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
