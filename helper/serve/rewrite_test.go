package serve_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/manage"
)

// bucket is a place for data that refuses a credential, as S3 does.
func bucket(t *testing.T, w *world) *httptest.Server {
	t.Helper()
	b := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(&w.there, r)
		data := strings.NewReader("0123456789")
		switch {
		case r.Header.Get("Authorization") != "" && r.URL.Path != "/authorized", r.Header.Get("Apikey") != "":
			http.Error(rw, "<Code>InvalidArgument</Code>", http.StatusBadRequest)
		case r.URL.Path == "/moved":
			http.Redirect(rw, r, "/data.bam", http.StatusTemporaryRedirect)
		case r.URL.Path == "/whole": // it knows no ranges
			_, _ = io.Copy(rw, data)
		case r.Method == http.MethodHead: // a presigned URL is for GET
			rw.WriteHeader(http.StatusForbidden)
		default:
			http.ServeContent(rw, r, "", time.Time{}, data)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

// An htsget ticket leads through the server: each block is whole, with the ticket's headers, and no credential is in it.
func TestHtsget(t *testing.T) {
	t.Parallel()
	var (
		ticket string
		kind   = "application/vnd.ga4gh.htsget.v1.3.0+json; charset=utf-8"
	)
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/data" {
			_, _ = io.WriteString(rw, r.Header.Get("Authorization")+" "+r.Header.Get("X-Part"))
			return
		}
		rw.Header().Set("Content-Type", kind)
		rw.Header().Set("Etag", `"1"`)
		var to io.Writer = rw
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			rw.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(rw)
			defer packed.Close() //nolint:errcheck // it was only read
			to = packed
		}
		_, _ = io.WriteString(to, strings.ReplaceAll(ticket, "TOKEN", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
	}, nil)
	b := bucket(t, w)
	ticket = strings.NewReplacer("BUCKET", b.URL, "API", "http://"+w.Place.Host).Replace(`{"htsget":{"format":"BAM","md5":"x","urls":[
		{"url":"data:application/vnd.ga4gh.bam;base64,AAAA","headers":{"Authorization":"Bearer TOKEN"},"class":"header"},
		{"url":"BUCKET/data.bam?X-Amz-Date=20260101T000000Z","headers":{"Range":"bytes=2-4"},"class":"body"},
		{"url":"BUCKET/whole","headers":{"Range":"bytes=3-5"}},
		{"url":"BUCKET/data.bam","headers":{"Authorization":"Bearer TOKEN","X-Echo":"TOKEN","Range":"bytes=0-0"}},
		{"url":"API/data","headers":{"X-Part":"1"}},
		{"url":"API/data","headers":{"Authorization":"Bearer TOKEN","X-Part":"2"}},
		{"url":"API/data","headers":{"Authorization":"Basic of-the-ticket","X-Part":"3"}},
		{"url":"BUCKET/authorized","headers":{"authorization":"Basic of-the-ticket"}},
		{"url":"BUCKET/moved"}],"more":{"n":12345678901234567890}},"x":1.0}`)
	token := "Bearer " + w.token(t)
	want := []string{"", "234", "345", "0", token + " 1", token + " 2", "Basic of-the-ticket 3", "0123456789", ""}
	for _, encoding := range []string{"identity", "gzip"} {
		res, body := w.get(t, w.base+"/reads/1", "Accept-Encoding: "+encoding)
		urls := ticketURLs(t, body)
		if len(urls) != len(want) || strings.Count(body, "headers") != len(want) ||
			strings.Count(body, `"headers":{}`) != len(want) || strings.Contains(body, w.token(t)) || res.Header.Get("Etag") != "" ||
			!strings.Contains(body, "12345678901234567890") || res.ContentLength != int64(len(body)) {
			t.Fatalf("%v\n%s", res.Header, body)
		}
		for i, url := range urls {
			if i == 0 {
				if !strings.HasPrefix(url, "data:") {
					t.Errorf("%s", url)
				}
				continue
			}
			if !strings.HasPrefix(url, w.base+"/_/block/") {
				t.Errorf("%d: %s", i, url)
				continue
			}
			res, body := w.get(t, url, "Range: bytes=7-8")
			switch {
			case i == len(urls)-1:
				_, body = w.get(t, res.Header.Get("Location"))
				if res.StatusCode != 307 || body != "0123456789" {
					t.Errorf("moved: %d, %q", res.StatusCode, body)
				}
			case i == 7: // without a Range of its own it has the client's
				if body != "78" || res.StatusCode != 206 {
					t.Errorf("%d: %d %q", i, res.StatusCode, body)
				}
			case body != want[i] || res.StatusCode != 200 || res.Header.Get("Content-Range") != "":
				t.Errorf("%d: %d %q, want %q", i, res.StatusCode, body, want[i])
			}
		}
	}
	for _, r := range w.there {
		if strings.Contains(fmt.Sprint(r.Header), w.token(t)) {
			t.Errorf("the token went to another host: %s %v", r.URL, r.Header)
		}
	}
	// The same by another name of this machine, which is the origin of a page there.
	local := strings.Replace(w.base, "127.0.0.1", "localhost", 1)
	if _, body := w.get(t, local+"/reads/1"); !strings.Contains(body, local+"/_/block/") {
		t.Error(body)
	}
	// A block is read, whatever the method of its URL.
	_, body := w.get(t, w.base+"/reads/1")
	url := ticketURLs(t, body)[1]
	if res, _ := w.send(t, http.MethodHead, url, ""); res.StatusCode != 200 || res.ContentLength != 3 {
		t.Errorf("HEAD: %d, length %d", res.StatusCode, res.ContentLength)
	}
	if res, _ := w.send(t, http.MethodPut, url, "x"); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", res.StatusCode)
	}
}

