package doctor_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/doctor"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

const apiKey = "doctor-api-key-0123456789"

// faulty is a keystore in memory that fails where a test says so, and knows its accounts.
type faulty struct {
	keystore.Keystore

	accounts    map[string]bool
	set, remove error
	afterSet    func()
}

func (f *faulty) Set(ctx context.Context, account string, value keystore.Secret) error {
	if err := f.Keystore.Set(ctx, account, value); err != nil {
		return err
	}
	f.accounts[account] = true
	if f.afterSet != nil {
		f.afterSet()
	}
	return f.set
}

func (f *faulty) Delete(ctx context.Context, account string) error {
	if f.remove != nil {
		return f.remove
	}
	err := f.Keystore.Delete(ctx, account)
	if err == nil {
		delete(f.accounts, account)
	}
	return err
}

// rig is a profile "int" in folders of a test's own, with a simulated APIM that knows its key.
type rig struct {
	doctor.Doctor

	keys *faulty
}

func newRig(t *testing.T, c simulator.Config) *rig {
	t.Helper()
	own := func(name string) string { return filepath.Join(t.TempDir(), name, "cgp-cred") }
	folders := disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")}
	keys := &faulty{Keystore: keystore.Memory(), accounts: make(map[string]bool)}
	key := &record.Key{KID: "int-1", Signer: signer.NewRSA(keystoretest.Key(2048, 0))}
	h := &helper.Helper{
		Config: profile.Config{Folder: folders.Config}, Folders: folders, NewKeystore: profile.Memory,
		Keystore: func(string) (keystore.Keystore, error) { return keys, nil },
		APIM: func() (*apim.Client, error) {
			client, err := apim.NewHTTP()
			return &apim.Client{HTTP: client}, err
		},
	}
	c.APIKey = apiKey
	c.JWKS = func() ([]byte, error) {
		jwk, err := apim.NewJWK(key.Signer.Public(), key.KID)
		if err != nil {
			return nil, err
		}
		return apim.JWKS(jwk)
	}
	server := httptest.NewServer(simulator.New(c))
	t.Cleanup(server.Close)
	name := "hello-world"
	_, err := h.Manage().Store(t.Context(), "int", manage.Change{
		Host: strings.TrimPrefix(server.URL, "http://"), APIName: &name, APIKey: keystore.NewSecret([]byte(apiKey)),
		Key: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Doctor: doctor.Doctor{Helper: h, Program: "cgp-cred test"}, keys: keys}
}

// forget drops the token that a test left in the kernel's keyring.
func (r *rig) forget(t *testing.T) {
	t.Helper()
	p, err := r.Helper.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Helper.Erase(context.Background(), p); err != nil {
		t.Error(err)
	}
}

// states are the checks' ends, in their order.
func states(f *doctor.Findings) string {
	var all []string
	for _, r := range f.Results {
		all = append(all, r.Check+" "+string(r.State))
	}
	return strings.Join(all, ", ")
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Config{})
	defer r.forget(t)
	var seen []doctor.Result
	f := r.Run(t.Context(), func(r doctor.Result) { seen = append(seen, r) })
	want := "config ok, keystore ok, record ok, key ok, api-key ok, cache ok, fleet skip, dns skip, proxy ok, tls skip, " +
		"apim ok, " +
		"clock ok, token ok, api ok, call ok"
	if got := states(f); got != want || f.First() != nil || f.Count(doctor.Fail) != 0 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(seen) != len(f.Results) || !slices.EqualFunc(seen, f.Results, func(a, b doctor.Result) bool {
		return a.Check == b.Check
	}) {
		t.Errorf("showed %d results of %d", len(seen), len(f.Results))
	}
	accounts := map[string]bool{"int": true}
	if p, err := r.Helper.Config.Load("int"); err != nil {
		t.Fatal(err)
	} else if place, _ := r.Helper.Manage().Cached(t.Context(), p); place == cache.Keychain {
		accounts["int"+cache.AccountEnd] = true // the token's check has fetched it
	}
	r.only(t, accounts)
}

