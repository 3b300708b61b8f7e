package profile_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// config makes a config folder with profiles, each given as "name host api_name".
func config(t testing.TB, profiles ...string) profile.Config {
	t.Helper()
	c := profile.Config{Folder: filepath.Join(t.TempDir(), "cgp-cred")}
	for _, p := range profiles {
		f := append(strings.Fields(p), "")
		err := c.Save(&profile.Profile{
			Name: f[0], Host: f[1], APIName: f[2], Auth: profile.JWT,
			Keystore: profile.Keychain, Rev: "r",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestResolveByName(t *testing.T) {
	t.Parallel()
	two := config(t, "int int.api.service.nhs.uk", "prod api.service.nhs.uk")
	withDefault := config(t, "int int.api.service.nhs.uk", "prod api.service.nhs.uk")
	if err := withDefault.SetDefault("int"); err != nil {
		t.Fatal(err)
	}
	one := config(t, "only int.api.service.nhs.uk")
	tests := []struct {
		name   string
		config profile.Config
		ask    profile.Ask
		want   string // empty: no profile
		source profile.Source
	}{
		{"argument beats environment", two, profile.Ask{Name: "int", Env: "prod"}, "int", profile.ByArgument},
		{"environment beats default", withDefault, profile.Ask{Env: "prod"}, "prod", profile.ByEnvironment},
		{"default", withDefault, profile.Ask{}, "int", profile.ByDefault},
		{"the only one", one, profile.Ask{}, "only", profile.Only},
		{"none is preferred", two, profile.Ask{}, "", ""},
		{"none there", config(t), profile.Ask{}, "", ""},
		{"unknown argument", two, profile.Ask{Name: "ref"}, "", ""},
		{"unknown environment is not passed over", one, profile.Ask{Env: "ref"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, source, err := tt.config.Resolve(tt.ask)
			if tt.want == "" {
				if !errors.Is(err, profile.ErrNoProfile) {
					t.Errorf("error %v, want ErrNoProfile", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Name != tt.want || source != tt.source {
				t.Errorf("%s by %s, want %s by %s", p.Name, source, tt.want, tt.source)
			}
		})
	}
}

func TestResolveByURL(t *testing.T) {
	t.Parallel()
	c := config(t,
		"int int.api.service.nhs.uk",
		"gdam int.api.service.nhs.uk genomic-data-access",
		"fhir int.api.service.nhs.uk genomic-data-access/FHIR",
		"twin int.api.service.nhs.uk genomic-data-access/FHIR",
		"local 127.0.0.1:8080",
		"port api.example.test:8443",
		"gel gateway.aws.gel.ac",
	)
	const host = "https://int.api.service.nhs.uk"
	tests := []struct{ name, url, env, want string }{
		{"only the host", host, "", "int"},
		{"any path", host + "/hello-world/hello", "", "int"},
		{"longest api_name", host + "/genomic-data-access/ga4gh/drs", "", "gdam"},
		{"api_name itself", host + "/genomic-data-access", "", "gdam"},
		{"only whole segments", host + "/genomic-data-access-2/x", "", "int"},
		{"api_name is case-sensitive", host + "/Genomic-Data-Access/x", "", "int"},
		{"a tie", host + "/genomic-data-access/FHIR/R4", "", ""},
		{"a tie goes to the environment", host + "/genomic-data-access/FHIR/R4", "twin", "twin"},
		{"the environment does not beat a longer api_name", host + "/genomic-data-access/x", "int", "gdam"},
		{"default port", host + ":443/x", "", "int"},
		{"host in upper case", "HTTPS://INT.api.service.nhs.uk/x", "", "int"},
		{"http on loopback", "http://127.0.0.1:8080/x", "", "local"},
		{"https on loopback", "https://127.0.0.1:8080/x", "", "local"},
		{"another loopback name", "http://localhost:8080/x", "", ""},
		{"another port", host + ":8443/x", "", ""},
		{"a missing port", "https://api.example.test/x", "", ""},
		{"plain http", "http://int.api.service.nhs.uk/x", "", ""},
		{"http on the https port", "http://int.api.service.nhs.uk:443/x", "", ""},
		{"look-alike suffix", "https://int.api.service.nhs.uk.evil.example/", "", ""},
		{"look-alike prefix", "https://evil-int.api.service.nhs.uk/", "", ""},
		{"look-alike of another", "https://evil-api.service.nhs.uk.example/", "", ""},
		{"parent", "https://api.service.nhs.uk/", "", ""},
		{"trailing dot", "https://int.api.service.nhs.uk./", "", ""},
		{"fullwidth letters", "https://ｉnt.api.service.nhs.uk/", "", ""},
		{"user information", "https://int.api.service.nhs.uk@evil.example/", "", ""},
		{"user information before the host", "https://me@int.api.service.nhs.uk/", "", ""},
		{"backslash", `https://int.api.service.nhs.uk\@evil.example/`, "", ""},
		{"dot segments", host + "/genomic-data-access/../hello-world", "", ""},
		{"encoded dots", host + "/genomic-data-access/%2e%2E/hello-world", "", ""},
		{"encoded slash is no separator", host + "/genomic-data-access%2Fx", "", "int"},
		{"encoded slash below an api_name", host + "/genomic-data-access/drs%2Fx", "", "gdam"},
		{"dots between encoded slashes", host + "/genomic-data-access/..%2f..%2Fx", "", ""},
		{"encoded dot segment before a semicolon", host + "/a/..%3bx=1/b", "", ""},
		{"dots before a semicolon", host + "/a/..;/b", "", ""},
		{"a dot before a semicolon", host + "/a/.;x/b", "", ""},
		{"dots and a space", host + "/a/..%20/b", "", ""},
		{"three dots", host + "/a/.../b", "", ""},
		{"a semicolon", host + "/a;v=1/b", "", "int"},
		{"dots encoded twice", host + "/a/%252e%252E/b", "", ""},
		{"dots encoded three times", host + "/a/%25252e%25252e/b", "", ""},
		{"a digit of an escape encoded", host + "/a/%2%35e/b", "", ""},
		{"slash encoded twice", host + "/a%252fb", "", ""},
		{"backslash encoded twice", host + "/a%255Cb", "", ""},
		{"control character encoded twice", host + "/a%250ab", "", ""},
		{"overlong dots", host + "/a/%c0%ae%C0%AE/b", "", ""},
		{"overlong dots in three bytes", host + "/a/%e0%80%ae/b", "", ""},
		{"overlong slash", host + "/a%c0%afb", "", ""},
		{"overlong dots encoded twice", host + "/a/%25c0%25ae/b", "", ""},
		{"a byte that is no UTF-8", host + "/a%ffb", "", ""},
		{"fullwidth dots", host + "/a/%ef%bc%8e%ef%bc%8e/b", "", ""},
		{"fullwidth slash", host + "/a%EF%BC%8Fb", "", ""},
		{"NUL", host + "/a%00b", "", ""},
		{"encoded newline", host + "/a%0Ab", "", ""},
		{"DEL", host + "/a%7fb", "", ""},
		{"a control character beyond ASCII", host + "/a%c2%85b", "", ""},
		{"letters beyond ASCII, encoded", host + "/caf%C3%A9", "", "int"},
		{"a percent sign", host + "/100%25/x", "", "int"},
		{"U+0130", "https://%C4%B0nt.api.service.nhs.uk/x", "", ""},
		{"Kelvin sign", "https://int.api.service.nhs.u%E2%84%AA/x", "", ""},
		{"encoded ASCII letter", "https://%69nt.api.service.nhs.uk/x", "", ""},
		{"fullwidth letter, encoded", "https://%EF%BD%89nt.api.service.nhs.uk/x", "", ""},
		{"soft hyphen", "https://int%C2%AD.api.service.nhs.uk/x", "", ""},
		{"long s in the scheme", "http\u017f://int.api.service.nhs.uk/x", "", ""},
		{"leading zero in the port", host + ":0443/x", "", ""},
		{"encoded user information", "https://int.api.service.nhs.uk%40evil.example/", "", ""},
		{"encoded backslash", host + "/genomic-data-access%5cx", "", ""},
		{"bare backslash in the path", host + `/a\b`, "", ""},
		{"single dot", host + "/./x", "", ""},
		{"dot at the end", host + "/x/..", "", ""},
		{"dots in a name", host + "/a..b/.well-known", "", "int"},
		{"dots in the query", host + "/x?path=../y", "", "int"},
		{"newline", host + "/x\nheader", "", ""},
		{"space", host + "/a b", "", ""},
		{"no scheme", "int.api.service.nhs.uk/x", "", ""},
		{"other scheme", "ftp://int.api.service.nhs.uk/x", "", ""},
		{"opaque", "https:int.api.service.nhs.uk", "", ""},
		{"empty port", "https://int.api.service.nhs.uk:/x", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, err := c.Resolve(profile.Ask{URL: tt.url, Env: tt.env})
			var uncovered *profile.CoverError
			switch {
			case tt.want == "" && !errors.As(err, &uncovered):
				t.Errorf("profile %v, error %v, want a CoverError", p, err)
			case tt.want == "" && (strings.Contains(err.Error(), "hello") || fault.HintOf(err, "") == ""):
				t.Errorf("the message repeats a path, or has no hint: %v", err)
			case tt.want != "" && err != nil:
				t.Error(err)
			case tt.want != "" && p.Name != tt.want:
				t.Errorf("profile %s, want %s", p.Name, tt.want)
			}
		})
	}
}

func TestNameAndURLTogether(t *testing.T) {
	t.Parallel()
	c := config(t, "int int.api.service.nhs.uk", "prod api.service.nhs.uk")
	if p, _, err := c.Resolve(profile.Ask{Name: "int", URL: "https://int.api.service.nhs.uk/x"}); err != nil ||
		p.Name != "int" {
		t.Errorf("profile %v, error %v", p, err)
	}
	var uncovered *profile.CoverError
	_, _, err := c.Resolve(profile.Ask{Name: "int", URL: "https://api.service.nhs.uk/x"})
	if !errors.As(err, &uncovered) {
		t.Errorf("error %v, want a CoverError: another profile covers it, but this one was named", err)
	}
}

func FuzzCovers(f *testing.F) {
	for _, s := range []string{
		"https://int.api.service.nhs.uk/a/x", "https://int.api.service.nhs.uk/a/%2e%2e/b",
		`https://x\y`, "http://[::1]:8080/",
	} {
		f.Add(s)
	}
	p := &profile.Profile{Name: "int", Host: "int.api.service.nhs.uk", APIName: "a"}
	for _, s := range []string{
		"https://%C4%B0nt.api.service.nhs.uk/a", "https://int.api.service.nhs.uk:443/a/..;/b",
		"HTTPS://INT.api.service.nhs.uK/a?b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := profile.ParseURL(s)
		if err != nil || !p.Covers(u) {
			return
		}
		if host := textHost(s); host != p.Host && host != p.Host+":443" {
			t.Fatalf("%q is covered, and its text names the host %q", s, host)
		}
		// What a client makes of it must be the same place.
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatalf("%q is covered, and %q can't be read", s, u)
		}
		clean := again.JoinPath()
		if h := strings.ToLower(clean.Hostname()); h != p.Host || clean.Scheme != "https" ||
			!strings.HasPrefix(clean.Path, "/a") {
			t.Fatalf("%q is covered, and goes to %s", s, clean)
		}
	})
}

// textHost is the authority of a URL's text, its ASCII letters lowered: nothing of net/url or of the code under test.
func textHost(s string) string {
	var host []byte
	slashes := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case slashes < 2 && c == '/':
			slashes++
		case slashes == 2 && (c == '/' || c == '\\' || c == '?' || c == '#'):
			return string(host)
		case slashes == 2 && 'A' <= c && c <= 'Z':
			host = append(host, c+32)
		case slashes == 2:
			host = append(host, c)
		}
	}
	return string(host)
}

// helper/oauth asks with URLs that no text was read for.
func TestCoversURLsOfPrograms(t *testing.T) {
	t.Parallel()
	p := &profile.Profile{Name: "int", Host: "int.api.service.nhs.uk"}
	for name, u := range map[string]*url.URL{
		"U+0130":            {Scheme: "https", Host: "\u0130nt.api.service.nhs.uk", Path: "/"},
		"Kelvin sign":       {Scheme: "https", Host: "int.api.service.nhs.u\u212a", Path: "/"},
		"opaque":            {Scheme: "https", Host: p.Host, Opaque: "//evil.example/"},
		"user":              {Scheme: "https", Host: p.Host, User: url.User("x"), Path: "/"},
		"control character": {Scheme: "https", Host: p.Host, Path: "/a\x01b"},
		"newline":           {Scheme: "https", Host: p.Host, Path: "/a\nb"},
		"DEL":               {Scheme: "https", Host: p.Host, Path: "/a\x7fb"},
		"empty port":        {Scheme: "https", Host: p.Host + ":", Path: "/"},
		"no scheme":         {Host: p.Host, Path: "/"},
	} {
		if p.Covers(u) {
			t.Errorf("%s: %s is covered", name, u)
		}
	}
	if !p.Covers(&url.URL{Scheme: "https", Host: "INT.api.service.nhs.uk:443", Path: "/a"}) {
		t.Error("the host itself is not covered")
	}
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	const good = "api_host: int.api.service.nhs.uk\nauth: jwt\nkeystore: keychain\nrev: r\n"
	tests := []struct{ name, text, want string }{
		{"unknown key", good + "api_hots: x\n", `:5: unknown key "api_hots"`},
		{"a key of a secret", good + "api_key: x\n", `:5: unknown key "api_key"`},
		{"twice the same key", good + "auth: none\n", `already defined`},
		{"not YAML", "api_host: [\n", "int.yaml:"},
		{"a tab", "api_host: a.example\n\tauth: jwt\n", ":2: "},
		{"a list", "- a\n", ":1: it does not have the form key: value"},
		{"a list as a value", "api_host: [a, b]\nauth: jwt\n", ":1: write the value on this line"},
		{"two documents", good + "---\n" + good, "more than one YAML document"},
		{"empty", "", "api_host"},
		{"host with a scheme", "api_host: https://a.example\nauth: jwt\n", "it has a scheme"},
		{"host in upper case", "api_host: A.example\nauth: jwt\n", ":1: api_host: write it as a.example"},
		{"host is an environment's name", "api_host: int\nauth: jwt\n", "write it as int.api.service.nhs.uk"},
		{"unknown method", "api_host: a.example\nauth: basic\n", `:2: auth: "basic" is not jwt, apikey or none`},
		{"unknown keystore", "api_host: a.example\nauth: jwt\nkeystore: cloud\n", `:3: keystore: "cloud"`},
		{"api_name with dots", "api_host: a.example\nauth: jwt\napi_name: a/../b\n", ":3: api_name"},
		{"not UTF-8", "api_host: \xff\n", "int.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := config(t, "int int.api.service.nhs.uk")
			file := filepath.Join(c.Folder, "profiles", "int.yaml")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := c.Load("int")
			if fault.ClassOf(err) != fault.Usage {
				t.Fatalf("error %v, want a usage error", err)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), file) ||
				fault.HintOf(err, "") == "" {
				t.Errorf("message %q, want the file's name and %q", err, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"int": true, "a": true, "0": true, "my-app_2.x": true, strings.Repeat("a", 64): true,
		"": false, "Int": false, "-x": false, ".x": false, "_x": false, "a b": false, "a/b": false, "..": false,
		"a\n": false,
		"é":   false, strings.Repeat("a", 65): false, "a:b": false,
	} {
		if err := profile.CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q): %v, want ok %v", name, err, ok)
		}
	}
}

func TestRemoveForgetsTheDefault(t *testing.T) {
	t.Parallel()
	c := config(t, "int int.api.service.nhs.uk", "prod api.service.nhs.uk")
	if err := c.SetDefault("int"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if existed, err := c.Remove("int"); err != nil || existed != want {
			t.Errorf("removed %v, %v, want %v", existed, err, want)
		}
	}
	if def, err := c.Default(); err != nil || def != "" {
		t.Errorf("default %q, %v, want none", def, err)
	}
}

func BenchmarkResolve(b *testing.B) {
	c := config(b, "int int.api.service.nhs.uk", "prod api.service.nhs.uk")
	for b.Loop() {
		if _, _, err := c.Resolve(profile.Ask{Name: "int"}); err != nil {
			b.Fatal(err)
		}
	}
}
