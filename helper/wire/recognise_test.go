package wire_test

import (
	"strings"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore"
)

// What Format writes is recognised, and so are other programs' token files; keys, bundles and other files are not.
func TestRecognise(t *testing.T) {
	t.Parallel()
	c := helper.Credential{
		Profile: "int", Host: "int.api.service.nhs.uk", Auth: profile.JWT, Header: "Authorization", Bearer: true,
		Secret: keystore.NewSecret([]byte("abc.DEF-1_2~3+4/5")), ExpiresAt: time.Now(),
	}
	for _, format := range wire.Formats {
		text, err := wire.Format(format, c, nil, time.Now())
		if err != nil || !wire.Recognise(text) {
			t.Errorf("%s: %q is not recognised, %v", format, text, err)
		}
	}
	for text, want := range map[string]bool{
		"": true, "\n": true, "eyJh.eyJp.c2ln": true, " eyJh.eyJp.c2ln\r\n": true,
		"cgpcred1.eyJh":            false,
		"-----BEGIN PRIVATE KEY--": false,
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n": false,
		"AGE-SECRET-KEY-1\nx":             false,
		"# age-encryption.org/v1":         false,
		"user:password":                   false,
		"default: int\n":                  false,
		"#!/bin/sh\nexit\n":               false,
		`{"keys":[]}`:                     false,
		"token one\n":                     false,
		"one\ntwo\n":                      false,
		"apikey: key":                     false,
		"\x00\x01":                        false,
		"\xff":                            false,
		strings.Repeat("x", 64<<10):       true,
		strings.Repeat("x", 64<<10) + "x": false,
	} {
		if wire.Recognise([]byte(text)) != want {
			t.Errorf("%.60q: want %v", text, want)
		}
	}
}
