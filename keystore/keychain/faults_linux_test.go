package keychain_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"cgp-cred/keystore/keystoretest"
)

// whole holds that k has one item, and in it what was stored.
func whole(t *testing.T, k *keystoretest.Keyring) {
	t.Helper()
	if r := child(t, "get", k.Env...); r.Class != "ok" || r.Value != "value" || k.Items(t, "cgp-cred", "int") != 1 {
		t.Fatalf("afterwards: %s (%s), value %q, %d items", r.Class, r.Message, r.Value, k.Items(t, "cgp-cred", "int"))
	}
}

// The keyring's program, or the bus, ends at each call of a get, a set and a delete. What is not carried out then is an
// error at once.
func TestEndsMeanwhile(t *testing.T) {
	t.Parallel()
	for fault, want := range map[keystoretest.Fault]string{
		keystoretest.Killed:    "",
		keystoretest.BusKilled: "the session bus closed the connection",
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			k := keystoretest.StartKeyring(t)
			expect(t, child(t, "set", k.Env...), "ok")
			for _, at := range []struct{ action, method string }{
				{"get", "Unlock"},
				{"get", "SearchItems"},
				{"get", "OpenSession"},
				{"get", "GetSecret"},
				{"set", "OpenSession"},
				{"set", "CreateItem"},
				{"delete", "SearchItems"},
				{"delete", "Delete"},
			} {
				r := child(t, at.action, "DBUS_SESSION_BUS_ADDRESS="+k.Gate(t, at.method, fault),
					"CGP_CRED_KEYCHAIN_TIMEOUT=30s")
				if r.Class != "unavailable" || !strings.Contains(r.Message, want) ||
					!strings.Contains(r.Hint, "doctor") {
					t.Errorf("%s, at %s: %s (%s), hint: %s", at.action, at.method, r.Class, r.Message, r.Hint)
				}
				k.Repair(t, fault)
				whole(t, k)
			}
		})
	}
}

// The keyring's program, or the bus, hangs: the deadline ends it, and says what may come after.
func TestHangsMeanwhile(t *testing.T) {
	t.Parallel()
	for _, fault := range []keystoretest.Fault{keystoretest.Stopped, keystoretest.BusStopped} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			k := keystoretest.StartKeyring(t)
			expect(t, child(t, "set", k.Env...), "ok")
			for _, at := range []struct{ action, method, says string }{
				{"get", "GetSecret", "waited 1s"},
				{"set", "CreateItem", "it may still be stored when the keychain continues"},
				{"delete", "SearchItems", "it may still be deleted when the keychain continues"},
			} {
				r := child(t, at.action, "DBUS_SESSION_BUS_ADDRESS="+k.Gate(t, at.method, fault),
					"CGP_CRED_KEYCHAIN_TIMEOUT=1s")
				expect(t, r, "timeout", at.says)
				k.Repair(t, fault)
				whole(t, k)
			}
		})
	}
}

// One command asks a keychain several times. One that does not answer costs it one deadline, and one whose prompt is
// dismissed shows one.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	t.Run("hanging", func(t *testing.T) {
		t.Parallel()
		k := keystoretest.StartKeyring(t)
		expect(t, child(t, "set", k.Env...), "ok")
		r := child(t, "twice", "DBUS_SESSION_BUS_ADDRESS="+k.Gate(t, "GetSecret", keystoretest.Stopped),
			"CGP_CRED_KEYCHAIN_TIMEOUT=5s")
		expect(t, r, "timeout", "waited 5s")
		if r.Waited != 1 {
			t.Errorf("%d of two calls said that they wait, want 1", r.Waited)
		}
	})
	for action, prompts := range map[string]int{"twice": 1, "twice, later": 2} {
		t.Run("dismissed "+action, func(t *testing.T) {
			t.Parallel()
			k := keystoretest.StartKeyring(t)
			expect(t, child(t, "set", k.Env...), "ok")
			k.Lock(t)
			who := k.Sit(t, true)
			expect(t, child(t, action, k.Env...), "locked", "its prompt was dismissed")
			if who.Seen() != prompts {
				t.Errorf("%d prompts, want %d", who.Seen(), prompts)
			}
		})
	}
}

// A prompt is up, and the bus ends.
func TestBusEndsUnderAPrompt(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartKeyring(t)
	expect(t, child(t, "set", k.Env...), "ok")
	k.Lock(t)
	who, kill := k.Sit(t, false), k.Fault(t, keystoretest.BusKilled)
	go func() {
		for who.Seen() == 0 && t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		kill()
	}()
	expect(t, child(t, "get", k.Env...), "unavailable", "the session bus closed the connection")
}

type methods map[string]any

