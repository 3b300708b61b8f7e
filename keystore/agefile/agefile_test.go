package agefile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

const (
	phrase = "correct horse battery staple"
	value  = `{"v":1,"api_key":"secret-api-key"}`
)

// files is one user's encrypted files. Each test spoils one thing.
type files struct {
	testing.TB

	folder, state, identity string
}

func newFiles(t testing.TB) files {
	t.Helper()
	f := files{
		TB: t, folder: filepath.Join(t.TempDir(), "share", "cgp-cred"),
		state: filepath.Join(t.TempDir(), "cgp-cred"),
	}
	t.Cleanup(func() { f.forget() })
	return f
}

// withIdentity opens the files with the user's identity file: no passphrase, no scrypt.
func (f files) withIdentity() files {
	f.Helper()
	i, err := age.GenerateX25519Identity()
	f.must(err)
	f.identity = filepath.Join(filepath.Dir(filepath.Dir(f.folder)), "key.txt")
	f.must(os.WriteFile(f.identity, []byte("# created: today\n"+i.String()+"\n"), 0o600))
	return f
}

func (f files) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// open is the keystore of a new process that is given a passphrase, or can't ask a user.
func (f files) open(passphrase string) keystore.Keystore {
	f.Helper()
	return agefile.New(f.options(passphrase))
}

func (f files) options(passphrase string) agefile.Options {
	f.Helper()
	if passphrase == "" {
		return f.with(f.unanswered())
	}
	return f.with(f.given(passphrase + "\n"))
}

func (f files) with(u *agefile.Unlocker) agefile.Options {
	return agefile.Options{Folder: f.folder, State: f.state, Identity: f.identity, Unlocker: u}
}

func (f files) forget() bool {
	f.Helper()
	o := f.options("")
	had, err := agefile.Forget(o)
	f.must(err)
	return had
}

func (f files) file(name string) string { return filepath.Join(f.folder, name) }

func (f files) read(name string) []byte {
	f.Helper()
	raw, err := os.ReadFile(f.file(name))
	f.must(err)
	return raw
}

func (f files) write(name string, raw []byte) {
	f.Helper()
	f.must(os.WriteFile(f.file(name), raw, 0o600))
}

// is holds an error against a kind: it names the account, has a hint, and neither has a secret.
func (f files) is(err, kind error) {
	f.Helper()
	var e *keystore.Error
	if !errors.Is(err, kind) || !errors.As(err, &e) {
		f.Fatalf("%v, want %v", err, kind)
	}
	text := e.Error() + fault.HintOf(e, "")
	if e.Account != "int" || !strings.Contains(text, `"int"`) || fault.HintOf(e, "") == "" ||
		strings.Contains(fault.HintOf(e, ""), "keychain") {
		f.Errorf("%v; hint: %s", err, e.FaultHints())
	}
	for _, secret := range []string{phrase, "correct", "secret-api-key", "AGE-SECRET-KEY"} {
		if strings.Contains(text, secret) {
			f.Errorf("the message has %q", secret)
		}
	}
}

func (f files) set(ks keystore.Keystore, text string) error {
	return ks.Set(context.Background(), "int", keystore.NewSecret([]byte(text)))
}

func (f files) want(ks keystore.Keystore, text string) {
	f.Helper()
	got, err := ks.Get(context.Background(), "int")
	if err != nil || string(got.Reveal()) != text {
		f.Fatalf("%q, %v, want %q", got.Reveal(), err, text)
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	_, err := f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrNotFound) // and no user was asked
	f.is(f.open("").Delete(t.Context(), "int"), keystore.ErrNotFound)
	f.is(f.set(f.open(""), value), keystore.ErrLocked)
	f.must(f.set(f.open(phrase), value))
	f.forget()

	_, err = f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrLocked)
	_, err = f.open("incorrect horse").Get(t.Context(), "int")
	f.is(err, keystore.ErrDenied)
	f.is(f.set(f.open("incorrect horse"), "another"), keystore.ErrDenied)
	f.want(f.open(phrase), value)
	f.must(f.set(f.open(phrase), "changed"))
	f.want(f.open(phrase), "changed")

	for _, name := range []string{"identity", "int.age"} {
		info, err := os.Stat(f.file(name))
		f.must(err)
		if info.Mode() != 0o600 && keystoretest.Unix.Here() || bytes.Contains(f.read(name), []byte("changed")) ||
			bytes.Contains(f.read(name), []byte("SECRET")) {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
	}
	f.forget()
	f.must(f.open("").Delete(t.Context(), "int")) // needs no passphrase
	if left, _ := filepath.Glob(f.file("*")); len(left) != 1 || left[0] != f.file("lock") {
		t.Errorf("left: %q", left)
	}
	f.must(f.set(f.open("another passphrase"), value)) // a forgotten passphrase ends with the last record
}

