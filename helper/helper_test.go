package helper_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

func TestGetMintsOnce(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	first, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if first.Cached || !second.Cached || first.Value() != second.Value() || p.Sim.Requests() != 1 {
		t.Errorf("cached %v then %v, %d requests", first.Cached, second.Cached, p.Sim.Requests())
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+p.Host+"/hello-world/hello/application", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(second.Header, second.Value())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the API answers %d", res.StatusCode)
	}
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{ForceNew: true}); err != nil || p.Sim.Requests() != 2 {
		t.Errorf("force-new: %v, %d requests", err, p.Sim.Requests())
	}
}

func TestMinValid(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{TokenLife: 100 * time.Second})
	get := func(minValid time.Duration) {
		t.Helper()
		if _, err := p.Get(t.Context(), p.Load(t), helper.Options{MinValid: minValid}); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	p.Now = func() time.Time { return start }
	get(0)
	get(time.Hour) // min-valid counts as at most half of the token's life: this token will do
	if n := p.Sim.Requests(); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
	p.Now = func() time.Time { return start.Add(51 * time.Second) }
	get(0) // 49 s are left, less than half
	if n := p.Sim.Requests(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestFlightIsSingle(t *testing.T) {
	t.Parallel()
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused %v", refused), func(t *testing.T) {
			t.Parallel()
			c := simulator.Config{}
			if refused {
				c.APIKey = "another-application"
			}
			p := helpertest.New(t, c)
			var wg sync.WaitGroup
			results := make([]string, 50)
			for i := range results {
				profile := p.Load(t)
				wg.Go(func() {
					c, err := p.Get(t.Context(), profile, helper.Options{})
					if err != nil {
						results[i] = err.Error()
						return
					}
					results[i] = c.Value()
				})
			}
			wg.Wait()
			for _, r := range results {
				if r != results[0] || (strings.Contains(r, "not known") != refused) {
					t.Fatalf("one got %q, another %q", results[0], r)
				}
			}
			if n := p.Sim.Requests(); n != 1 {
				t.Errorf("%d token requests, want 1", n)
			}
		})
	}
}

func TestRefusalIsForgotten(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{APIKey: "another-application"})
	get := func(o helper.Options) {
		t.Helper()
		var refused *apim.Error
		if _, err := p.Get(t.Context(), p.Load(t), o); !errors.As(err, &refused) || fault.HintOf(err, "") == "" ||
			refused.MessageID() == "" {
			t.Fatalf("error %v, want a refusal with hint and message ID", err)
		}
	}
	start := time.Now()
	p.Now = func() time.Time { return start }
	get(helper.Options{})
	get(helper.Options{}) // remembered
	if n := p.Sim.Requests(); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
	get(helper.Options{ForceNew: true})
	if n := p.Sim.Requests(); n != 2 {
		t.Errorf("%d requests after force-new, want 2", n)
	}
	p.Now = func() time.Time { return start.Add(-time.Minute) } // the record is from the future
	get(helper.Options{})
	p.Now = func() time.Time { return start.Add(time.Minute) }
	get(helper.Options{})
	if n := p.Sim.Requests(); n != 4 {
		t.Errorf("%d requests with the clock moved, want 4", n)
	}
	if _, err := p.Manage().Store(t.Context(), "int", manage.Change{KID: "k2"}); err != nil {
		t.Fatal(err)
	}
	get(helper.Options{})
	if n := p.Sim.Requests(); n != 5 {
		t.Errorf("%d requests after a change of the profile, want 5", n)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	c, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Load(t.Context(), p.Keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	prime := helpertest.Key().Primes[0].String()
	for _, v := range []any{c, &c, r, *r, r.Key, *r.Key} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, helpertest.APIKey) || strings.Contains(text, string(c.Secret.Reveal())) ||
				strings.Contains(text, prime) {
				t.Errorf("%s of %T prints a secret", verb, v)
			}
		}
	}
}
