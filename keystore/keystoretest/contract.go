package keystoretest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cgp-cred/keystore"
)

// Contract is what every keystore does.
func Contract(t *testing.T, ks keystore.Keystore) {
	t.Helper()
	ctx := context.Background()
	if _, err := ks.Get(ctx, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Fatalf("get: %v, want not found", err)
	}
	if err := ks.Delete(ctx, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Fatalf("delete: %v, want not found", err)
	}
	for _, text := range []string{"one", strings.Repeat("~", keystore.MaxValue)} {
		want := keystore.NewSecret([]byte(text))
		if err := ks.Set(ctx, "int", want); err != nil {
			t.Fatal(err)
		}
		if got, err := ks.Get(ctx, "int"); err != nil || !got.Equal(want) {
			t.Fatalf("another value came back: %v", err)
		}
	}
	if _, err := ks.Get(ctx, "int/token"); !errors.Is(err, keystore.ErrNotFound) {
		t.Fatalf("get of another account: %v", err)
	}
	big := keystore.NewSecret([]byte(strings.Repeat("~", keystore.MaxValue+1)))
	if err := ks.Set(ctx, "int", big); !errors.Is(err, keystore.ErrTooBig) {
		t.Fatalf("%v, want too big", err)
	}
	for _, bad := range []string{"", "schlüssel", "\x00"} {
		if ks.Set(ctx, "int", keystore.NewSecret([]byte(bad))) == nil {
			t.Fatalf("value %q was stored", bad)
		}
	}
	for _, bad := range []string{"", "-a", "a b", "a\nb", "a'b", "a:b", strings.Repeat("a", 81)} {
		if _, err := ks.Get(ctx, bad); err == nil || errors.Is(err, keystore.ErrNotFound) {
			t.Fatalf("account %q: %v", bad, err)
		}
	}
	if err := ks.Delete(ctx, "int"); err != nil {
		t.Fatal(err)
	}
	if _, err := ks.Get(ctx, "int"); !errors.Is(err, keystore.ErrNotFound) {
		t.Fatalf("get after delete: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := ks.Get(cancelled, "int"); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
}
