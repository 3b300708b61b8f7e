package records_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"cgp-cred/helper"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/records"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/record"
)

func TestTheRecordDecides(t *testing.T) {
	t.Parallel()
	for _, edit := range []struct{ field, from, to string }{
		{"api_host", "api_host: ", "api_host: evil.example #"},
		{"auth", "auth: jwt", "auth: apikey"},
		{"api_name", "auth:", "api_name: hello-world\nauth:"},
	} {
		t.Run(edit.field, func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
				t.Fatal(err)
			}
			before := p.Load(t)
			text := strings.Replace(string(before.Bytes), edit.from, edit.to, 1)
			if err := os.WriteFile(before.File, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := p.Get(t.Context(), p.Load(t), helper.Options{})
			if !errors.Is(err, records.ErrMismatch) || !strings.Contains(err.Error(), edit.field+" is ") {
				t.Errorf("error %v, want a mismatch of %s: not even the cached token may be served", err, edit.field)
			}
			if n := p.Sim.Requests(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestHalfAStoreIsMended(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	file := p.Load(t)
	r, err := record.Load(t.Context(), p.Keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	was := r.Rev
	r.Rev = record.NewRev() // as if killed before the file was written
	if err := record.Save(t.Context(), p.Keys, "int", was, r); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), file, helper.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := p.Load(t).Rev; got != r.Rev {
		t.Errorf("the file says rev %s, the record %s", got, r.Rev)
	}
	if c, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil || !c.Cached {
		t.Errorf("cached %v, %v: the token must be bound to the repaired file", c.Cached, err)
	}
}

// A folder that can't be written costs a warning.
func TestHalfAStoreIsLeftWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	file := p.Load(t)
	before := file.Rev
	r, err := record.Load(t.Context(), p.Keys, "int")
	if err != nil {
		t.Fatal(err)
	}
	was := r.Rev
	r.Rev = record.NewRev()
	if err := record.Save(t.Context(), p.Keys, "int", was, r); err != nil {
		t.Fatal(err)
	}
	p.Config.Folder = file.File // a file: not even root can make a folder in it
	var warned []string
	p.Warn = func(text string) { warned = append(warned, text) }
	got, err := p.Records().Load(t.Context(), file)
	if err != nil || got.Rev != r.Rev {
		t.Fatalf("the record: %v", err)
	}
	if file.Rev != before || len(warned) != 1 ||
		!strings.Contains(warned[0], `profile "int" is older than its record`) {
		t.Errorf("rev %s, was %s; warned of %q", file.Rev, before, warned)
	}
}
