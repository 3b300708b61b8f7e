package upstream_test

import (
	"strings"
	"testing"

	"cgp-cred/helper/upstream"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// Each setting of the client's file, and each option of its script, against each oddity.
func TestOddities(t *testing.T) {
	t.Parallel()
	for setting, c := range map[string]struct {
		option, label string
		config        func(read) string
		option2       func(said) string
	}{
		"api_host": {"-host", "API_HOST", func(r read) string { return r.Host }, func(s said) string { return s.Host }},
		"api_key":  {"-k", "API_KEY", func(r read) string { return r.APIKey }, func(s said) string { return s.APIKey }},
		"apim_kid": {"--apim_kid", "APIM_KID", func(r read) string { return r.KID }, func(s said) string { return s.KID }},
	} {
		value := "abc-DEF-12"
		if setting == "api_host" {
			value = "abc-def.uk"
		}
		for odd, change := range keystoretest.RemovedOddities {
			given := change(value, c.label)
			if !strings.Contains(given, "\x00") && !strings.HasPrefix(given, "\xff") && !strings.HasPrefix(given, "\xfe") {
				config, err := upstream.ParseConfig("f", []byte(setting+": \""+yaml(given)+"\"\n"))
				if got := c.config(values(config)); err != nil || got != value {
					t.Errorf("%s, %s: %q, %v", setting, odd, got, err)
				}
			}
			args, err := upstream.ParseArgs([]string{c.option, given})
			if strings.HasPrefix(given, "-") { // it looks like an option
				continue
			}
			if got := c.option2(plain(args)); err != nil || got != value {
				t.Errorf("%s, %s: %q, %v", c.option, odd, got, err)
			}
		}
		for odd, bad := range keystoretest.RefusedOddities {
			given := bad.Odd(value)
			_, err := upstream.ParseArgs([]string{c.option, given})
			if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), bad.Says) || strings.Contains(err.Error(), value[:4]) {
				t.Errorf("%s, %s: %v", c.option, odd, err)
			}
			if strings.ContainsAny(given, "\x00") || strings.Contains(given, "\xe9") {
				continue
			}
			_, err = upstream.ParseConfig("f", []byte("\n"+setting+": \""+yaml(given)+"\"\n"))
			if fault.ClassOf(err) != fault.Usage || !strings.HasPrefix(err.Error(), "f:2: "+setting+": ") || !strings.Contains(err.Error(), bad.Says) {
				t.Errorf("%s, %s: %v", setting, odd, err)
			}
		}
	}
	const file = "api_host: int\r\napi_key: abc\r\n"
	for name, given := range map[string]string{
		"UTF-16LE": "\xff\xfe" + keystoretest.UTF16LE(file), "UTF-16BE": "\xfe\xff" + keystoretest.UTF16BE(file),
		"UTF-16, no mark": keystoretest.UTF16LE(file), "mark": "\ufeff" + file, "CR": strings.ReplaceAll(file, "\r\n", "\r"), "DOS": file + "\x1a",
	} {
		if c, err := upstream.ParseConfig("f", []byte(given)); err != nil || values(c).APIKey != "abc" || values(c).Host == "" {
			t.Errorf("%s: %+v, %v", name, values(c), err)
		}
	}
	for name, given := range map[string]string{"Latin-1": "api_host: int\n# \xe9\n", "cut UTF-16": "\xff\xfex", "NUL": "api_host: \x00"} {
		if _, err := upstream.ParseConfig("f", []byte(given)); fault.ClassOf(err) != fault.Usage || !strings.HasPrefix(err.Error(), "f: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// yaml escapes a value for double quotes.
func yaml(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1b", `\e`, "\x1a", `\x1a`, "\ufeff", `\ufeff`,
		"\u2028", `\u2028`).Replace(s)
}
