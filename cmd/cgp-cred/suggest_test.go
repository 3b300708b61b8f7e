package main

import (
	"bytes"
	"strings"
	"testing"
)

// A wrong word or flag is answered with the command or the flag that was meant, and a secret is not repeated.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"login":                       "did you mean cgp-cred setup, cgp-cred store?",
		"auth":                        "did you mean cgp-cred setup, cgp-cred store?",
		"init":                        "did you mean cgp-cred setup?",
		"config":                      "did you mean cgp-cred setup?",
		"configure":                   "did you mean cgp-cred setup?",
		"add int":                     "did you mean cgp-cred store?",
		"rm int":                      "did you mean cgp-cred logout?",
		"delete":                      "did you mean cgp-cred logout?",
		"token":                       "did you mean cgp-cred get?",
		"refresh":                     "did you mean cgp-cred get --force-new?",
		"whoami":                      "did you mean cgp-cred status?",
		"ls":                          "did you mean cgp-cred list?",
		"check":                       "did you mean cgp-cred doctor?",
		"mock":                        "did you mean cgp-cred simulate?",
		"proxy":                       "did you mean cgp-cred serve?",
		"sevre":                       "did you mean cgp-cred serve?",
		"Get":                         "did you mean cgp-cred get?",
		"stroe int":                   "did you mean cgp-cred store?",
		"keygne":                      "did you mean cgp-cred keygen?",
		"doctr":                       "did you mean cgp-cred doctor?",
		"int get":                     "did you mean cgp-cred get int?",
		"int logout --yes":            "hint: ",
		"int exec -- true":            "did you mean cgp-cred exec int?",
		"work store":                  "did you mean cgp-cred store work?",
		"nonsense":                    "hint: cgp-cred help",
		"help tokn":                   "hint: ",
		"get --fromat json":           "did you mean --format?",
		"get --json":                  "hint: --format json",
		"get --force":                 "hint: --force-new",
		"get --min-vaild 5s":          "did you mean --min-valid?",
		"get --profile int":           "give the profile's name as the first argument",
		"get --url https://x/":        "give the URL as an argument",
		"get --output json":           "hint: --format FORMAT",
		"get --timout 5s":             "did you mean --timeout?",
		"store int --key k.pem":       "hint: --private-key FILE",
		"store int --pem k.pem":       "hint: --private-key FILE",
		"store int --private_key x":   "hint: --private-key FILE",
		"store int --env int":         "hint: --host HOST",
		"store int --hots int":        "did you mean --host?",
		"store int --api_key_file f":  "did you mean --api-key-file?",
		"store int --keyid x":         "hint: --kid KID",
		"store int --cacert x":        "hint: --ca-file FILE",
		"store int --api-key S3CRET":  "hint: a secret is never an argument",
		"store int --api-key=S3CRET":  "hint: a secret is never an argument",
		"store int --apikey S3CRET":   "hint: a secret is never an argument",
		"keygen int --api-key S3CRET": "hint: a secret is never an argument",
		"get int --password S3CRET":   "hint: a secret is never an argument",
		"store int -kS3CRET":          "hint: --kid KID",
		"store int S3CRET":            "hint: a secret is never an argument",
		"keygen int S3CRET":           "hint: a secret is never an argument",
		"list --josn":                 "did you mean --json?",
		"status --chekc":              "did you mean --check?",
		"logout int -force":           "hint: ",
		"--format json":               "a command's flags come after it",
		"clients install":             "an argument is missing: cgp-cred clients install python",
	} {
		var out, text bytes.Buffer
		status := run(t.Context(), strings.Fields(line), strings.NewReader(""), &out, &text)
		if status != exitUsage || out.Len() > 0 || !strings.Contains(text.String(), want) ||
			!strings.Contains(text.String(), "\nhint: ") || strings.Contains(text.String(), "S3CRET") {
			t.Errorf("cgp-cred %s: exit %d, want %q:\n%s", line, status, want, text.String())
		}
	}
}