// The identity is unlocked once for all of a user's processes and profiles, until it is forgotten.
func TestKept(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	f.must(f.set(f.open(phrase), value))
	keystoretest.Require(t, keystoretest.KernelKeys)
	if !f.forget() {
		t.Fatal("the identity was not kept")
	}
	f.want(f.open(phrase), value)
	f.want(f.open(""), value)
	f.must(f.open("").Set(t.Context(), "prod", keystore.NewSecret([]byte("other"))))
	if !f.forget() || f.forget() {
		t.Error("forget did not say what it found")
	}
	_, err := f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrLocked)

	f.want(f.open(phrase), value)
	f.must(os.Remove(filepath.Join(f.state, "seal.key"))) // another machine with the same home
	_, err = f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrLocked)
}

// Without a kernel keyring one process asks once.
func TestKeptByProcess(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	f.state = ""
	o := f.options(phrase)
	ks := agefile.New(o)
	f.must(f.set(ks, value))
	f.want(ks, value)
	f.want(agefile.New(o), value)
	_, err := f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrLocked)
}

// A non-interactive context asks no user, even with a terminal.
func TestQuiet(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	f.must(f.set(f.open(phrase), value))
	f.forget()
	o := f.options("")
	o.Unlocker = new(agefile.Unlocker)
	_, err := agefile.New(o).Get(keystore.NonInteractive(t.Context()), "int")
	f.is(err, keystore.ErrLocked)
	if !strings.Contains(err.Error(), "does not ask") {
		t.Error(err)
	}
}

