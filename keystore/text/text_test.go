package text_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/text"
)

const value = "abc-DEF_12"

func TestLineTakesOff(t *testing.T) {
	t.Parallel()
	for kind, names := range map[*text.Kind][]string{
		&text.APIKey: {"API_KEY", "CGP_CRED_API_KEY", "apikey", "X-API-Key", "CGP_API_KEY_INT"}, &text.KID: {"APIM_KID", "keyId"},
		&text.Host: {"API_HOST"}, &text.Profile: {"CGP_CRED_PROFILE"}, &text.Bundle: {"CGP_CRED_BUNDLE"}, &text.URL: {"TOKEN_URL"},
	} {
		for _, name := range names {
			for odd, change := range keystoretest.RemovedOddities {
				if got, err := text.Line("input", change(value, name), *kind); err != nil || got != value {
					t.Errorf("%s, %s: %q, %v", name, odd, got, err)
				}
			}
		}
	}
	for odd, change := range keystoretest.RemovedOddities {
		if got, err := text.Line("input", change("/tmp/a b\u2013c.pem", ""), text.Path); err == nil && got != "/tmp/a b\u2013c.pem" &&
			!strings.Contains(change("", "?"), "?") {
			t.Errorf("path, %s: %q", odd, got)
		}
	}
}

func TestLineRefuses(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]text.Kind{
		"API key": text.APIKey, "kid": text.KID, "host": text.Host, "profile": text.Profile, "bundle": text.Bundle, "--audience": text.URL,
		"--auth": text.Other,
	} {
		for odd, c := range keystoretest.RefusedOddities {
			_, err := text.Line(name, c.Odd(value), kind)
			if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), c.Says) || !strings.HasPrefix(err.Error(), name+": ") ||
				fault.HintOf(err, "") == "" {
				t.Errorf("%s, %s: %v, want %q", name, odd, err, c.Says)
			}
			if err != nil && strings.Contains(err.Error(), value[:4]) {
				t.Errorf("%s, %s: the value is in the error: %v", name, odd, err)
			}
		}
	}
}

func TestLineOfKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind        text.Kind
		given, want string // want: the value, or what the error says after a colon
	}{
		{text.APIKey, "", ""},
		{text.APIKey, "KEY=", ""},
		{text.APIKey, "dGVzdA==", "dGVzdA=="},
		{text.APIKey, "FOO=bar", ":it looks like NAME=VALUE, with the = at character 4"},
		{text.APIKey, "undefined", ":it is the word undefined"},
		{text.APIKey, "Change-Me", ":it is the word Change-Me"},
		{text.APIKey, "abcd...wxyz", ":a part of it was left out"},
		{text.APIKey, "abcd\u2026wxyz", ":a part of it was left out"},
		{text.KID, "null", ":it is the word null"},
		{text.KID, "int-1", "int-1"},
		{text.Host, "localhost:8080", "localhost:8080"},
		{text.Host, "host:8080", "host:8080"},
		{text.Host, "api-host:443", "api-host:443"},
		{text.Host, "host: int", "int"},
		{text.Host, "api_host:int.api.service.nhs.uk:443", "int.api.service.nhs.uk:443"},
		{text.KID, "env=int", "env=int"},
		{text.KID, "team a: int 1", "team a: int 1"},
		{text.KID, "O\u2019Brien's laptop", "O\u2019Brien's laptop"},
		{text.KID, "\u043a\u043b\u044e\u0447 \u00e9", "\u043a\u043b\u044e\u0447 \u00e9"},
		{text.KID, "100%", "100%"},
		{text.URL, "https://h/%2Fa%2F?x=$1", "https://h/%2Fa%2F?x=$1"},
		{text.URL, "url: https://h/p", "https://h/p"},
		{text.Profile, "none", "none"},
		{text.Path, "${HOME}/x", "${HOME}/x"},
		{text.Path, "'C:\\Users\\me\\key.pem'\r", `C:\Users\me\key.pem`},
		{text.Other, "\x00a\x00b", "ab"},
		{text.Path, "a\x00bc", ":NUL"},
	} {
		got, err := text.Line("input", c.given, c.kind)
		says, fails := strings.CutPrefix(c.want, ":")
		if fails != (err != nil) || fails && !strings.Contains(err.Error(), says) || !fails && got != c.want {
			t.Errorf("%q: %q, %v, want %q", c.given, got, err, c.want)
		}
	}
}

