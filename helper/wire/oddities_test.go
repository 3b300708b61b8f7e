package wire_test

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cgp-cred/helper/wire"
	"cgp-cred/keystore/keystoretest"
)

// What PowerShell and printers of JSON put around a request.
func TestRequestOddities(t *testing.T) {
	t.Parallel()
	attributes, json := "protocol=https\nhost=a.example\n\n", `{"uri":"https://a.example/x"}`
	for name, c := range map[string]struct {
		in   string
		want wire.Request
	}{
		"JSON after a line break":   {"\n" + json, wire.Request{JSON: true, URL: "https://a.example/x"}},
		"JSON after spaces":         {"\r\n\t  \n" + json + "\r\n", wire.Request{JSON: true, URL: "https://a.example/x"}},
		"JSON after a mark":         {"\ufeff" + json, wire.Request{JSON: true, URL: "https://a.example/x"}},
		"JSON after mark and break": {"\ufeff\r\n" + json, wire.Request{JSON: true, URL: "https://a.example/x"}},
		"JSON in UTF-16":            {"\xff\xfe" + keystoretest.UTF16LE(json), wire.Request{JSON: true, URL: "https://a.example/x"}},
		"JSON in UTF-16BE":          {"\xfe\xff" + keystoretest.UTF16BE(json), wire.Request{JSON: true, URL: "https://a.example/x"}},
		"JSON in lines":             {"{\n  \"uri\": \"https://a.example/x\"\n}\n\n", wire.Request{JSON: true, URL: "https://a.example/x"}},
		"attributes after a mark":   {"\ufeff" + attributes, wire.Request{URL: "https://a.example/", NoPath: true}},
		"attributes in UTF-16":      {"\xff\xfe" + keystoretest.UTF16LE(attributes), wire.Request{URL: "https://a.example/", NoPath: true}},
		"attributes in UTF-16 CRLF": {
			"\xff\xfe" + keystoretest.UTF16LE(strings.ReplaceAll(attributes, "\n", "\r\n")),
			wire.Request{URL: "https://a.example/", NoPath: true},
		},
		"an empty line":                 {"\n", wire.Request{}},
		"attributes after a line break": {"\n" + attributes, wire.Request{}},
	} {
		for way, read := range map[string]func() (wire.Request, error){
			"whole":      func() (wire.Request, error) { return wire.ReadRequest(strings.NewReader(c.in)) },
			"byte wise":  func() (wire.Request, error) { return wire.ReadRequest(iotest.OneByteReader(strings.NewReader(c.in))) },
			"from bytes": func() (wire.Request, error) { return wire.ParseRequest([]byte(c.in)) },
		} {
			got, err := read()
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(wire.Request{}, "Host")); err != nil || diff != "" {
				t.Errorf("%s, %s: %v %s", name, way, err, diff)
			}
		}
	}
	for name, in := range map[string]string{
		"a CR within": "protocol=https\rhost=a\n", "NUL": "\x00protocol=https\n", "typographic quotes": "{\u201curi\u201d:\u201chttps://a\u201d}",
		"cut UTF-16": "\xff\xfe{", "a mark within": "protocol=https\n\ufeffhost\n",
	} {
		got, err := wire.ParseRequest([]byte(in))
		if err == nil || name == "typographic quotes" && !strings.Contains(err.Error(), "character 2 is U+201C, a typographic quote") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
