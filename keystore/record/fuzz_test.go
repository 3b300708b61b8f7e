package record_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
)

// FuzzBundle: what CGP_CRED_BUNDLE may hold. A bundle that is accepted is the record that it would be made of; what is
// refused is not repeated.
func FuzzBundle(f *testing.F) {
	for _, r := range []*record.Record{
		{Rev: "r", Host: "h", Auth: "none"},
		{Rev: "r", Host: "h", Auth: "apikey", APIKey: keystore.NewSecret([]byte("k"))},
		{
			Rev: "r", Host: "h", Auth: "jwt", APIKey: keystore.NewSecret([]byte("k")),
			Key: keystoretest.RecordKey(1024, 0, "a"), Next: keystoretest.RecordKey(1024, 1, "b"),
		},
	} {
		f.Add(encode(f, r).Reveal(), true)
	}
	f.Add([]byte("cgpcred1."), false)
	f.Add([]byte("cgpcred2.e30"), false)
	f.Add([]byte(`{"v":1,"rev":"r","host":"h","auth":"jwt","kid":"k","signer":{"kind":"exec","argv":["/bin/x"]}}`),
		true)
	f.Fuzz(func(t *testing.T, value []byte, whole bool) {
		text := string(value)
		if whole { // else the fuzzer would have to learn base64
			text = "cgpcred1." + base64.RawURLEncoding.EncodeToString(value)
		}
		e, err := record.ReadEnvironment(variables(map[string]string{"CGP_CRED_BUNDLE": text}))
		if err != nil {
			isUsageError(t, err, text)
			return
		}
		if e == nil {
			if strings.TrimSpace(text) != "" {
				t.Fatal("a bundle counts as none")
			}
			return
		}
		r, err := e.Record(e.Host)
		if err != nil {
			t.Fatal(err)
		}
		again, err := record.Bundle(r)
		if err != nil {
			t.Fatalf("read, and not written: %v", err)
		}
		back, err := record.ReadEnvironment(variables(map[string]string{"CGP_CRED_BUNDLE": string(again.Reveal())}))
		if err != nil {
			t.Fatalf("written, and not read: %v", err)
		}
		if other, err := back.Record(back.Host); err != nil || !same(r, other) || back.Auth() != e.Auth() {
			t.Fatalf("changed on its way: %v", err)
		}
	})
}

// FuzzEnvironment: the single variables. What is accepted is a whole record, or a key that is said to be no key.
func FuzzEnvironment(f *testing.F) {
	f.Add("int", "k3y", "", "", "")
	f.Add("int", "k3y", "kid", "-----BEGIN", "genomic-data-access")
	f.Add("", "", "kid", "", "")
	f.Add("h\x00", " a b ", "\n", "\\n", "x")
	f.Fuzz(func(t *testing.T, host, apiKey, kid, key, name string) {
		e, err := record.ReadEnvironment(variables(map[string]string{
			"CGP_CRED_HOST": host, "CGP_CRED_API_KEY": apiKey, "CGP_CRED_KID": kid, "CGP_CRED_PRIVATE_KEY": key,
			"CGP_CRED_API_NAME": name,
		}))
		if err != nil {
			isUsageError(t, err, apiKey)
			isUsageError(t, err, key)
			return
		}
		if e == nil {
			return
		}
		if len(e.SealingKey()) != 32 {
			t.Fatal("the sealing key has another size")
		}
		r, err := e.Record("h")
		if err != nil {
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" ||
				len(key) > 40 && strings.Contains(err.Error(), key) {
				t.Fatalf("%v", err)
			}
			return
		}
		if want := map[bool]string{true: "jwt", false: "apikey"}[r.Key != nil]; r.Auth != want || r.APIKey.IsZero() {
			t.Fatalf("method %s, with a key: %t", r.Auth, r.Key != nil)
		}
	})
}

func variables(m map[string]string) func(string) string {
	return func(name string) string { return m[name] }
}

// isUsageError: the error has a next step and does not hold the value, as far as that is not a word of every message.
func isUsageError(t *testing.T, err error, value string) {
	t.Helper()
	if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
		t.Fatalf("%v (%T) has no next step", err, err)
	}
	if len(value) > 40 && strings.Contains(err.Error()+fault.HintOf(err, ""), value) {
		t.Fatalf("the error repeats the value: %v", err)
	}
}