func TestDescriptorNumber(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0", "1", "2", "-1", "x", "3 ", "70000", "correct horse"} {
		_, err := agefile.NewUnlocker(s, "")
		if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" ||
			strings.Contains(err.Error()+fault.HintOf(err, ""), "horse") {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := agefile.NewUnlocker("", ""); err != nil {
		t.Error(err)
	}
}

// usualWork is what users get.
var usualWork = agefile.PassphraseWork

func init() { agefile.PassphraseWork = 1 } // no test tries to guess

// The identity's file costs who guesses a passphrase what PassphraseWork says.
func TestPassphraseWork(t *testing.T) {
	t.Parallel()
	if usualWork != 18 {
		t.Errorf("the work for a new passphrase is 2^%d, want 2^18", usualWork)
	}
	f := newFiles(t)
	f.must(f.set(f.open(phrase), value))
	want := regexp.MustCompile(fmt.Sprintf(`(?m)^-> scrypt \S+ %d$`, agefile.PassphraseWork))
	if text := f.read("identity"); !want.Match(text) {
		t.Errorf("the identity is protected otherwise than by %s: %q", want, text[:min(len(text), 200)])
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	f.must(f.set(f.open(phrase), value))
	ks := f.open(phrase)
	for _, name := range []string{"int.age", "identity"} {
		whole := f.read(name)
		spoil := func(what string, raw []byte) {
			t.Helper()
			f.write(name, raw)
			_, err := ks.Get(t.Context(), "int")
			if !errors.Is(err, keystore.ErrCorrupt) {
				t.Errorf("%s %s: %v", name, what, err)
			}
			f.is(err, keystore.ErrCorrupt)
			f.is(f.set(ks, "new"), keystore.ErrCorrupt)
			if !bytes.Equal(f.read(name), raw) {
				t.Fatalf("%s %s: a damaged file was written over", name, what)
			}
		}
		for i := range whole {
			spoil(fmt.Sprint("cut at ", i), whole[:i])
			for _, bit := range []byte{1, 0x80, 1 << (i % 8)} {
				raw := bytes.Clone(whole)
				raw[i] ^= bit
				spoil(fmt.Sprint("changed at ", i), raw)
			}
		}
		spoil("longer", append(bytes.Clone(whole), 0))
		f.write(name, whole)
		f.want(ks, value)
	}
	f.must(os.Remove(f.file("identity")))
	_, err := ks.Get(t.Context(), "int")
	f.is(err, keystore.ErrLocked)
}

func TestNewerAndForeign(t *testing.T) {
	t.Parallel()
	f := newFiles(t).withIdentity()
	ks := f.open("")
	f.must(f.set(ks, value))
	text, err := os.ReadFile(f.identity)
	f.must(err)
	all, err := age.ParseIdentities(bytes.NewReader(text))
	f.must(err)
	own, ok := all[0].(*age.X25519Identity)
	if !ok {
		t.Fatal("another identity")
	}
	for _, tt := range []struct {
		name, plain string
		kind        error
	}{
		{"newer", "cgp-cred record 2 int\nwhatever", keystore.ErrNewer},
		{"newer, of another form", "cgp-cred record 12 x y z", keystore.ErrNewer},
		{"another account's", "cgp-cred record 1 prod\n" + value, keystore.ErrCorrupt},
		{"no record", value, keystore.ErrCorrupt},
		{"no version", "cgp-cred record x int\n" + value, keystore.ErrCorrupt},
		{"a version with a leading zero", "cgp-cred record 01 int\n" + value, keystore.ErrCorrupt},
		{"empty", "cgp-cred record 1 int\n", keystore.ErrCorrupt},
		{"not ASCII", "cgp-cred record 1 int\n\xff", keystore.ErrCorrupt},
		{"too long", "cgp-cred record 1 int\n" + strings.Repeat("x", keystore.MaxValue+1), keystore.ErrCorrupt},
	} {
		var out bytes.Buffer
		w, err := age.Encrypt(&out, own.Recipient())
		f.must(err)
		_, err = w.Write([]byte(tt.plain))
		f.must(errors.Join(err, w.Close()))
		f.write("int~identity.age", out.Bytes())
		_, err = ks.Get(t.Context(), "int")
		f.is(err, tt.kind)
		f.is(f.set(ks, "new"), tt.kind)
		if !bytes.Equal(f.read("int~identity.age"), out.Bytes()) {
			t.Errorf("%s: written over", tt.name)
		}
	}

	f = newFiles(t)
	f.must(f.set(f.open(phrase), value))
	raw := fmt.Appendf(nil, "cgp-cred identity 2 %x\nnew", sha256.Sum256([]byte("2\nnew")))
	f.write("identity", raw)
	_, err = f.open(phrase).Get(t.Context(), "int")
	f.is(err, keystore.ErrNewer)
	f.is(f.set(f.open(phrase), "new"), keystore.ErrNewer)
	if !bytes.Equal(f.read("identity"), raw) {
		t.Error("a newer identity was written over")
	}
}

func TestIdentityFile(t *testing.T) {
	t.Parallel()
	f := newFiles(t).withIdentity()
	f.must(f.set(f.open(""), value))
	f.want(f.open(""), value)
	if _, err := os.Stat(f.file("identity")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an identity was made: %v", err)
	}
	pq, err := age.GenerateHybridIdentity()
	f.must(err)
	for _, tt := range []struct {
		name, text string
		kind       error
	}{
		{"another", newIdentity(f), keystore.ErrCorrupt},
		{"post-quantum, not the one", pq.String(), keystore.ErrCorrupt},
		{"empty", "", keystore.ErrDenied},
		{"a recipient", "age1q", keystore.ErrDenied},
		{"an ssh key", "-----BEGIN OPENSSH PRIVATE KEY-----", keystore.ErrDenied},
	} {
		other := f
		other.identity = filepath.Join(t.TempDir(), "key.txt")
		f.must(os.WriteFile(other.identity, []byte(tt.text), 0o600))
		_, err := other.open("").Get(t.Context(), "int")
		f.is(err, tt.kind)
		f.is(f.set(other.open(""), "new"), tt.kind)
	}
	f.must(letRead(f.identity))
	_, err = f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrDenied)
	if !strings.Contains(err.Error(), "can be read by "+others) {
		t.Error(err)
	}
	f.must(os.Remove(f.identity))
	_, err = f.open("").Get(t.Context(), "int")
	f.is(err, keystore.ErrDenied)
}

func newIdentity(f files) string {
	i, err := age.GenerateX25519Identity()
	f.must(err)
	return i.String()
}

func TestUnsafe(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f files) error{
		"readable": func(f files) error { return letRead(f.file("int~identity.age")) },
		"a link": func(f files) error {
			f.Helper()
			err := os.Rename(f.file("int~identity.age"), f.file("x"))
			keystoretest.Symlink(f, "x", f.file("int~identity.age"))
			return err
		},
		"a second name":   func(f files) error { return os.Link(f.file("int~identity.age"), f.file("x")) },
		"a folder of all": func(f files) error { f.Helper(); keystoretest.LetAllWrite(f, f.folder); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFiles(t).withIdentity()
			f.must(f.set(f.open(""), value))
			f.must(spoil(f))
			_, err := f.open("").Get(t.Context(), "int")
			f.is(err, keystore.ErrDenied)
			if err := f.set(f.open(""), "new"); !errors.Is(err, keystore.ErrDenied) {
				t.Error(err)
			}
		})
	}
}

// Many processes that write at once, the first time too, are one after the other.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	var all sync.WaitGroup
	for i := range 20 {
		ks := f.open(phrase)
		all.Go(func() {
			if err := ks.Set(context.Background(), fmt.Sprint("p", i%3),
				keystore.NewSecret([]byte(fmt.Sprint("value ", i)))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 3 {
		if _, err := f.open(phrase).Get(t.Context(), fmt.Sprint("p", i)); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(f.file(".*")); left != nil {
		t.Errorf("left: %q", left)
	}
}
