package main

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestMedians(t *testing.T) {
	t.Parallel()
	got, err := medians([]byte(`{"results":[{"command":"a","mean":9,"median":0.0021,"times":[1]},{"median":1e-3}]}`))
	if err != nil || !slices.Equal(got, []float64{0.0021, 0.001}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{``, `{"results":[{}]}`, `{"results":[{"median":"1"}]}`} {
		if got, err := medians([]byte(bad)); err == nil {
			t.Errorf("%s: %v", bad, got)
		}
	}
}

func TestPerOperation(t *testing.T) {
	t.Parallel()
	const one = "goos: linux\ncpu: a name\nBenchmarkGet/open_and_get-2 \t  100\t     12345.5 ns/op\t 3 B/op\nPASS\n"
	if got, err := perOperation(one); err != nil || got != 12345.5e-9 {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"PASS\n", one + one} {
		if got, err := perOperation(bad); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
	for _, b := range []struct{ name, want string }{{"Get", "^BenchmarkGet$"}, {"Get/open", "^BenchmarkGet$/^open"}} {
		if got := (benchmark{name: b.name}).pattern(); got != b.want {
			t.Errorf("%s: %s, want %s", b.name, got, b.want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	argv := []string{"printf", "%s|", "a b", "it's", `exec "$@" <"$0"`, ""}
	keystoretest.Need(t, "sh", "dash")
	out, err := exec.Command("sh", "-c", words(argv)).CombinedOutput()
	if got := string(out); err != nil || got != "a b|it's|"+`exec "$@" <"$0"`+"||" {
		t.Errorf("a shell reads %s, %v", got, err)
	}
}

func TestStage(t *testing.T) {
	t.Parallel()
	s, order := new(stage), ""
	s.Cleanup(func() { order += "1" })
	s.Cleanup(func() { order += "2" })
	s.close()
	s.close()
	if order != "21" {
		t.Errorf("ended in the order %s", order)
	}
	if err := s.try(func() { s.Fatalf("no %s", "keyring") }); err == nil || err.Error() != "no keyring" {
		t.Errorf("%v", err)
	}
	if err := s.try(func() { s.Skip("no ", "Linux") }); err == nil || err.Error() != "no Linux" {
		t.Errorf("%v", err)
	}
	if err := s.try(func() {}); err != nil {
		t.Errorf("%v", err)
	}
	defer func() {
		if e, ok := recover().(error); !ok || !strings.Contains(e.Error(), "a bug") {
			t.Errorf("another panic was swallowed: %v", e)
		}
	}()
	_ = s.try(func() { panic(errors.New("a bug")) })
}
