package apim_test

import (
	"strings"
	"testing"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

func TestParseHost(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"production", "prod", "api.service.nhs.uk"},
		{"environment", "internal-dev-sandbox", "internal-dev-sandbox.api.service.nhs.uk"},
		{"environment in capitals", "INT", "int.api.service.nhs.uk"},
		{"environment with the default port", "int:443", "int.api.service.nhs.uk"},
		{"host name", "int.api.service.nhs.uk", "int.api.service.nhs.uk"},
		{"upper case is folded", "INT.api.Service.nhs.UK", "int.api.service.nhs.uk"},
		{"default port is removed", "int.api.service.nhs.uk:443", "int.api.service.nhs.uk"},
		{"other port", "api.example.test:8443", "api.example.test:8443"},
		{"loopback keeps 443", "127.0.0.1:443", "127.0.0.1:443"},
		{"IPv6 loopback", "[::1]:8080", "[::1]:8080"},
		{"single label", "gateway", ""},
		{"single label with a port", "gateway:8443", "gateway:8443"},
		{"loopback", "LocalHost", "localhost"},
		{"misspelt with the default port", "intt:443", ""},
		{"punycode", "xn--nxasmq6b.example", "xn--nxasmq6b.example"},
		{"empty", "", ""},
		{"scheme", "https://int.api.service.nhs.uk", ""},
		{"path", "int.api.service.nhs.uk/oauth2", ""},
		{"query", "int.api.service.nhs.uk?x", ""},
		{"user information", "me@int.api.service.nhs.uk", ""},
		{"trailing dot", "int.api.service.nhs.uk.", ""},
		{"IDN", "int.api.sérvice.nhs.uk", ""},
		{"fullwidth dot", "int.api.service.nhs。uk", ""},
		{"U+0130, which Unicode lowers to i", "\u0130nt", ""},
		{"Kelvin sign, which Unicode lowers to k", "int.api.service.nhs.u\u212a", ""},
		{"fullwidth letter", "\uff49nt", ""},
		{"percent-encoded", "%69nt.api.service.nhs.uk", ""},
		{"leading zero in the port", "a.example:0443", ""},
		{"a short IPv4 address", "127.1", ""},
		{"a hexadecimal IPv4 address", "0x7F.0.0.1", ""},
		{"an IPv4 address as one number", "2130706433", ""},
		{"a leading zero in an address", "127.0.0.01", ""},
		{"space", "int api", ""},
		{"newline", "int.api.service.nhs.uk\nx", ""},
		{"empty label", "int..nhs.uk", ""},
		{"port zero", "a.example:0", ""},
		{"port too big", "a.example:65536", ""},
		{"port with a sign", "a.example:+1", ""},
		{"no port after colon", "a.example:", ""},
		{"IPv6 without brackets", "::1", ""},
		{"IPv6 zone", "[fe80::1%eth0]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := apim.ParseHost(tt.in)
			if got != tt.want {
				t.Errorf("ParseHost(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if tt.want == "" && (fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "") {
				t.Errorf("ParseHost(%q): error %v, want a usage error with a hint", tt.in, err)
			}
		})
	}
}

