package sealing_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"cgp-cred/keystore/sealing"
)

func sealer(t testing.TB, fill byte) *sealing.Sealer {
	t.Helper()
	s, err := sealing.New(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeal(t *testing.T) {
	t.Parallel()
	s := sealer(t, 'k')
	for _, plain := range []string{"", "x", strings.Repeat("long", 1000)} {
		sealed := s.Seal([]byte("aad"), []byte(plain))
		if again := s.Seal([]byte("aad"), []byte(plain)); bytes.Equal(sealed, again) {
			t.Error("sealed twice with one nonce")
		}
		if plain != "" && bytes.Contains(sealed, []byte(plain)) && len(plain) > 1 {
			t.Error("not encrypted")
		}
		if got, err := sealer(t, 'k').Open([]byte("aad"), sealed); err != nil || string(got) != plain {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s := sealer(t, 'k')
	sealed := s.Seal([]byte("aad"), []byte("plain"))
	refused := func(what string, s *sealing.Sealer, aad, b []byte) {
		if got, err := s.Open(aad, b); err == nil || got != nil {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			b := bytes.Clone(sealed)
			b[i] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d", bit, i), s, []byte("aad"), b)
		}
		refused(fmt.Sprintf("cut to %d bytes", i), s, []byte("aad"), sealed[:i])
	}
	refused("one byte more", s, []byte("aad"), append(bytes.Clone(sealed), 0))
	refused("other additional data", s, []byte("aae"), sealed)
	refused("no additional data", s, nil, sealed)
	refused("another key", sealer(t, 'K'), []byte("aad"), sealed)
	stranger := bytes.Clone(sealer(t, 'K').Seal([]byte("aad"), []byte("plain")))
	id := s.ID()
	copy(stranger[1:], id[:])
	refused("another key under the same id", s, []byte("aad"), stranger)
}

// The layout, built by hand: what one version sealed, the next must tell apart from its own.
func TestSealLayout(t *testing.T) {
	t.Parallel()
	aead, err := chacha20poly1305.NewX(bytes.Repeat([]byte{'k'}, 32))
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256([]byte("cgp-cred sealing key id\x00" + strings.Repeat("k", 32)))
	head := append([]byte{1}, id[:8]...)
	nonce := bytes.Repeat([]byte{'n'}, 24)
	sealed := aead.Seal(append(bytes.Clone(head), nonce...), nonce, []byte("plain"),
		append(bytes.Clone(head), "aad"...))
	if got, err := sealer(t, 'k').Open([]byte("aad"), sealed); err != nil || string(got) != "plain" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNewSize(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if s, err := sealing.New(make([]byte, n)); err == nil || s != nil {
			t.Errorf("took a key of %d bytes", n)
		}
	}
}

func TestSealerID(t *testing.T) {
	t.Parallel()
	first, same, other := sealer(t, 'k'), sealer(t, 'k'), sealer(t, 'K')
	if first.ID() != same.ID() {
		t.Error("one key, two ids")
	}
	if first.ID() == other.ID() {
		t.Error("two keys, one id")
	}
}

func TestSealerPrintsNothing(t *testing.T) {
	t.Parallel()
	s := sealer(t, 'k')
	type in struct{ S, s *sealing.Sealer }
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(format, s); got != "[redacted]" {
			t.Errorf("%s: %s", format, got)
		}
		for _, got := range []string{fmt.Sprintf(format, in{s, s}), fmt.Sprintf(format, *s)} {
			if strings.Contains(got, "kkkk") || strings.Contains(got, "6b6b") || strings.Contains(got, "107 107") {
				t.Errorf("%s: %s", format, got)
			}
		}
	}
	if b, err := json.Marshal(in{s, s}); err == nil && strings.Contains(string(b), "kkkk") {
		t.Errorf("json: %s", b)
	}
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, 'k')
	f.Add([]byte("aad"), s.Seal([]byte("aad"), []byte("plain")))
	f.Add([]byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, aad, sealed []byte) {
		if plain, err := s.Open(aad, sealed); err == nil && (string(aad) != "aad" || string(plain) != "plain") {
			t.Errorf("opened a forgery: %q", plain)
		}
		again, err := s.Open(aad, s.Seal(aad, sealed))
		if err != nil || !bytes.Equal(again, sealed) {
			t.Errorf("round trip: %q, %v", again, err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	s := sealer(b, 'k')
	sealed := s.Seal([]byte("aad"), make([]byte, 64))
	for b.Loop() {
		if _, err := s.Open([]byte("aad"), sealed); err != nil {
			b.Fatal(err)
		}
	}
}