// ticketURLs returns the URLs of a ticket.
func ticketURLs(t *testing.T, body string) (urls []string) {
	t.Helper()
	var ticket struct {
		Htsget struct{ URLs []struct{ URL string } }
	}
	if err := json.Unmarshal([]byte(body), &ticket); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, u := range ticket.Htsget.URLs {
		urls = append(urls, u.URL)
	}
	return urls
}

// DRS objects and access URLs lead through the server too, and keep the name by which programs know the format.
func TestDRS(t *testing.T) {
	t.Parallel()
	var document string
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, document)
	}, nil)
	b := bucket(t, w)
	for _, tt := range []struct {
		path, document string
		urls           int
	}{
		{"/ga4gh/drs/v1.4/objects/1", `{"id":"1","self_uri":"drs://h/1","size":10,"access_methods":[
			{"type":"https","access_url":{"url":"BUCKET/data.bam","headers":["X-A: b: c"]}},
			{"type":"s3","access_url":{"url":"s3://bucket/data.bam","headers":["Authorization: of the API"]}},{"type":"https","access_id":"a"}]}`, 1},
		{"/ga4gh/drs/v1.4/objects/1/access/a", `{"url":"BUCKET/data.bam","headers":["X-A: b: c"]}`, 1},
		{"/ga4gh/drs/v1.4/objects", `{"resolved_drs_object":[{"access_methods":[{"access_url":{"url":"BUCKET/data.bam"}}]},
			{"access_methods":[{"access_url":{"url":"BUCKET/data.bam"}}]}]}`, 2},
		{"/ga4gh/drs/v1.4/objects/2", `{"access_methods":[{"type":"htsget","access_url":{"url":"API/htsget/reads/1"}},
			{"access_url":{"url":"BUCKET/data.bam"}}]}`, 1},
		{"/ga4gh/drs/v1.4/service-info", `{"id":"x","url":"https://h.example"}`, 0},
		{"/ga4gh/drs/v1.4/objects/none", `{"msg":"not found","status_code":404}`, 0},
		{"/FHIR/R4/DocumentReference", `{"url":"https://h.example/x","access_url":{"url":"https://h.example/y"}}`, 0},
	} {
		document = strings.NewReplacer("BUCKET", b.URL, "API/", "http://"+w.Place.Host+"/").Replace(tt.document)
		_, body := w.get(t, w.base+tt.path)
		if n := strings.Count(body, w.base+"/_/block/"); n != tt.urls || tt.urls == 0 && body != document || strings.Contains(body, "headers") {
			t.Errorf("%s: %s", tt.path, body)
		}
		if tt.urls == 0 {
			continue
		}
		if strings.Contains(tt.document, "API/") && !strings.Contains(body, `"`+w.base+`/htsget/reads/1"`) {
			t.Errorf("%s: the API's own address can't be extended: %s", tt.path, body)
		}
		body = strings.ReplaceAll(body, w.base+"/htsget", "")
		_, url, _ := strings.Cut(body, `"url":"`+w.base)
		url, _, _ = strings.Cut(url, `"`)
		if res, data := w.get(t, w.base+url, "Range: bytes=1-2"); data != "12" || res.StatusCode != 206 ||
			!strings.HasSuffix(url, "/data.bam") {
			t.Errorf("%s: %s: %d %q", tt.path, url, res.StatusCode, data)
		}
	}
}