// Whatever a provider answers, it is an error and not a panic, and nothing is taken for a success.
func TestMalformedReplies(t *testing.T) {
	t.Parallel()
	const prompt = fakePath + "/prompt/1"
	text := func(...any) (string, *dbus.Error) { return "a text", nil }
	prompts := func([]dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) { return nil, prompt, nil }
	completes := func(body ...any) func(*fakeService) any {
		return func(f *fakeService) any {
			return func(string) *dbus.Error {
				_ = f.conn.Emit(prompt, "org.freedesktop.Secret.Prompt.Completed", body...)
				return nil
			}
		}
	}
	for name, f := range map[string]*fakeService{
		"collections":          {collections: "not a list"},
		"collections of texts": {collections: []string{"/a"}},
		"session": {
			items: stored(),
			spoilt: methods{"OpenSession": func(string, dbus.Variant) (string, *dbus.Error) {
				return "a text", nil
			}},
		},
		"unlocked": {spoilt: methods{"Unlock": func([]dbus.ObjectPath) (string, *dbus.Error) {
			return "a text", nil
		}}},
		"another unlocked": {spoilt: methods{"Unlock": func([]dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath,
			*dbus.Error,
		) {
			return []dbus.ObjectPath{"/a", "/b"}, noPrompt, nil
		}}},
		"found": {spoilt: methods{"SearchItems": func(map[string]string) ([]int32, *dbus.Error) {
			return []int32{7}, nil
		}}},
		"found elsewhere": {spoilt: methods{"SearchItems": func(map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
			return []dbus.ObjectPath{"/nothing/here"}, nil
		}}},
		"no such prompt":         {spoilt: methods{"Unlock": prompts}},
		"prompt without a body":  {spoilt: methods{"Unlock": prompts}, prompt: completes()},
		"prompt with half of it": {spoilt: methods{"Unlock": prompts}, prompt: completes(false)},
		"prompt with texts":      {spoilt: methods{"Unlock": prompts}, prompt: completes("no", "no")},
		"prompt with numbers":    {spoilt: methods{"Unlock": prompts}, prompt: completes(false, dbus.MakeVariant(7))},
		"secret": {items: stored(), spoilt: methods{
			"GetSecret": func(dbus.ObjectPath) (string, *dbus.Error) { return "a text", nil },
			"Delete":    func() (uint64, *dbus.Error) { return 7, nil }, "CreateItem": text,
		}},
		"its own errors": {items: stored(), spoilt: methods{
			"GetSecret": func(dbus.ObjectPath) (dbus.ObjectPath, *dbus.Error) {
				return "", dbus.NewError("x.y", []any{7})
			},
			"Delete": func() (dbus.ObjectPath, *dbus.Error) { return "", dbus.NewError("x.y", nil) },
			"CreateItem": func(map[string]dbus.Variant, fakeSecret, bool) (dbus.ObjectPath, dbus.ObjectPath,
				*dbus.Error,
			) {
				return "", "", dbus.NewError("x.y", nil)
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := serveFake(t, f)
			for _, action := range []string{"get", "set", "delete"} {
				switch r := child(t, action, k.Env...); r.Class {
				case "unavailable", "locked":
					if r.Hint == "" {
						t.Errorf("%s: no hint for %s", action, r.Message)
					}
				default:
					t.Errorf("%s: %s (%s), want an error of the keychain", action, r.Class, r.Message)
				}
			}
		})
	}
}

func stored() map[dbus.ObjectPath][]byte {
	return map[dbus.ObjectPath][]byte{fakeItem: []byte("value")}
}

// A record that another program has put there, whatever it is, is damaged: read, and not written over.
func TestForeignValues(t *testing.T) {
	t.Parallel()
	for name, value := range map[string][]byte{
		"empty": {}, "text": []byte("password123"), "JSON": []byte(`{"v":1}`), "zeros": make([]byte, 100),
		"64 KiB": make([]byte, 64<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := serveFake(t, &fakeService{items: map[dbus.ObjectPath][]byte{fakeItem: value}})
			expect(t, child(t, "load", k.Env...), "corrupt", "the keychain's own program")
		})
	}
}

// What is no D-Bus at all, after a greeting that is one.
func TestBusThatTalksNonsense(t *testing.T) {
	t.Parallel()
	for name, nonsense := range map[string]string{
		"text":        strings.Repeat("HTTP/1.1 400 Bad Request\r\n", 50),
		"zeros":       strings.Repeat("\x00", 1<<16),
		"a great one": "l\x02\x01\x01\xff\xff\xff\x07\x01\x00\x00\x00\xff\xff\xff\x03" + strings.Repeat("\xff", 1000),
		"too great":   "l\x02\x01\x01\xff\xff\xff\xff\x01\x00\x00\x00\xff\xff\xff\xff" + strings.Repeat("\xff", 1000),
		"an empty":    "l\x02\x01\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
	} {
		for ending, end := range map[string]func(io.Closer){
			"then silence": func(io.Closer) {},
			"then the end": func(c io.Closer) {
				_ = c.Close()
			},
		} {
			t.Run(name+", "+ending, func(t *testing.T) {
				t.Parallel()
				path := listen(t, func(_ int, c net.Conn) {
					in := bufio.NewReader(c)
					for {
						line, err := in.ReadString('\n')
						switch {
						case err != nil:
							return
						case strings.Contains(line, "NEGOTIATE"):
							_, _ = io.WriteString(c, "AGREE_UNIX_FD\r\n")
						case strings.HasPrefix(line, "BEGIN"):
							_, _ = io.WriteString(c, nonsense)
							end(c)
							_, _ = io.Copy(io.Discard, in)
							return
						default:
							_, _ = io.WriteString(c, "OK 0123456789abcdef0123456789abcdef\r\n")
						}
					}
				})
				r := child(t, "set", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path, "CGP_CRED_KEYCHAIN_TIMEOUT=2s")
				if r.Class != "timeout" && r.Class != "unavailable" {
					t.Errorf("%s (%s)", r.Class, r.Message)
				}
			})
		}
	}
}