// onlyRecord holds that the keystore has what it had.
func (r *rig) onlyRecord(t *testing.T) {
	t.Helper()
	r.only(t, map[string]bool{"int": true})
}

func (r *rig) only(t *testing.T, accounts map[string]bool) {
	t.Helper()
	if diff := cmp.Diff(accounts, r.keys.accounts); diff != "" {
		t.Errorf("the keystore has changed: %s", diff)
	}
}

// Whatever becomes of the probe, it is taken out again, and what can't be is said.
func TestTheProbeIsRemoved(t *testing.T) {
	t.Parallel()
	denied := &keystore.Error{
		Kind: keystore.ErrDenied, Op: "set", Account: "Doctor/x",
		Detail: "its prompt was dismissed",
	}
	t.Run("after a failed write", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, simulator.Config{})
		r.keys.set = denied
		first := r.Run(t.Context(), nil).First()
		if first == nil || first.Check != "keystore" || !errors.Is(first.Err, keystore.ErrDenied) ||
			strings.Contains(first.Detail+first.Hint, "Doctor") {
			t.Errorf("got %+v", first)
		}
		r.onlyRecord(t)
	})
	t.Run("after an interrupt", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, simulator.Config{})
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		r.keys.afterSet = interrupt
		f := r.Run(ctx, nil)
		if n := f.Count(doctor.Skip); n < 10 {
			t.Errorf("only %d checks were left out after the interrupt: %s", n, states(f))
		}
		r.onlyRecord(t)
	})
	t.Run("or said to be there", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, simulator.Config{})
		r.keys.remove = denied
		first := r.Run(t.Context(), nil).First()
		if first == nil || first.Check != "keystore" || !strings.Contains(first.Detail, `the probe "Doctor/`) ||
			!strings.Contains(first.Hint, "delete the item") {
			t.Errorf("got %+v", first)
		}
	})
}

// A refusal is remembered for processes that wait, but doctor asks again: the user has just fixed the cause.
func TestARefusalIsAskedAgain(t *testing.T) {
	t.Parallel()
	fault, err := simulator.ParseFault("row22=1")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, simulator.Config{Faults: []simulator.Fault{fault}})
	defer r.forget(t)
	if first := r.Run(t.Context(), nil).First(); first == nil || first.Check != "token" {
		t.Fatalf("the refusal is not seen: %+v", first)
	}
	if f := r.Run(t.Context(), nil); f.First() != nil {
		t.Errorf("after it was fixed: %+v", f.First())
	}
}

// Nothing that a report says is secret, and each check is in it.
func TestReport(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Config{})
	defer r.forget(t)
	f := r.Run(t.Context(), nil)
	var b bytes.Buffer
	if err := f.Report(&b); err != nil {
		t.Fatal(err)
	}
	p, err := r.Helper.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Helper.Get(t.Context(), p, helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]string{
		"the API key": apiKey, "the token": string(c.Secret.Reveal()), "an address": "127.0.0.1",
		"a folder": r.Helper.Folders.Config,
	} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("the report has %s:\n%s", what, b.String())
		}
	}
	for _, result := range f.Results {
		if !strings.Contains(b.String(), " "+result.Check+" ") {
			t.Errorf("the report lacks %s", result.Check)
		}
	}
	for _, line := range []string{
		"program      cgp-cred test\n", "kid          int-1\n", "API key      doct...6789\n",
		"token        obtained",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the report lacks %q:\n%s", line, b.String())
		}
	}
}

func silent(release <-chan struct{}) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
}

// A server that accepts and never answers does not hold doctor up.
func TestASilentServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Config{})
	release := make(chan struct{})
	server := silent(release)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	host := strings.TrimPrefix(server.URL, "http://")
	if _, err := r.Helper.Manage().Store(t.Context(), "int", manage.Change{Host: host, Force: true}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	first := r.Run(ctx, nil).First()
	var refused *apim.Error
	if first == nil || first.Check != "apim" || !errors.As(first.Err, &refused) || refused.Class != fault.Temporary {
		t.Errorf("got %+v", first)
	}
}