func TestLinesAndJSON(t *testing.T) {
	t.Parallel()
	want := "{\"a\":\n\"b\"}"
	for name, given := range map[string]string{
		"as it is": want, "BOM": "\ufeff" + want, "CR": strings.ReplaceAll(want, "\n", "\r"),
		"CRLF": strings.ReplaceAll(want, "\n", "\r\n") + "\r\n\x1a", "UTF-16LE": "\xff\xfe" + keystoretest.UTF16LE(want), "UTF-16": keystoretest.UTF16LE(want),
		"UTF-16BE": "\xfe\xff" + keystoretest.UTF16BE(want), "quotes": " '" + want + "'\n", "typographic": "\u201c" + want + "\u201d",
		"spaces": "\n\n\u00a0" + want + "\u200b", "fence": "```\n" + want + "\n```\n",
	} {
		if got, err := text.JSON("input", []byte(given)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := text.JSON("input", []byte(`"a string"`)); err != nil || string(got) != `"a string"` {
		t.Errorf("%q, %v", got, err)
	}
	for _, given := range []string{"${SET}", "\xff", "{{ jwks }}", "***", "{\x00}", "\xff\xfex"} {
		if _, err := text.JSON("input", []byte(given)); fault.ClassOf(err) != fault.Usage {
			t.Errorf("%q: %v", given, err)
		}
	}
	if got := text.Odd("{\n \u201ckeys\u201d"); got != "line 2, character 2 is U+201C, a typographic quote" {
		t.Error(got)
	}
	if got := text.Odd("{\n\"keys\": [\"\u00e9\"]"); got != "" {
		t.Error(got)
	}
}

func TestPEM(t *testing.T) {
	t.Parallel()
	const want = "-----BEGIN CERTIFICATE-----\nAAAA/BBB+==\n-----END CERTIFICATE-----"
	lines := func(before string) string { return before + strings.ReplaceAll(want, "\n", "\n"+before) }
	for name, given := range map[string]string{
		"as it is": want, "CRLF": strings.ReplaceAll(want, "\n", "\r\n"), "CR": strings.ReplaceAll(want, "\n", "\r"),
		`\n`: strings.ReplaceAll(want, "\n", `\n`), `\r\n`: strings.ReplaceAll(want, "\n", `\r\n`), "PHP": strings.ReplaceAll(want, "/", `\/`),
		"UTF-16LE": keystoretest.UTF16LE(want), "UTF-16BE": "\xfe\xff" + keystoretest.UTF16BE(want), "quotes": `"` + want + `"`, "quotes'": "\u201c" + want + "\u201d",
		"mail": lines("> "), "mail 2": lines("> > "), "mail 3": lines(">>"), "zero width": strings.ReplaceAll(want, "A", "A\u200b"),
		"soft hyphen": strings.ReplaceAll(want, "A", "A\u00ad"), "line separator": strings.ReplaceAll(want, "\n", "\u2028"),
		"em dashes": strings.ReplaceAll(want, "--", "\u2014"), "em dashes only": strings.ReplaceAll(want, "-----", "\u2014\u2014"),
		"en dashes": strings.ReplaceAll(want, "-", "\u2013"), "one lost": strings.ReplaceAll(want, "-----\n", "----\n"),
		"first lost": want[1:], "last lost": want[:len(want)-1], "four": strings.ReplaceAll(want, "-----", "----"),
		"six": strings.ReplaceAll(want, "-----", "------"), "left lost": strings.ReplaceAll(want, "-----BEGIN", "BEGIN"),
		"right lost": strings.TrimRight(want, "-"), "no-break spaces": strings.ReplaceAll(want, " ", "\u00a0"), "fence": "```\n" + want + "\n```",
	} {
		if got, err := text.PEM("input", []byte(given)); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := text.PEM("input", []byte("Schl\xfcssel ${X}\n"+want)); err != nil || !strings.HasSuffix(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	for _, given := range []string{"${KEY}", "***", "<private key>", "$KEY", "\xff\xfex"} {
		if _, err := text.PEM("input", []byte(given)); fault.ClassOf(err) != fault.Usage {
			t.Errorf("%q: %v", given, err)
		}
	}
	for _, given := range []string{"---- BEGIN SSH2 PUBLIC KEY ----", "the BEGIN line", "we BEGIN HERE - now"} {
		if got, err := text.PEM("input", []byte(given)); err != nil || got != given {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
}

// Cleaning twice is cleaning once, and no result holds what is taken off or refused.
func FuzzText(f *testing.F) {
	for _, change := range keystoretest.RemovedOddities {
		f.Add([]byte(change(value, "API_KEY")))
	}
	for _, c := range keystoretest.RefusedOddities {
		f.Add([]byte(c.Odd(value)))
	}
	for _, s := range []string{`{"keys":[]}`, "> -BEGIN A-\n>", `\<` + "\u200b" + `n`, `"> x`, "\\\u200bn", "BEGIN A-BEGIN B-"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for i, k := range []text.Kind{text.APIKey, text.KID, text.Bundle, text.Host, text.Profile, text.URL, text.Path, text.Other} {
			once, err := text.Line("input", string(b), k)
			if err != nil {
				continue
			}
			if again, err := text.Line("input", once, k); err != nil || again != once {
				t.Fatalf("line %q: %q, then %q, %v", b, once, again, err)
			}
			odd := func(r rune) bool {
				return text.Strange(r) && !strings.ContainsRune("'\"`\u2018\u2019\u201a\u201b\u2032\uff07\u00b4"+
					"\u201c\u201d\u201e\u201f\u2033\uff02\u00ab\u00bb\u2039\u203a", r)
			}
			if strings.TrimSpace(once) != once || strings.HasPrefix(once, "\ufeff") ||
				i < 6 && strings.ContainsFunc(once, odd) {
				t.Fatalf("line %q: %q", b, once)
			}
		}
		for name, read := range map[string]func(string, []byte) (string, error){"Lines": text.Lines, "PEM": text.PEM} {
			once, err := read("input", b)
			if err != nil {
				continue
			}
			if again, err := read("input", []byte(once)); err != nil || again != once {
				t.Fatalf("%s %q: %q, then %q, %v", name, b, once, again, err)
			}
			if strings.ContainsAny(once, "\r\x00") || strings.HasPrefix(once, "\ufeff") || name == "PEM" && strings.ContainsAny(once, "\u200b\u2013") {
				t.Fatalf("%s %q: %q", name, b, once)
			}
		}
		once, err := text.JSON("input", b)
		if err != nil {
			return
		}
		if again, err := text.JSON("input", once); err != nil || !bytes.Equal(again, once) {
			t.Fatalf("JSON %q: %q, then %q, %v", b, once, again, err)
		}
		if json.Valid(b) && !json.Valid(once) {
			t.Fatalf("JSON %q became %q", b, once)
		}
	})
}
