package profile_test

import (
	"strings"
	"testing"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// A name or a URL that leads to no profile gets a message and a hint that lead on.
func TestHints(t *testing.T) {
	t.Parallel()
	const int1 = "int int.api.service.nhs.uk genomic-data-access"
	some := config(t, int1, "ref ref.api.service.nhs.uk", "local localhost:8080")
	tests := []struct {
		name      string
		config    profile.Config
		arg, url  string
		what, why string // parts of the message and of the hint
	}{
		{"a URL without scheme", some, "int.api.service.nhs.uk/x", "", "profile name", "https://int.api.service.nhs.uk/..."},
		{"a host and port", some, "127.0.0.1:8080", "", "profile name", "http://127.0.0.1:8080"},
		{"an environment with a path", some, "int/hello", "", "profile name", "https://int.api.service.nhs.uk/..."},
		{"a host", some, "int.api.service.nhs.uk", "", "no profile named", "https://int.api.service.nhs.uk"},
		{"capitals", some, "INT", "", "profile name", "names are in lower case: int"},
		{"one capital", some, "Int", "", "profile name", "names are in lower case: int"},
		{"a space", some, " int", "", "profile name", "names are in lower case: int"},
		{"other letters", some, "ïnt", "", "profile name", "cgp-cred list"},
		{"misspelt", some, "itn", "", "no profile named", "did you mean int?"},
		{
			"an environment without a profile", some, "sandbox", "", "no profile named",
			"cgp-cred store sandbox --host sandbox, or cgp-cred keygen sandbox --host sandbox --kid sandbox-1",
		},
		{"another name", some, "work", "", "no profile named", "cgp-cred store work --host HOST"},
		{
			"no profile yet", config(t), "", "https://int.api.service.nhs.uk/x", "no profile has its host",
			"make one: cgp-cred store int --host int",
		},
		{
			"no profile for prod", some, "", "https://api.service.nhs.uk/x", "no profile has its host",
			"make one: cgp-cred store prod --host prod",
		},
		{
			"another host", some, "", "https://drs.example.org/x", "no profile has its host",
			"if you know this host, make one: cgp-cred store NAME --host HOST",
		},
		{
			"no profile for this machine", config(t), "", "http://127.0.0.1:8080/x", "no profile has its host",
			"make one: cgp-cred store localhost --host 127.0.0.1:8080",
		},
		{
			"its name is taken", config(t, "int ref.api.service.nhs.uk"), "", "https://int.api.service.nhs.uk/x",
			"no profile has its host", "make one: cgp-cred store NAME --host int",
		},
		{
			"a look-alike host", some, "", "https://int.api.service.nhs.uk.evil.example/x", "no profile has its host",
			"if you know this host, make one: cgp-cred store NAME --host HOST",
		},
		{"http", some, "", "http://ref.api.service.nhs.uk/x", "only over https", "https://"},
		{"another scheme", some, "", "ftp://ref.api.service.nhs.uk/x", "only over https", "https://"},
		{
			"another path", some, "", "https://int.api.service.nhs.uk/other/x",
			`its path is not below that of profile "int", /genomic-data-access`,
			"cgp-cred store int-2 --host int.api.service.nhs.uk --api-name PATH",
		},
		{
			"a path with dots", some, "", "https://ref.api.service.nhs.uk/a/../b", "its path could be read as another one",
			"write the path",
		},
		{
			"another port", some, "", "http://localhost:9090/x",
			`its port is not that of profile "local", which is for localhost:8080`, "cgp-cred list",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := tt.config.Resolve(profile.Ask{Name: tt.arg, URL: tt.url})
			hint := fault.HintOf(err, "")
			if err == nil || !strings.Contains(err.Error(), tt.what) || !strings.Contains(hint, tt.why) {
				t.Errorf("error %v, hint %q", err, hint)
			}
			if strings.Contains(hint, "/x") || strings.Contains(hint, "hello") {
				t.Errorf("the hint has the path, which may name a patient: %q", hint)
			}
		})
	}
}
