package wire_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

var now = time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)

func token() helper.Credential {
	return helper.Credential{
		Profile: "int", Host: "int.api.service.nhs.uk", Auth: profile.JWT, Header: "Authorization", Bearer: true,
		Secret: keystore.NewSecret([]byte("tok-1.2_3~4+5/6==")), ExpiresAt: now.Add(599 * time.Second), Cached: true,
	}
}

func apiKey(host, header string) helper.Credential {
	return helper.Credential{
		Profile: "int", Host: host, Auth: profile.APIKey, Header: header,
		Secret: keystore.NewSecret([]byte("key1")),
	}
}

func none() helper.Credential {
	return helper.Credential{Profile: "box", Host: "sandbox.api.service.nhs.uk", Auth: profile.None}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	const target = `https://int.api.service.nhs.uk/a?q={1,2}"\x`
	gel := apiKey("x.aws.gel.ac", "Authorization")
	gel.Bearer = true
	local := token()
	local.Host = "127.0.0.1:8080"
	tests := []struct {
		name, format string
		cred         helper.Credential
		url          string
		want         string // "!": refused
	}{
		{"token as a header", "header", token(), "", "Authorization: Bearer tok-1.2_3~4+5/6==\n"},
		{"APIM's key", "header", apiKey("int.api.service.nhs.uk", "apikey"), "", "apikey: key1\n"},
		{"GEL's key", "header", gel, "", "Authorization: Bearer key1\n"},
		{"other key", "header", apiKey("a.example", "X-API-Key"), "", "X-API-Key: key1\n"},
		{"nothing", "header", none(), "", ""},
		{"bare token", "token", token(), "", "tok-1.2_3~4+5/6==\n"},
		{"bare key", "token", apiKey("a.example", "X-API-Key"), "", "key1\n"},
		{"no bare nothing", "token", none(), "", "!"},
		{
			"json", "json", token(), "",
			`{"profile":"int","host":"int.api.service.nhs.uk","auth":"jwt","header":"Authorization","value":"Bearer ` +
				`tok-1.2_3~4+5/6==",` +
				`"token":"tok-1.2_3~4+5/6==","expires_at":"2026-01-02T15:09:59Z","cached":true}` + "\n",
		},
		{
			"json of a key", "json", apiKey("a.example", "X-API-Key"), "",
			`{"profile":"int","host":"a.example","auth":"apikey","header":"X-API-Key","value":"key1","token":"key1",` +
				`"cached":false}` + "\n",
		},
		{
			"json of nothing", "json", none(), "",
			`{"profile":"box","host":"sandbox.api.service.nhs.uk","auth":"none","cached":false}` + "\n",
		},
		{
			"curl", "curl", token(), "",
			"header = \"Authorization: Bearer tok-1.2_3~4+5/6==\"\ngloboff\nproto = \"=https\"\n",
		},
		{
			"curl with a URL", "curl", token(), target,
			"header = \"Authorization: Bearer tok-1.2_3~4+5/6==\"\nurl = " +
				"\"https://int.api.service.nhs.uk/a?q={1,2}\\\"\\\\x\"\ngloboff\nproto = \"=https\"\n",
		},
		{
			"curl on loopback", "curl", local, "http://127.0.0.1:8080/",
			"header = \"Authorization: Bearer tok-1.2_3~4+5/6==\"\nurl = \"http://127.0.0.1:8080/\"\ngloboff\nproto " +
				"= \"=http\"\nnoproxy = \"*\"\n",
		},
		{
			"curl with a key follows no redirect", "curl", apiKey("a.example", "X-API-Key"), "",
			"header = \"X-API-Key: key1\"\ngloboff\nproto = \"=https\"\nmax-redirs = 0\n",
		},
		{"curl with nothing", "curl", none(), "", ""},
		{
			"curl with nothing and a URL", "curl", none(), "https://sandbox.api.service.nhs.uk/x",
			"url = \"https://sandbox.api.service.nhs.uk/x\"\ngloboff\nproto = \"=https\"\n",
		},
		{
			"htslib", "htslib", token(), "",
			`{"access_token":"tok-1.2_3~4+5/6==","token_type":"Bearer","expires_in":599}` + "\n",
		},
		{"htslib with a key", "htslib", apiKey("a.example", "X-API-Key"), "", "!"},
		{"unknown", "xml", token(), "", "!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var u *url.URL
			if tt.url != "" {
				var err error
				if u, err = url.Parse(tt.url); err != nil {
					t.Fatal(err)
				}
			}
			got, err := wire.Format(tt.format, tt.cred, u, now)
			if tt.want == "!" {
				if fault.ClassOf(err) == fault.Bug || fault.HintOf(err, "") == "" || len(got) > 0 {
					t.Errorf("%q, error %v, want an error with a hint", got, err)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("got  %q\nwant %q\nerror %v", got, tt.want, err)
			}
			if strings.HasPrefix(tt.want, "{") && !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
}

func TestSecretsThatBreakOutAreRefused(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"a\nX: y", "a b", `a"b`, "a\r", "", "é", "a\x00"} {
		for _, format := range wire.Formats {
			for _, c := range []helper.Credential{token(), apiKey("a.example", "X-API-Key")} {
				c.Secret = keystore.NewSecret([]byte(secret))
				if out, err := wire.Format(format, c, nil, now); err == nil {
					t.Errorf("%s prints %q for the secret %q", format, out, secret)
				}
			}
		}
	}
}
