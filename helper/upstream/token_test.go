package upstream_test

import (
	"path/filepath"
	"testing"

	"cgp-cred/helper/upstream"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

func TestArgsWinOverTheFile(t *testing.T) {
	t.Parallel()
	c, err := upstream.ParseConfig("config.yaml",
		[]byte("api_host: int\napi_key: one\napim_kid: kid-1\nprivate_key_pem: one.pem\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		words []string
		want  [4]string
	}{
		{nil, [4]string{"int.api.service.nhs.uk", "one", "kid-1", "one.pem"}},
		{[]string{"-host", "ref"}, [4]string{"ref.api.service.nhs.uk", "one", "kid-1", "one.pem"}},
		{[]string{"-k", "two"}, [4]string{"int.api.service.nhs.uk", "two", "kid-1", "one.pem"}},
		{[]string{"-kid", " kid-2 "}, [4]string{"int.api.service.nhs.uk", "one", "kid-2", "one.pem"}},
		{[]string{"-pem", "two.pem"}, [4]string{"int.api.service.nhs.uk", "one", "kid-1", "two.pem"}},
	} {
		a, err := upstream.ParseArgs(tt.words)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Over(c)
		if err != nil {
			t.Fatal(err)
		}
		if g := [4]string{got.Host, string(got.APIKey.Reveal()), got.KID, got.PEM.Path}; g != tt.want {
			t.Errorf("%q: got %q, want %q", tt.words, g, tt.want)
		}
	}
	if _, err := (upstream.Args{Host: "https://x"}).Over(c); fault.ClassOf(err) != fault.Usage {
		t.Errorf("a URL as host: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	key := keystore.NewSecret([]byte("key"))
	pem := upstream.PEM{Path: "a.pem"}
	const prod = "api.service.nhs.uk"
	for name, tt := range map[string]struct {
		c                           upstream.Config
		host, kid, warning, problem string
	}{
		"all":             {c: upstream.Config{Host: "h", KID: "k", APIKey: key, PEM: pem}, host: "h", kid: "k"},
		"no host":         {c: upstream.Config{KID: "k", APIKey: key, PEM: pem}, host: prod, kid: "k", warning: "no --api_host: asking production, " + prod},
		"no kid":          {c: upstream.Config{Host: "h", APIKey: key, PEM: pem}, host: "h", kid: "test-1", warning: "no --apim_kid: signing as test-1"},
		"neither":         {c: upstream.Config{APIKey: key, PEM: pem}, problem: "there is neither a host nor a kid, and test-1 is not a key of production"},
		"test-1 in prod":  {c: upstream.Config{Host: prod, APIKey: key, PEM: pem}, problem: "there is no kid, and test-1 is not a key of production"},
		"no API key":      {c: upstream.Config{Host: "h", KID: "k", PEM: pem}, problem: "there is no API key"},
		"no private key":  {c: upstream.Config{Host: "h", KID: "k", APIKey: key}, problem: "there is no private key, and a token request needs one"},
		"an open sandbox": {c: upstream.Config{Host: "sandbox." + prod}, problem: "sandbox." + prod + " needs no token"},
	} {
		c, warning, err := tt.c.Complete()
		if problem := text(err); problem != tt.problem || warning != tt.warning {
			t.Errorf("%s: warning %q, error %q", name, warning, problem)
		} else if err == nil && (c.Host != tt.host || c.KID != tt.kid) {
			t.Errorf("%s: host %s, kid %s", name, c.Host, c.KID)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPEMFile(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"~/keys/a.pem": filepath.FromSlash("/home/u/keys/a.pem"), "/a.pem": "/a.pem", "a.pem": "a.pem", "~u/a.pem": "~u/a.pem", "~": "~",
	} {
		if got := (upstream.PEM{Path: path}).File("/home/u"); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got := (upstream.PEM{Path: "~/a.pem"}).File(""); got != "~/a.pem" {
		t.Errorf("without a home: %s", got)
	}
}
