package helper

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

// FuzzRefusal: a refusal that is remembered is one that can be told, in printable words and with a next step, and is the
// same after it was written again.
func FuzzRefusal(f *testing.F) {
	for _, e := range []*apim.Error{
		{Class: apim.Refused, Status: 401, Code: "invalid_request", Description: "Invalid exp claim in JWT", ID: "rrt-1", Skew: time.Hour},
		{Class: apim.Refused, Status: 403, Code: "public_key error", TokenURL: "https://int.api.service.nhs.uk/oauth2/token", About: apim.Subject{Profile: "int", KID: "k"}},
		{Class: apim.Network, Status: 502},
		{Class: apim.Temporary, Status: 429, RetryAfter: time.Minute},
	} {
		raw, err := json.Marshal(refusal{Cache: "c", At: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Error: e})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"cache":"c","at":"2026-01-02T15:04:05Z","error":{"Class":4,"Code":"\u001b[2J","Description":"\nhint: x","ID":"a b"}}`))
	f.Add([]byte(`{"error":{}}`))
	f.Add([]byte(`{"error":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, ok := decodeRefusal(raw)
		if !ok {
			return
		}
		for _, text := range []string{r.Error.Error(), r.Error.MessageID()} {
			for i := range len(text) {
				if text[i] < 0x20 || text[i] > 0x7e {
					t.Fatalf("%q prints byte %#x", raw, text[i])
				}
			}
		}
		if fault.HintOf(r.Error, "") == "" || r.Error.Class == apim.Network {
			t.Fatalf("class %v, hint %q", r.Error.Class, fault.HintOf(r.Error, ""))
		}
		again, err := json.Marshal(r)
		if err != nil {
			return // a year past 9999
		}
		back, ok := decodeRefusal(again)
		if !ok || back.Error.Error() != r.Error.Error() || !back.At.Equal(r.At) {
			t.Fatalf("%q comes back as %v", raw, back.Error)
		}
		if diff := cmp.Diff(r.Error, back.Error, cmpopts.IgnoreUnexported(apim.Error{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
