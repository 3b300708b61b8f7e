package main

import (
	"strings"
	"testing"
)

// A command line for curl is sorted as curl would read it.
func TestParseCurl(t *testing.T) {
	t.Parallel()
	const u, v = "https://h.example/a", "https://h.example/b"
	for line, want := range map[string]curlLine{
		u:                                 {urls: []string{u}},
		"int " + u:                        {profile: "int", urls: []string{u}},
		"int -- " + u + " -s":             {profile: "int", urls: []string{u}, options: []string{"-s"}},
		"-- " + u + " -s":                 {urls: []string{u}, options: []string{"-s"}},
		u + " -sS":                        {urls: []string{u}, options: []string{"-s", "-S"}},
		"-fsSLo out " + u:                 {urls: []string{u}, options: []string{"-f", "-s", "-S", "-L", "-o", "out"}},
		"-XPOST -d@- " + u:                {urls: []string{u}, options: []string{"-X", "POST", "-d", "@-"}},
		"-o- " + u:                        {urls: []string{u}, options: []string{"-o", "-"}},
		"-d " + v + " " + u:               {urls: []string{u}, options: []string{"-d", v}},
		"-o --next " + u:                  {urls: []string{u}, options: []string{"-o", "--next"}},
		"-H -v " + u:                      {urls: []string{u}, options: []string{"-H", "-v"}},
		"-sdv " + u:                       {urls: []string{u}, options: []string{"-s", "-d", "v"}},
		"--url " + u + " " + v:            {urls: []string{u, v}},
		"-s -- " + u + " " + v:            {urls: []string{u, v}, options: []string{"-s"}},
		"-T - " + u:                       {urls: []string{u}, options: []string{"-T", "-"}},
		"-H Accept:x --json {} " + u:      {urls: []string{u}, options: []string{"-H", "Accept:x", "--json", "{}"}},
		"int " + u + " -o a " + v + " -O": {profile: "int", urls: []string{u, v}, options: []string{"-o", "a", "-O"}},
	} {
		got, err := parseCurl(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if diff := difference(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// What could show a credential or move it is refused, and so is what is not known.
func TestParseCurlRefuses(t *testing.T) {
	t.Parallel()
	const u = "https://h.example/a"
	for line, want := range map[string]string{
		"":                                    "there is no URL",
		"int":                                 "there is no URL",
		"-s":                                  "there is no URL",
		"int h.example/a":                     "not a whole URL",
		u + " h.example":                      "not a whole URL",
		u + " -":                              "not a whole URL",
		u + " --url @file":                    "not a whole URL",
		u + " -- -s":                          "not a whole URL",
		u + " -o":                             "needs a value",
		u + " --json":                         "needs a value",
		u + " -v":                             "print the credential",
		u + " -sSv":                           "print the credential",
		u + " --trace-ascii -":                "print the credential",
		u + " --libcurl x.c":                  "print the credential",
		u + " -K file":                        "can't be checked",
		u + " -Kfile":                         "can't be checked",
		u + " -sK-":                           "can't be checked",
		u + " --next " + u:                    "can't be checked",
		u + " -: " + u:                        "can't be checked",
		u + " -k":                             "not verified",
		u + " --location-trusted":             "another host",
		u + " --max-redirs 9":                 "another host",
		u + " --proto =http":                  "another host",
		u + " --no-globoff":                   "another host",
		u + " --connect-to ::evil.example:":   "another place",
		u + " --noproxy x":                    "another place",
		u + " --unix-socket /x":               "another place",
		u + " --request-target /other":        "another place",
		u + " -u a:b":                         "is cgp-cred's",
		u + " -n":                             "is cgp-cred's",
		u + " -H Authorization:x":             "is cgp-cred's",
		u + " -HAPIKEY:x":                     "is cgp-cred's",
		u + " --header x-api-key;":            "is cgp-cred's",
		u + " --loc":                          "does not know it",
		u + " --output=x":                     "does not know it",
		u + " --expand-url x":                 "does not know it",
		u + " --variable x":                   "does not know it",
		u + " -?":                             "does not know it",
		"-é " + u:                             "does not know it",
		"--proxy-header Authorization:x " + u: "does not know it",
	} {
		_, err := parseCurl(strings.Fields(line))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
