package keychain_test

import (
	"testing"

	"github.com/godbus/dbus/v5"

	"cgp-cred/keystore/keystoretest"
)

// fakeService answers as Secret Service: as go-keyring expects, except for what a test spoils.
type fakeService struct {
	collections any                        // the property; a list of paths if it is right
	items       map[dbus.ObjectPath][]byte // what it holds
	keep        bool                       // CreateItem stores
	drop        bool                       // Delete deletes

	spoilt methods                // methods that replace its own, by name
	prompt func(*fakeService) any // its prompt's method Prompt
	conn   *dbus.Conn             // its own connection to the bus
}

const (
	fakePath  = dbus.ObjectPath("/org/freedesktop/secrets")
	fakeLogin = fakePath + "/collection/login"
	fakeItem  = fakeLogin + "/1"
	noPrompt  = dbus.ObjectPath("/")
)

type fakeSecret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

func serveFake(t *testing.T, f *fakeService) *keystoretest.Keyring {
	t.Helper()
	k := keystoretest.StartBus(t)
	if f.collections == nil {
		f.collections = []dbus.ObjectPath{fakeLogin}
	}
	f.conn = k.Conn
	objects := map[dbus.ObjectPath]map[string]map[string]any{
		fakePath: {
			"org.freedesktop.DBus.Properties": {"Get": func(string, string) (dbus.Variant, *dbus.Error) {
				return dbus.MakeVariant(f.collections), nil
			}},
			"org.freedesktop.Secret.Service": {
				"OpenSession": func(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
					return dbus.MakeVariant(""), fakePath + "/session/1", nil
				},
				"Unlock": func(paths []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
					return paths, noPrompt, nil
				},
			},
		},
		fakePath + "/session/1": {"org.freedesktop.Secret.Session": {"Close": func() *dbus.Error { return nil }}},
		fakeLogin: {"org.freedesktop.Secret.Collection": {
			"SearchItems": func(map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
				var found []dbus.ObjectPath
				for path := range f.items {
					found = append(found, path)
				}
				return found, nil
			},
			"CreateItem": func(_ map[string]dbus.Variant, s fakeSecret, _ bool) (dbus.ObjectPath, dbus.ObjectPath,
				*dbus.Error,
			) {
				if f.keep {
					f.items = map[dbus.ObjectPath][]byte{fakeItem: append(s.Value, '!')}
				}
				return noPrompt, noPrompt, nil
			},
		}},
		fakeItem: {"org.freedesktop.Secret.Item": {
			"GetSecret": func(session dbus.ObjectPath) (fakeSecret, *dbus.Error) {
				return fakeSecret{session, []byte{}, f.items[fakeItem], "text/plain"}, nil
			},
			"Delete": func() (dbus.ObjectPath, *dbus.Error) {
				if f.drop {
					f.items = nil
				}
				return noPrompt, nil
			},
		}},
	}
	if f.prompt != nil {
		objects[fakePath+"/prompt/1"] = map[string]map[string]any{
			"org.freedesktop.Secret.Prompt": {"Prompt": f.prompt(f)},
		}
	}
	for path, tables := range objects {
		for iface, table := range tables {
			for name := range table {
				if spoilt, ok := f.spoilt[name]; ok {
					table[name] = spoilt
				}
			}
			if err := k.Conn.ExportMethodTable(table, path, iface); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := k.Conn.RequestName("org.freedesktop.secrets", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return k
}

// go-keyring drops the answer of a prompt: what was dismissed looks like success.
func TestSuccessIsConfirmed(t *testing.T) {
	t.Parallel()
	stored := map[dbus.ObjectPath][]byte{fakeItem: []byte("value")}
	t.Run("nothing stored", func(t *testing.T) {
		t.Parallel()
		expect(t, child(t, "set", serveFake(t, &fakeService{}).Env...), "denied", "stored nothing")
	})
	t.Run("another value stored", func(t *testing.T) {
		t.Parallel()
		expect(t, child(t, "set", serveFake(t, &fakeService{keep: true}).Env...), "corrupt", "another value")
	})
	t.Run("stored", func(t *testing.T) {
		t.Parallel()
		expect(t, child(t, "set", serveFake(t, &fakeService{items: stored}).Env...), "ok")
	})
	t.Run("not deleted", func(t *testing.T) {
		t.Parallel()
		expect(t, child(t, "delete", serveFake(t, &fakeService{items: stored}).Env...), "denied", "still there")
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		expect(t, child(t, "delete", serveFake(t, &fakeService{items: stored, drop: true}).Env...), "ok")
	})
}