// A redirect leads through the server, to the API with the credential and elsewhere without.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var to string
	w := start(t, manage.Change{APIName: new("api")}, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/end" {
			_, _ = io.WriteString(rw, r.Header.Get("Authorization"))
			return
		}
		http.Redirect(rw, r, to, http.StatusTemporaryRedirect)
	}, nil)
	b := bucket(t, w)
	token := "Bearer " + w.token(t)
	for _, tt := range []struct{ method, to, location, body string }{
		{"GET", "/api/end", w.base + "/api/end", token},
		{"GET", "end", w.base + "/api/end", token},
		{"POST", "http://API/api/end?a=b", w.base + "/api/end?a=b", token},
		{"GET", "http://API/other/x", w.base + "/_/block/", "other answer"},
		{"GET", "BUCKET/data.bam", w.base + "/_/block/", "0123456789"},
		{"HEAD", "BUCKET/data.bam", w.base + "/_/block/", "0123456789"},
		{"PUT", "BUCKET/data.bam", "BUCKET/data.bam", ""},
		{"GET", "https://user:pass@evil.invalid/", "https://user:pass@evil.invalid/", ""},
		{"GET", "http://evil.invalid/", "http://evil.invalid/", ""},
		{"GET", "//evil.invalid/x", "http://evil.invalid/x", ""},
		{"GET", "javascript:alert(1)", "javascript:alert(1)", ""},
	} {
		names := strings.NewReplacer("BUCKET", b.URL, "API", w.Place.Host)
		to = names.Replace(tt.to)
		if strings.HasPrefix(tt.to, "//") {
			to = tt.to
		}
		res, _ := w.send(t, tt.method, w.base+"/api/start", "")
		location := res.Header.Get("Location")
		if !strings.HasPrefix(location, names.Replace(tt.location)) && location != tt.to {
			t.Errorf("%s %s: %q", tt.method, tt.to, location)
		}
		if tt.body == "" || tt.body == "other answer" {
			continue
		}
		if _, body := w.get(t, location); body != tt.body {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.to, body, tt.body)
		}
	}
	for _, r := range w.there {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("a credential went to %s", r.URL)
		}
	}
}

// An API elsewhere can't lead to this machine, nor anyone to a place without TLS.
func TestTicketsThatLeadAstray(t *testing.T) {
	t.Parallel()
	var ticket string
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/vnd.ga4gh.htsget.v1.2.0+json")
		_, _ = io.WriteString(rw, ticket)
	}, nil)
	for _, bad := range []string{
		`{"htsget":{"urls":[{"url":"http://data.invalid/x"}]}}`,
		`{"htsget":{"urls":[{"url":"https://u@data.invalid/x"}]}}`,
		`{"htsget":{"urls":[{"url":"https://data.invalid\\x"}]}}`,
		`{"htsget":{"urls":[{"url":"https://d%61ta.invalid/x"}]}}`,
		`{"htsget":{"urls":[{"url":"https:///x"}]}}`,
		`{"htsget":{"urls":[{"url":7}]}}`,
		`{"htsget":{"urls":[7]}}`,
		`{"htsget":{"urls":[{"url":"https://data.invalid/x","headers":["a"]}]}}`,
		`{"htsget":{"urls":[{"url":"https://data.invalid/x","headers":{"a b":"c"}}]}}`,
		`{"htsget":{"urls":[{"url":"https://data.invalid/x","headers":{"a":"b\r\nAuthorization: c"}}]}}`,
		`{"htsget":{"urls":[{"url":"https://data.invalid/x","headers":{"":"c"}}]}}`,
		`{"htsget":{"urls":[{"url":"https://data.invalid/x","headers":{"a":1}}]}}`,
		`{"htsget":`, `[]`, ``, `{"htsget":{}} {}`, "\x1f\x8b",
	} {
		ticket = bad
		res, body := w.get(t, w.base+"/reads/1")
		if res.StatusCode != http.StatusBadGateway || !strings.HasPrefix(body, "cgp-cred: ") {
			t.Errorf("%s: %d %s", bad, res.StatusCode, body)
		}
	}
	for _, good := range []string{
		`{"htsget":{"error":"NotFound","message":"x"}}`, `{"htsget":{"urls":[]}}`, `{"htsget":7}`, `{"x":1}`,
		`{"htsget":{"urls":[{"headers":{},"url":"data:,x"},{"headers":{},"url":"DATA:,x"}]}}`,
	} {
		ticket = good
		if res, body := w.get(t, w.base+"/reads/1"); res.StatusCode != 200 || body != good {
			t.Errorf("%s: %d %s", good, res.StatusCode, body)
		}
	}
}
