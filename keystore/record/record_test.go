package record_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

func encode(t testing.TB, r *record.Record) keystore.Secret {
	t.Helper()
	s, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// same reports whether two records are the same to all who use them.
func same(a, b *record.Record) bool {
	keys := func(a, b *record.Key) bool {
		if a == nil || b == nil {
			return a == b
		}
		return a.KID == b.KID && keystoretest.SameSigner(a.Signer, b.Signer)
	}
	return a.Rev == b.Rev && a.Host == b.Host && a.APIName == b.APIName && a.Auth == b.Auth &&
		a.APIKey.Equal(b.APIKey) &&
		a.TokenURL == b.TokenURL && a.Audience == b.Audience && keys(a.Key, b.Key) && keys(a.Next, b.Next) &&
		keys(a.Previous, b.Previous)
}

func TestTwoLargeKeysFit(t *testing.T) {
	t.Parallel()
	r := keystoretest.Record()
	s := encode(t, r)
	t.Logf("two keys of 4096 bits: %d of %d bytes", len(s.Reveal()), keystore.MaxValue)
	got, err := record.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	if !same(got, r) {
		t.Error("the record changed on its way")
	}
}

// Every record that Encode accepts is kept by each system's keychain, and comes back with the same keys.
func TestAcceptedRecordsSurvive(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- a test that repeats itself
	kids := []string{"test-1", "prod 7", "schlüssel:=+", "鍵-1", "🔑", "q\"\\\x01\x7f<>&\u2028", strings.Repeat("ÿ", 133)}
	tooBig := 0
	for n := range 150 {
		bits := []int{1024, 2048, 3072, 4096}[random.IntN(4)]
		r := &record.Record{
			Rev: record.NewRev(), Host: "int.api.service.nhs.uk", Auth: "jwt",
			Key: keystoretest.RecordKey(bits, random.IntN(keystoretest.Keys), kids[random.IntN(len(kids))]),
		}
		switch random.IntN(3) {
		case 0:
			r.Next = keystoretest.RecordKey(4096, random.IntN(keystoretest.Keys), kids[random.IntN(len(kids))])
		case 1:
			r.Previous = keystoretest.RecordKey(bits, random.IntN(keystoretest.Keys), kids[random.IntN(len(kids))])
		}
		r.APIKey = keystore.NewSecret(bytes.Repeat([]byte("~"), 1+random.IntN(200)))
		s, err := r.Encode()
		if errors.Is(err, keystore.ErrTooBig) {
			tooBig++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range keystoretest.Limits {
			ks := keystoretest.Limited(kind)
			account := strings.Repeat("n", 64)
			if err := record.Save(ctx, ks, account, "", r); err != nil {
				t.Fatalf("record %d of %d bytes on %s: %v", n, len(s.Reveal()), kind, err)
			}
			got, err := record.Load(ctx, ks, account)
			if err != nil || !same(got, r) {
				t.Fatalf("record %d on %s came back changed: %v", n, kind, err)
			}
		}
	}
	if tooBig == 0 || tooBig > 75 {
		t.Errorf("%d of 150 records were too big: the test has lost its edge", tooBig)
	}
}

func TestTooBigNamesSizeAndLimit(t *testing.T) {
	t.Parallel()
	r := keystoretest.Record()
	r.Key.KID = strings.Repeat("x", 1000)
	_, err := r.Encode()
	if !errors.Is(err, keystore.ErrTooBig) || !strings.Contains(err.Error(), "2400") {
		t.Errorf("%v, want a message with both sizes", err)
	}
}

// The rebuilt key is the one that OpenSSL made, its private exponent too, and signs the same.
func TestRebuiltKeyIsEqual(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{1024, 2048, 3072, 4096} {
		r := keystoretest.Record()
		r.Next, r.Key = nil, keystoretest.RecordKey(bits, 3, "k")
		got, err := record.Decode(encode(t, r))
		if err != nil {
			t.Fatal(err)
		}
		if !keystoretest.SameSigner(got.Key.Signer, r.Key.Signer) {
			t.Errorf("%d bits: the rebuilt key differs", bits)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*record.Record){
		"no rev":            func(r *record.Record) { r.Rev = "" },
		"no host":           func(r *record.Record) { r.Host = "" },
		"host not ASCII":    func(r *record.Record) { r.Host = "ｉnt.example" },
		"line in API name":  func(r *record.Record) { r.APIName = "a\nb" },
		"auth":              func(r *record.Record) { r.Auth = "basic" },
		"next and previous": func(r *record.Record) { r.Previous = r.Next },
		"only a next key":   func(r *record.Record) { r.Key = nil },
		"no key id":         func(r *record.Record) { r.Key.KID = "" },
		"key id not UTF-8":  func(r *record.Record) { r.Key.KID = "\xff" },
		"only a key id":     func(r *record.Record) { r.Key.Signer = signer.RSA{} },
		"API key":           func(r *record.Record) { r.APIKey = keystore.NewSecret([]byte("a b")) },
		"three primes":      func(r *record.Record) { r.Key.Signer = signer.NewRSA(keystoretest.MultiPrimeKey()) },
	} {
		r := keystoretest.Record()
		spoil(r)
		if _, err := r.Encode(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDecodeClasses(t *testing.T) {
	t.Parallel()
	r := keystoretest.Record()
	r.Next = nil
	good := string(encode(t, r).Reveal())
	kept := func(old, repl string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the record has no %q", old)
		}
		return strings.Replace(good, old, repl, 1)
	}
	twice := base64.RawURLEncoding.EncodeToString(keystoretest.Key(4096, 0).Primes[0].Bytes())
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"good", good, nil},
		{"pretty", strings.ReplaceAll(good, `","`, "\",\n  \""), nil},
		{"newer", kept(`"v":1`, `"v":2`), keystore.ErrNewer},
		{"newer, all else unknown", `{"v":9,"sealed":"x"}`, keystore.ErrNewer},
		{"unknown member", kept(`"v":1`, `"v":1,"sealed":"x"`), keystore.ErrNewer},
		{"member in capitals", kept(`"v":1`, `"v":1,"KID":"x"`), keystore.ErrNewer},
		{
			"unknown member of next", kept(`"v":1`, `"v":1,"next":{"kid":"a","e":"AQAB","p":"AQ","q":"AQ","d":"AQ"}`),
			keystore.ErrNewer,
		},
		{"empty", "", keystore.ErrCorrupt},
		{"null", "null", keystore.ErrCorrupt},
		{"no version", kept(`"v":1,`, ``), keystore.ErrCorrupt},
		{"version 0", kept(`"v":1`, `"v":0`), keystore.ErrCorrupt},
		{"cut short", good[:len(good)-9], keystore.ErrCorrupt},
		{"not ASCII", kept(`"v":1`, "\"v\":1,\"api_name\":\"\xef\xbf\xbd\""), keystore.ErrCorrupt},
		{"wrong type", kept(`"v":1`, `"v":1,"api_name":7`), keystore.ErrCorrupt},
		{"even prime", kept(`"p":"`, `"p":"AA","e":"AQAB","api_name":"`), keystore.ErrCorrupt},
		{
			"prime 1",
			fmt.Sprintf(`{"v":1,"rev":"r","host":"h","auth":"jwt","kid":"k","e":"AQAB","p":"AQ","q":%q}`,
				strings.Repeat("_", 171)),
			keystore.ErrCorrupt,
		},
		{
			"same prime twice",
			fmt.Sprintf(`{"v":1,"rev":"r","host":"h","auth":"jwt","kid":"k","e":"AQAB","p":%[1]q,"q":%[1]q}`, twice),
			keystore.ErrCorrupt,
		},
		{"e even", kept(`"e":"AQAB"`, `"e":"AQAA"`), keystore.ErrCorrupt},
		{"e too long", kept(`"e":"AQAB"`, `"e":"AQABAQABAQAB"`), keystore.ErrCorrupt},
		{"key without id", kept(`"kid":"`, `"kid":"","host":"`), keystore.ErrCorrupt},
		{"too long", good + strings.Repeat(" ", keystore.MaxValue), keystore.ErrCorrupt},
	} {
		_, err := record.Decode(keystore.NewSecret([]byte(c.text)))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Save overwrites nothing that it can't read for certain.
func TestSave(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ks := keystore.Memory()
	r := keystoretest.Record()
	if _, err := record.Load(ctx, ks, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Fatalf("%v, want not found", err)
	}
	for _, before := range []string{"", "damaged"} {
		if before != "" {
			if err := ks.Set(ctx, "int", keystore.NewSecret([]byte(before))); err != nil {
				t.Fatal(err)
			}
		}
		if err := record.Save(ctx, ks, "int", "", r); err != nil {
			t.Fatal(err)
		}
		if got, err := record.Load(ctx, ks, "int"); err != nil || !same(got, r) {
			t.Fatalf("loaded another record: %v", err)
		}
	}
	newer := keystore.NewSecret([]byte(`{"v":2}`))
	if err := ks.Set(ctx, "int", newer); err != nil {
		t.Fatal(err)
	}
	err := record.Save(ctx, ks, "int", "", r)
	var e *keystore.Error
	if !errors.As(err, &e) || !errors.Is(err, keystore.ErrNewer) || e.Account != "int" || fault.HintOf(err, "") == "" {
		t.Errorf("%v, want a newer record refused", err)
	}
	if got, _ := ks.Get(ctx, "int"); !got.Equal(newer) {
		t.Error("a newer record was overwritten")
	}
}

// Save writes over the record that the change started from, and over no other.
func TestSaveComparesRevs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		there, was string
		changed    bool
	}{
		"none yet, none found":            {"", "", false},
		"the one that was read":           {"one", "one", false},
		"another one":                     {"two", "one", true},
		"one, and there was no record":    {"two", "", true},
		"no rev, and there was a record":  {"", "one", true},
		"a rev that only begins so":       {"one-more", "one", true},
		"a rev in other letters":          {"ONE", "one", true},
		"damaged, and there was a record": {"damaged", "one", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ks := keystore.Memory()
			before := keystore.NewSecret([]byte("damaged"))
			if c.there != "damaged" && c.there != "" {
				r := keystoretest.Record()
				r.Rev = c.there
				before = encode(t, r)
			}
			if c.there != "" {
				if err := ks.Set(ctx, "int", before); err != nil {
					t.Fatal(err)
				}
			}
			r := keystoretest.Record()
			r.Rev = "new"
			err := record.Save(ctx, ks, "int", c.was, r)
			if errors.Is(err, keystore.ErrChanged) != c.changed || !c.changed && err != nil {
				t.Fatalf("%v, want changed: %v", err, c.changed)
			}
			got, err := ks.Get(ctx, "int")
			switch {
			case c.changed && c.there == "":
				if !errors.Is(err, keystore.ErrNotFound) {
					t.Error("something was written")
				}
			case c.changed && !got.Equal(before):
				t.Error("the record was overwritten")
			case !c.changed && !got.Equal(encode(t, r)):
				t.Error("the record was not written")
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	r := keystoretest.Record()
	r.Next = nil
	s := encode(b, r)
	for b.Loop() {
		if _, err := record.Decode(s); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range []*record.Record{
		{Rev: "r", Host: "h", Auth: "none"},
		{
			Rev: "r", Host: "h:1", Auth: "apikey", APIKey: keystore.NewSecret([]byte("k")), APIName: "a",
			TokenURL: "https://h/t", Audience: "b",
		},
		{Rev: "r", Host: "h", Auth: "jwt", Key: keystoretest.RecordKey(1024, 0, "schlüssel 🔑")},
		{
			Rev: "r", Host: "h", Auth: "jwt", Key: keystoretest.RecordKey(1024, 0, "a"),
			Previous: keystoretest.RecordKey(1024, 1, "b"),
		},
	} {
		f.Add(encode(f, r).Reveal())
	}
	f.Add([]byte(`{"v":2}`))
	public := base64.RawURLEncoding.EncodeToString(keystoretest.Key(1024, 0).N.Bytes())
	f.Add([]byte(`{"v":1,"rev":"r","host":"h","auth":"jwt","kid":"k","signer":{"kind":"exec","e":"AQAB","n":"` +
		public + `","argv":["/bin/sign"]}}`))
	f.Add([]byte(`{"v":1,"rev":"r","host":"h","auth":"jwt","kid":"k","signer":{"kind":"ssh-agent","e":"AQAB","n":"` +
		public + `","fingerprint":"` +
		signer.Fingerprint(&keystoretest.Key(1024, 0).PublicKey) + `"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := record.Decode(keystore.NewSecret(b))
		if err != nil {
			if !errors.Is(err, keystore.ErrCorrupt) && !errors.Is(err, keystore.ErrNewer) {
				t.Fatalf("%v has no class", err)
			}
			return
		}
		s, err := r.Encode()
		if err != nil {
			t.Fatalf("accepted, and not encoded: %v", err)
		}
		again, err := record.Decode(s)
		if err != nil || !same(r, again) {
			t.Fatalf("changed on its way: %v", err)
		}
	})
}
