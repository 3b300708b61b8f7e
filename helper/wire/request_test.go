package wire_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/fault"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     wire.Request
		refused  bool
	}{
		{"git 2.39", "protocol=https\nhost=a.example\n", wire.Request{URL: "https://a.example/", NoPath: true}, false},
		{
			"git 2.46",
			"capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=a.example:8443\nwwwauth[]=Bearer " +
				"realm=\"x=y\"\n\n",
			wire.Request{URL: "https://a.example:8443/", NoPath: true, AuthType: true},
			false,
		},
		{
			"a client that keeps headers", "capability[]=header\nprotocol=https\nhost=a.example\n\n",
			wire.Request{URL: "https://a.example/", NoPath: true, Header: true},
			false,
		},
		{
			"useHttpPath", "protocol=https\nhost=a.example\npath=x/y.git?service=z\n",
			wire.Request{URL: "https://a.example/x/y.git?service=z"},
			false,
		},
		{"empty path", "protocol=https\nhost=a.example\npath=\n", wire.Request{URL: "https://a.example/"}, false},
		{"url", "url=https://a.example/x\n", wire.Request{URL: "https://a.example/x"}, false},
		{"url without a path", "url=https://a.example\n", wire.Request{URL: "https://a.example", NoPath: true}, false},
		{"CRLF", "protocol=https\r\nhost=a.example\r\n\r\n", wire.Request{URL: "https://a.example/", NoPath: true}, false},
		{"unknown keys", "x=y\nprotocol=https\nhost=a.example\nz[]=\n", wire.Request{URL: "https://a.example/", NoPath: true}, false},
		{"text after the empty line", "protocol=https\nhost=a.example\n\nno equals sign", wire.Request{URL: "https://a.example/", NoPath: true}, false},
		{"erase", "protocol=https\nhost=a.example\nauthtype=Bearer\ncredential=tok\n", wire.Request{URL: "https://a.example/", NoPath: true, Credential: "tok"}, false},
		{"no host", "protocol=https\n\n", wire.Request{}, false},
		{"empty host", "protocol=https\nhost=\n\n", wire.Request{}, false},
		{"no protocol", "host=a.example\n", wire.Request{}, false},
		{"two hosts", "protocol=https\nhost=a.example\nhost=b.example\n", wire.Request{}, false},
		{"the same host twice", "protocol=https\nhost=a.example\nhost=a.example\n", wire.Request{}, false},
		{"two protocols", "protocol=http\nprotocol=https\nhost=a.example\n", wire.Request{}, false},
		{"two paths", "protocol=https\nhost=a.example\npath=x\npath=y\n", wire.Request{}, false},
		{"url and a part", "url=https://a.example/\nhost=b.example\n", wire.Request{}, false},
		{"two urls", "url=https://a.example/\nurl=https://b.example/\n", wire.Request{}, false},
		{"a slash in the host", "protocol=https\nhost=a.example/x@b.example\n", wire.Request{}, false},
		{"a URL as the protocol", "protocol=https://a.example/?x\nhost=b.example\n", wire.Request{}, false},
		{"a protocol with its slashes", "protocol=https://\nhost=a.example\n", wire.Request{}, false},
		{"user information in the protocol", "protocol=https://a.example\nhost=x@b.example\n", wire.Request{}, false},
		{"a query in the host", "protocol=https\nhost=a.example?b.example\n", wire.Request{}, false},
		{"an encoded letter in the host", "protocol=https\nhost=%61.example\n", wire.Request{}, false},
		{"a letter beyond ASCII in the host", "protocol=https\nhost=a.e\u212aample\n", wire.Request{}, false},
		{"an empty port", "protocol=https\nhost=a.example:\n", wire.Request{}, false},
		{"a fragment in the path", "protocol=https\nhost=a.example\npath=x#y\n", wire.Request{}, false},
		{"a tab in the path", "protocol=https\nhost=a.example\npath=x\ty\n", wire.Request{}, false},
		{"Latin-1 in the path", "protocol=https\nhost=a.example\npath=x\xe9y\n", wire.Request{}, false},
		{"a space in the host", "protocol=https\nhost=a.example b.example\n", wire.Request{}, false},
		// git decodes the paths of its URLs.
		{"a space in the path", "protocol=https\nhost=a.example\npath=x y\n", wire.Request{URL: "https://a.example/x%20y"}, false},
		{"spaces at the ends", "protocol=https\nhost=a.example\npath= x \n", wire.Request{URL: "https://a.example/%20x%20"}, false},
		{"a letter beyond ASCII in the path", "protocol=https\nhost=a.example\npath=é/鍵\n", wire.Request{URL: "https://a.example/%C3%A9/%E9%8D%B5"}, false},
		{"a space, and one that is encoded", "protocol=https\nhost=a.example\npath=a%20b c\n", wire.Request{URL: "https://a.example/a%20b%20c"}, false},
		{"an encoded letter in url", "url=https://%61.example/\n", wire.Request{}, false},
		{"user information in url", "url=https://a.example@b.example/\n", wire.Request{}, false},
		{"JSON, and capitals", `{"uri":"https://b.example/","URI":"https://a.example/"}`, wire.Request{}, true},
		{"JSON, capitals", `{"Uri":"https://a.example/"}`, wire.Request{}, true},
		{"JSON, escaped capitals", `{"\u0055ri":"https://a.example/"}`, wire.Request{}, true},
		{"JSON, twice", `{"uri":"https://b.example/","uri":"https://a.example/"}`, wire.Request{}, true},
		{
			"JSON, twice by an escape", `{"uri":"https://b.example/","\u0075ri":"https://a.example/"}`,
			wire.Request{},
			true,
		},
		{"JSON, another member twice", `{"uri":"https://b.example/","x":1,"x":2}`, wire.Request{}, true},
		{"JSON, null", `{"uri":null}`, wire.Request{}, true},
		{
			"JSON, nested", `{"uri":"https://a.example/x","y":{"URI":"https://b.example/"}}`,
			wire.Request{JSON: true, URL: "https://a.example/x"},
			false,
		},
		{"empty", "", wire.Request{}, false},
		{
			"JSON", `{"uri":"https://a.example/x","extra":[1]}`,
			wire.Request{JSON: true, URL: "https://a.example/x"},
			false,
		},
		{
			"JSON with a LF", "{\"uri\":\"https://a.example/x\"}\n",
			wire.Request{JSON: true, URL: "https://a.example/x"},
			false,
		},
		{"JSON without uri", `{}`, wire.Request{JSON: true}, false},
		{"not quite JSON", `{"uri":`, wire.Request{}, true},
		{"two objects", `{"uri":"https://a.example/"}{}`, wire.Request{}, true},
		{"uri is no string", `{"uri":1}`, wire.Request{}, true},
		{"no equals sign", "protocol\n", wire.Request{}, true},
		{"empty key", "=x\n", wire.Request{}, true},
		{"a lone CR", "host=a.example\rb.example\n", wire.Request{}, true},
		{"two CRs", "host=a.example\r\r\n", wire.Request{}, true},
		{"NUL", "host=a.example\x00\n", wire.Request{}, true},
		{"too long", "x=" + strings.Repeat("y", wire.MaxRequest), wire.Request{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := wire.ReadRequest(iotest.OneByteReader(strings.NewReader(tt.in)))
			if tt.refused {
				if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
					t.Errorf("error %v, want a usage error with a hint", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(wire.Request{}, "Host")); diff != "" || err != nil {
				t.Errorf("error %v, %s", err, diff)
			}
		})
	}
}

