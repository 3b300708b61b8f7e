package manage_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// rotating is a place whose registered keys can be changed.
type rotating struct {
	*helpertest.Place
	registered atomic.Pointer[[]byte]
	next       *record.Key
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r := &rotating{next: &record.Key{KID: "k2", Signer: signer.NewRSA(key)}}
	r.register(t, "k1")
	r.Place = helpertest.New(t, simulator.Config{JWKS: func() ([]byte, error) { return *r.registered.Load(), nil }})
	return r
}

// register hands the simulator the public keys of these kids.
func (r *rotating) register(t *testing.T, kids ...string) {
	t.Helper()
	var keys []apim.JWK
	for _, kid := range kids {
		public := helpertest.Key().Public()
		if kid == "k2" {
			public = r.next.Signer.Public()
		}
		k, err := apim.NewJWK(public, kid)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	set, err := apim.JWKS(keys...)
	if err != nil {
		t.Fatal(err)
	}
	r.registered.Store(&set)
}

func (r *rotating) mint(t *testing.T) {
	t.Helper()
	if _, err := r.Get(t.Context(), r.Load(t), helper.Options{ForceNew: true}); err != nil {
		t.Fatal(err)
	}
}

// kids returns the kids of the record: next, current, previous.
func (r *rotating) kids(t *testing.T) string {
	t.Helper()
	found, err := record.Load(t.Context(), r.Keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range []*record.Key{found.Next, found.Key, found.Previous} {
		if k == nil {
			kids = append(kids, "-")
			continue
		}
		kids = append(kids, k.KID)
	}
	return strings.Join(kids, " ")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	r := newRotating(t)
	if _, err := r.Manage().Rotate(t.Context(), "int", "", r.next); err != nil {
		t.Fatal(err)
	}
	expect := func(kids string, requests int, warning string) {
		t.Helper()
		if got := r.kids(t); got != kids {
			t.Errorf("keys %s, want %s", got, kids)
		}
		if n := r.Sim.Requests(); n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
		said := strings.Join(r.Warnings, "\n")
		r.Warnings = nil
		if !strings.Contains(said, warning) || (warning == "") != (said == "") {
			t.Errorf("warned %q, want %q", said, warning)
		}
	}
	r.mint(t) // k2 is not registered yet
	expect("k2 k1 -", 2, "it can take an hour")
	r.register(t, "k1", "k2")
	r.mint(t)
	expect("- k2 k1", 3, "it is the current one")
	if c, err := r.Get(t.Context(), r.Load(t), helper.Options{}); err != nil || !c.Cached {
		t.Errorf("cached %v, %v: the promoting token must be served again", c.Cached, err)
	}
	r.register(t, "k1") // a gateway that still holds the old key set
	r.mint(t)
	expect("- k2 k1", 5, "")
	r.register(t, "k1", "k2")
	if _, err := r.Manage().FinishRotation(t.Context(), "int"); err != nil {
		t.Fatal(err)
	}
	r.mint(t)
	expect("- k2 -", 6, "")
}

func TestRotationGoesBack(t *testing.T) {
	t.Parallel()
	r := newRotating(t)
	for _, promoted := range []bool{false, true} {
		if _, err := r.Manage().Rotate(t.Context(), "int", "", r.next); err != nil {
			t.Fatal(err)
		}
		if promoted {
			r.register(t, "k1", "k2")
			r.mint(t)
		}
		if _, err := r.Manage().AbortRotation(t.Context(), "int"); err != nil {
			t.Fatal(err)
		}
		if got := r.kids(t); got != "- k1 -" {
			t.Errorf("keys %s after an abort, promoted %v", got, promoted)
		}
	}
}

func TestRotationRefuses(t *testing.T) {
	t.Parallel()
	r := newRotating(t)
	refused := func(_ manage.Stored, err error) {
		t.Helper()
		if !errors.Is(err, manage.ErrRefused) || fault.HintOf(err, "") == "" {
			t.Errorf("error %v, want a refusal with a hint", err)
		}
	}
	refused(r.Manage().Rotate(t.Context(), "int", "", &record.Key{KID: "k1", Signer: r.next.Signer})) // a kid in use
	refused(r.Manage().FinishRotation(t.Context(), "int"))
	refused(r.Manage().AbortRotation(t.Context(), "int"))
	if _, err := r.Manage().Rotate(t.Context(), "int", "", r.next); err != nil {
		t.Fatal(err)
	}
	refused(r.Manage().Rotate(t.Context(), "int", "", &record.Key{KID: "k3", Signer: r.next.Signer}))
	refused(r.Manage().FinishRotation(t.Context(), "int")) // no token yet
	r.register(t, "k1", "k2")
	r.mint(t)
	refused(r.Manage().Rotate(t.Context(), "int", "", &record.Key{KID: "k3", Signer: r.next.Signer})) // not finished
}

func TestBothKeysRefused(t *testing.T) {
	t.Parallel()
	r := newRotating(t)
	if _, err := r.Manage().Rotate(t.Context(), "int", "", r.next); err != nil {
		t.Fatal(err)
	}
	r.register(t)
	_, err := r.Get(t.Context(), r.Load(t), helper.Options{})
	var e *apim.Error
	if !errors.As(err, &e) || !strings.Contains(e.Error(), `"k1"`) {
		t.Errorf("error %v, want what is wrong with the current key", err)
	}
}

// Fifty gets a second run through a whole rotation, while APIM keeps key sets for an hour. None may fail.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r := &rotating{next: &record.Key{KID: "k2", Signer: signer.NewRSA(key)}}
	r.register(t, "k1")
	var ahead atomic.Int64 // how far APIM's clock is moved: its cache of key sets ages by it
	r.Place = helpertest.New(t, simulator.Config{
		JWKS:      func() ([]byte, error) { return *r.registered.Load(), nil },
		JWKSCache: time.Hour,
		TokenLife: 5 * time.Minute,
		Quota:     -1,
		Now:       func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	r.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } // both clocks are right
	stop, failed := make(chan struct{}), make(chan error, 10000)
	var clock sync.RWMutex // it moves only if no assertion is on its way
	var gets sync.WaitGroup
	var done, running atomic.Int64
	gets.Go(func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
			if running.Load() >= 20 { // a slow machine
				continue
			}
			running.Add(1)
			gets.Go(func() {
				defer done.Add(1)
				defer running.Add(-1)
				clock.RLock()
				defer clock.RUnlock()
				p, err := r.Config.Load("int")
				if err == nil {
					_, err = r.Get(t.Context(), p, helper.Options{})
				}
				if err != nil {
					failed <- err
				}
			})
		}
	})
	move := func(by time.Duration) {
		clock.Lock()
		defer clock.Unlock()
		ahead.Add(int64(by))
	}
	pass := func() { // three times a token expires, and gets continue
		for range 3 {
			move(5 * time.Minute)
			for begun, until := done.Load(), time.Now().Add(time.Minute); done.Load() < begun+20 && time.Now().Before(until); {
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	pass()
	if _, err := r.Manage().Rotate(t.Context(), "int", "", r.next); err != nil {
		t.Error(err)
	}
	pass() // not registered
	r.register(t, "k1", "k2")
	pass() // registered, but APIM keeps the old set
	if got := r.kids(t); got != "k2 k1 -" {
		t.Errorf("keys %s before the hour is over", got)
	}
	move(time.Hour)
	pass()
	if got := r.kids(t); got != "- k2 k1" {
		t.Errorf("keys %s after the hour", got)
	}
	if _, err := r.Manage().FinishRotation(t.Context(), "int"); err != nil {
		t.Error(err)
	}
	pass()
	close(stop)
	gets.Wait()
	close(failed)
	for err := range failed {
		t.Errorf("a get failed: %v", err)
	}
	if done.Load() < 100 {
		t.Errorf("only %d gets: no load", done.Load())
	}
	t.Logf("%d gets, %d token requests", done.Load(), r.Sim.Requests())
}