// A misspelt environment is refused with the name that was meant.
func TestMisspeltEnvironment(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"intt":                   `there is no environment "intt": did you mean int?`,
		"itn":                    "did you mean int?",
		"inte":                   "did you mean int?",
		"INT ":                   "did you mean int?",
		"\tprod":                 "did you mean prod?",
		"Integration":            "did you mean int? The Developer Hub calls it Integration test.",
		"int-test":               "did you mean int?",
		"PRODUCTION":             "did you mean prod? The Developer Hub calls it Production.",
		"live":                   "did you mean prod?",
		"prodd":                  "did you mean prod?",
		"prod1":                  "did you mean prod?",
		"development":            "did you mean dev?",
		"deve":                   "did you mean dev?",
		"reference":              "did you mean ref?",
		"reff":                   "did you mean ref?",
		"sanbox":                 "did you mean sandbox?",
		"sandboxx:443":           "did you mean sandbox?",
		"sand-box":               "did you mean sandbox?",
		"qa":                     "did you mean internal-qa?",
		"internal_dev":           `host "internal_dev": it is not a DNS name: did you mean internal-dev?`,
		"internal-dev-sandbx":    "did you mean internal-dev-sandbox?",
		"uat":                    "for tests is int",
		"staging":                "for tests is int",
		"gateway":                `there is no environment "gateway"`,
		"api-service-nhs-uk":     "there is no environment",
		"intapi.service.nhs.uk.": "it ends in a dot",
	} {
		_, err := apim.ParseHost(host)
		if err == nil || !strings.Contains(err.Error(), want) || fault.ClassOf(err) != fault.Usage ||
			fault.HintOf(err, "") == "" {
			t.Errorf("ParseHost(%q): %v, want %q and a hint", host, err, want)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	f.Add("int")
	f.Add("[::1]:1")
	f.Add("127.0.0.1:8080")
	f.Fuzz(func(t *testing.T, s string) {
		host, err := apim.ParseHost(s)
		if err != nil {
			return
		}
		if again, err := apim.ParseHost(host); err != nil || again != host {
			t.Fatalf("ParseHost(%q) = %q, and that again %q, %v", s, host, again, err)
		}
		if err := apim.CheckTokenURL(apim.TokenURL(host)); err != nil {
			t.Fatalf("its token URL %q: %v", apim.TokenURL(host), err)
		}
	})
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "localhost:80": true, "127.0.0.1": true, "127.1.2.3:8080": true, "[::1]": true,
		"[::1]:1": true,
		"127.1":   false, "127.0.0.01": false, "0x7f.0.0.1": false, "2130706433": false, "[::ffff:127.0.0.1]": false,
		"localhost.example": false, "127.0.0.1.nip.io": false, "0.0.0.0": false, "my-localhost": false, "": false,
	} {
		if got := apim.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestSandboxIsExact(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"sandbox.api.service.nhs.uk": true, "internal-dev-sandbox.api.service.nhs.uk": true,
		"internal-qa-sandbox.api.service.nhs.uk": true, "int.api.service.nhs.uk": false, "sandbox.evil.example": false,
		"x.sandbox.api.service.nhs.uk": false, "api.service.nhs.uk": false,
	} {
		if got := apim.Sandbox(host); got != want {
			t.Errorf("Sandbox(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestAPIKeyHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		host, header string
		bearer       bool
	}{
		{"api.service.nhs.uk", "apikey", false},
		{"int.api.service.nhs.uk", "apikey", false},
		{"127.0.0.1:8080", "apikey", false},
		{"gateway.aws.gel.ac", "Authorization", true},
		{"api.service.nhs.uk.evil.example", "X-API-Key", false},
		{"evil-api.service.nhs.uk", "X-API-Key", false},
		{"aws.gel.ac.evil.example", "X-API-Key", false},
		{"api.example.test", "X-API-Key", false},
	}
	for _, tt := range tests {
		header, bearer := apim.APIKeyHeader(tt.host)
		if header != tt.header || bearer != tt.bearer {
			t.Errorf("APIKeyHeader(%q) = %s, %v, want %s, %v", tt.host, header, bearer, tt.header, tt.bearer)
		}
	}
}

func TestCheckTokenURL(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://int.api.service.nhs.uk/oauth2-mock/token": true,
		"http://127.0.0.1:8080/oauth2/token":               true,
		"https://localhost:8443/oauth2/token":              true,
		"http://int.api.service.nhs.uk/oauth2/token":       false,
		"https://int.api.service.nhs.uk/oauth2/token?x=1":  false,
		"https://int.api.service.nhs.uk/oauth2/token?":     false,
		"https://int.api.service.nhs.uk/oauth2/token#x":    false,
		"https://me:pw@int.api.service.nhs.uk/token":       false,
		"ftp://int.api.service.nhs.uk/token":               false,
		"int.api.service.nhs.uk/oauth2/token":              false,
		"https:oauth2":                                     false,
		"":                                                 false,
	} {
		if err := apim.CheckTokenURL(url); (err == nil) != ok {
			t.Errorf("CheckTokenURL(%q): %v, want ok %v", url, err, ok)
		}
	}
}
