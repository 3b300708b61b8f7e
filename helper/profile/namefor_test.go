package profile_test

import (
	"testing"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
)

func TestNameFor(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api.service.nhs.uk":                      "prod",
		"int.api.service.nhs.uk":                  "int",
		"internal-dev-sandbox.api.service.nhs.uk": "internal-dev-sandbox",
		"127.0.0.1:8080":                          "localhost",
		"localhost":                               "localhost",
		"[::1]:8080":                              "localhost",
		"gateway.dev.aws.gel.ac:8443":             "gateway",
		"10.1.2.3:80":                             "10.1.2.3",
		"[2001:db8::1]:443":                       "ip6-2001-db8--1",
		"gateway":                                 "gateway",
	} {
		if got := profile.NameFor(host); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
		if err := keystore.CheckAccount(want); err != nil {
			t.Error(err)
		}
	}
}
