package oauth_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/oauth"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

func TestTokenIsShared(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{}, manage.Change{})
	s := p.source(t)
	var all sync.WaitGroup
	tokens := make([]string, 30)
	for i := range tokens {
		all.Go(func() {
			tok, err := s.Token()
			if err != nil {
				t.Error(err)
				return
			}
			if !tok.Valid() || tok.Type() != "Bearer" || time.Until(tok.Expiry) > 600*time.Second {
				t.Errorf("token of type %s until %v", tok.Type(), tok.Expiry)
			}
			tokens[i] = tok.AccessToken
		})
	}
	all.Wait()
	for _, tok := range tokens {
		if tok != tokens[0] {
			t.Error("different tokens")
		}
	}
	if n := p.Sim.Requests(); n != 1 {
		t.Errorf("%d requests", n)
	}
	cached, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	if err != nil || string(cached.Secret.Reveal()) != tokens[0] {
		t.Errorf("the cache has another token: %v", err)
	}
}

// Without a token cache, a source keeps its token itself, until half of a short life is over.
func TestTokenWithoutCache(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{TokenLife: 2 * time.Second}, manage.Change{})
	p.Folders.State = "" // no sealing key, no cache
	s := p.source(t)
	first, err := s.Token()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := s.Token(); err != nil || second.AccessToken != first.AccessToken {
		t.Errorf("another token, %v", err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		tok, err := s.Token()
		if err != nil || time.Now().After(end) {
			t.Fatalf("no new token: %v", err)
		}
		if !tok.Expiry.After(time.Now()) {
			t.Fatal("a dead token")
		}
		if tok.AccessToken != first.AccessToken {
			break
		}
	}
}

func TestTokenOfOtherMethods(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{profile.APIKey, profile.None} {
		p := newPlace(t, simulator.Config{}, manage.Change{Auth: auth})
		_, err := p.source(t).Token()
		var none *oauth.NoBearerError
		if !errors.As(err, &none) || none.Auth != auth || !strings.Contains(fault.HintOf(err, ""), "Transport") {
			t.Errorf("%s: error %v", auth, err)
		}
	}
}

func TestRefusalIsTyped(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{NoProduct: true}, manage.Change{})
	_, err := p.source(t).Token()
	var refused *apim.Error
	if !errors.As(err, &refused) || refused.Class != fault.Refused {
		t.Errorf("error %v", err)
	}
}

// Open finds what the command finds: folders, profile and a real keychain.
func TestOpen(t *testing.T) {
	k := keystoretest.StartKeyring(t)
	for _, v := range k.Env {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	t.Setenv("CGP_CRED_PROFILE", "")
	if _, err := oauth.Open("int"); !errors.Is(err, profile.ErrNoProfile) {
		t.Errorf("without a profile: %v", err)
	}
	h, err := helper.Open(helper.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sim, url := serve(t, simulator.Config{})
	if _, err := h.Manage().Store(t.Context(), "int", manage.Change{
		Host: strings.TrimPrefix(url, "http://"), APIKey: keystore.NewSecret([]byte(apiKey)),
		Key: &record.Key{KID: "k1", Signer: signer.NewRSA(key())},
	}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "int"} {
		s, err := oauth.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Token(); err != nil {
			t.Error(err)
		}
	}
	if sim.Minted() != 1 {
		t.Errorf("%d tokens", sim.Minted())
	}
	p, err := h.Config.Load("int")
	if err == nil {
		err = h.Erase(t.Context(), p)
	}
	if err != nil {
		t.Error(err)
	}
	t.Setenv("CGP_CRED_PROFILE", "other")
	if _, err := oauth.Open(""); !errors.Is(err, profile.ErrNoProfile) {
		t.Errorf("CGP_CRED_PROFILE: %v", err)
	}
}

// The command must not pay for this package when it starts.
func TestCommandIsLean(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "go", "golang-go")
	cmd := exec.Command("go", "list", "-deps", "./cmd/cgp-cred")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil || !bytes.Contains(out, []byte("cgp-cred/helper\n")) {
		t.Fatalf("go list: %v", err)
	}
	if bytes.Contains(out, []byte("golang.org/x/oauth2")) || bytes.Contains(out, []byte("cgp-cred/helper/oauth")) {
		t.Error("cmd/cgp-cred imports oauth2")
	}
}