// git keeps its end of the pipe open in some set-ups: the empty line ends a request.
func TestReadRequestStopsAtTheBlankLine(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	go func() { _, _ = io.WriteString(out, "protocol=https\nhost=a.example\n\n") }()
	done := make(chan error, 1)
	go func() {
		_, err := wire.ReadRequest(in)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the end")
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("protocol=https\nhost=a.example\npath=%0ax\n\n"))
	f.Add([]byte("capability[]=authtype\nurl=https://a.example/\r\n"))
	f.Add([]byte(`{"uri":"https://a.example/"}`))
	f.Add([]byte("protocol=https://a.example/?x\nhost=b.example\n\n"))
	f.Add([]byte(`{"uri":"https://b.example/","URI":"https://a.example/"}`))
	covering := &profile.Profile{Name: "a", Host: "a.example"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := wire.ParseRequest(raw)
		if err != nil && (fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "") {
			t.Fatalf("%v (%T) has no next step", err, err)
		}
		if err == nil && !r.JSON && strings.ContainsAny(r.URL+r.Credential, "\r\n\x00") {
			t.Fatalf("%q holds a second line", r.URL)
		}
		if err != nil || r.URL == "" {
			return
		}
		u, err := profile.ParseURL(r.URL)
		if err != nil || !covering.Covers(u) {
			return
		}
		for line := range strings.Lines(string(raw)) {
			host, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "host=")
			if strings.Trim(line, "\r\n") == "" || r.JSON {
				break // what follows is not read
			}
			if ok && !strings.EqualFold(host, "a.example") && !strings.EqualFold(host, "a.example:443") {
				t.Fatalf("%q gets the credential of a.example", raw)
			}
		}
		if !strings.Contains(strings.ToLower(string(raw)), "a.example") && !r.JSON {
			t.Fatalf("%q is covered by a.example", raw)
		}
	})
}

