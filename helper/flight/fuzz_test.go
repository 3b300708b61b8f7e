package flight

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

// FuzzState: a refusal that is remembered can be told, in printable words and with a next step, and a state file is
// the same after it was written again.
func FuzzState(f *testing.F) {
	for _, e := range []*apim.Error{
		{Status: 401, Code: "invalid_request", Description: "Invalid exp claim in JWT", ID: "rrt-1", Skew: time.Hour},
		{
			Status: 403, Code: "public_key error", TokenURL: "https://int.api.service.nhs.uk/oauth2/token",
			About: apim.Subject{Profile: "int", KID: "k"},
		},
		{Class: fault.Network, Status: 502},
		{Class: fault.Temporary, Status: 429, RetryAfter: time.Minute},
	} {
		at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
		raw, err := json.Marshal(state{
			Hold: time.Minute, PauseUntil: at,
			Refusal: &Refusal{Binding: "c", At: at, Error: e},
		})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"refusal":{"binding":"c","at":"2026-01-02T15:04:05Z",` +
		`"error":{"Code":"\u001b[2J","Description":"\nhint: x","ID":"a b"}}}`))
	f.Add([]byte(`{"refusal":{"error":{}},"hold":-1}`))
	f.Add([]byte(`{"refusal":{"error":null},"hold":1e300}`))
	f.Add([]byte(`{"pause_until":"9999-01-02T15:04:05Z","hold":86400000000001}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, ok := decode(raw)
		if !ok {
			return
		}
		if s.Hold < 0 || s.Hold > maxHold {
			t.Fatalf("hold %v", s.Hold)
		}
		if s.Refusal != nil {
			checkRefusal(t, raw, s.Refusal.Error)
		}
		again, err := json.Marshal(s)
		if err != nil {
			return // a year past 9999
		}
		back, _ := decode(again)
		if diff := cmp.Diff(s, back, cmp.AllowUnexported(state{}), cmpopts.IgnoreUnexported(apim.Error{}),
			cmpopts.EquateApproxTime(0)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// decode reads a state as readState does.
func decode(raw []byte) (s state, ok bool) {
	ok = json.Unmarshal(raw, &s) == nil
	s.drop()
	return s, ok
}

func checkRefusal(t *testing.T, raw []byte, e *apim.Error) {
	t.Helper()
	for _, text := range []string{e.Error(), e.MessageID()} {
		for i := range len(text) {
			if text[i] < 0x20 || text[i] > 0x7e {
				t.Fatalf("%q prints byte %#x", raw, text[i])
			}
		}
	}
	if fault.HintOf(e, "") == "" || e.Class == fault.Network {
		t.Fatalf("class %v, hint %q", e.Class, fault.HintOf(e, ""))
	}
}
