package cache

import (
	"bytes"
	"testing"
	"time"

	"cgp-cred/keystore"
)

func TestFresh(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		life     time.Duration
		age      time.Duration // since FetchedAt
		minValid time.Duration
		want     bool
	}{
		{name: "new", life: 599 * time.Second, age: 0, minValid: time.Minute, want: true},
		{name: "60 s left", life: 599 * time.Second, age: 539 * time.Second, minValid: time.Minute, want: true},
		{name: "less than 60 s left", life: 599 * time.Second, age: 539*time.Second + 1, minValid: time.Minute},
		{
			name: "margin is half its life", life: 100 * time.Second, age: 50 * time.Second, minValid: time.Hour,
			want: true,
		},
		{name: "less than half its life", life: 100 * time.Second, age: 51 * time.Second, minValid: time.Hour},
		{name: "no margin", life: time.Minute, age: time.Minute - 1, want: true},
		{name: "at its end", life: time.Minute, age: time.Minute},
		{name: "negative margin after its end", life: time.Minute, age: 61 * time.Second, minValid: -time.Hour},
		{name: "clock 5 s back", life: time.Minute, age: -5 * time.Second, want: true},
		{name: "clock more than 5 s back", life: time.Minute, age: -5*time.Second - 1},
		{name: "clock a day back", life: time.Minute, age: -24 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := Entry{FetchedAt: start, Expiry: start.Add(tt.life)}
			if got := e.Fresh(start.Add(tt.age), tt.minValid); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
	if (Entry{}).Fresh(start, 0) {
		t.Error("the zero entry is fresh")
	}
}

func FuzzDecode(f *testing.F) {
	good, err := encode(Entry{
		Header: "Authorization", Token: keystore.NewSecret([]byte("token")),
		FetchedAt: time.Unix(1, 0), Expiry: time.Unix(600, 0),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:18])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decode(b)
		if err != nil {
			return
		}
		if again, err := encode(e); err != nil || !bytes.Equal(again, b) {
			t.Errorf("accepted what it would not write: %q, %v", b, err)
		}
		if bytes.ContainsAny(e.Token.Reveal(), "\r\n\x00 ") {
			t.Error("a token that breaks a header")
		}
	})
}