func TestReply(t *testing.T) {
	t.Parallel()
	bearer := wire.Request{AuthType: true}
	old := wire.Request{}
	keeps := wire.Request{Header: true}
	const scope = "https://int.api.service.nhs.uk/a"
	jsonRequest := wire.Request{JSON: true}
	const tok = "tok-1.2_3~4+5/6=="
	tests := []struct {
		name        string
		request     wire.Request
		cred        helper.Credential
		want        string
		needsBearer bool
	}{
		{
			"git 2.46", bearer, token(),
			"capability[]=authtype\nauthtype=Bearer\ncredential=" + tok +
				"\nephemeral=1\npassword_expiry_utc=1767366599\nheader=Authorization: Bearer " + tok + "\n", false,
		},
		{"older git", old, token(), "password_expiry_utc=1767366599\nheader=Authorization: Bearer " + tok + "\n", true},
		{"an API key", bearer, apiKey("int.api.service.nhs.uk", "apikey"), "header=apikey: key1\n", true},
		{
			"kept", keeps, token(),
			"capability[]=header\nscope=" + scope + "\npassword_expiry_utc=1767366599\nheader=Authorization: Bearer " + tok + "\n", false,
		},
		{
			"an API key, kept", keeps, apiKey("int.api.service.nhs.uk", "apikey"),
			"capability[]=header\nscope=" + scope + "\nheader=apikey: key1\n", false,
		},
		{"nothing needed, kept", keeps, none(), "capability[]=header\nscope=" + scope + "\nheader=\n", false},
		{"nothing needed", bearer, none(), "", false},
		{
			"Bazel", jsonRequest, token(),
			`{"headers":{"Authorization":["Bearer ` + tok + `"]},"expires":"2026-01-02T15:08:59Z"}` + "\n", false,
		},
		{
			"Bazel, an API key", jsonRequest, apiKey("a.example", "X-API-Key"),
			`{"headers":{"X-API-Key":["key1"]}}` + "\n", false,
		},
		{"Bazel, nothing needed", jsonRequest, none(), `{"headers":{}}` + "\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, needsBearer, err := wire.Reply(tt.request, tt.cred, scope)
			if err != nil || string(got) != tt.want || needsBearer != tt.needsBearer {
				t.Errorf("got  %q, %v\nwant %q, %v\nerror %v", got, needsBearer, tt.want, tt.needsBearer, err)
			}
			if tt.request.JSON && !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
}
