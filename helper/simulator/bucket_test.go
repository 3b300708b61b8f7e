package simulator_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
)

// TestBucketRange: the second host answers ranges as S3 does.
func TestBucketRange(t *testing.T) {
	t.Parallel()
	s, _ := newGenomic(newClock(), nil)
	at := link(t, s, vcfID)
	whole := string(example(t, sample+".vcf.gz"))
	head := follow(s, "HEAD", at)
	wantStatus(t, head, 200)
	etag, modified := head.header.Get("ETag"), head.header.Get("Last-Modified")
	if head.header.Get("Accept-Ranges") != "bytes" || etag == "" || modified == "" || head.body != "" ||
		head.header.Get("Content-Length") != "331" {
		t.Errorf("HEAD %v", head.header)
	}
	tests := []struct {
		name    string
		headers []string
		status  int
		body    string // empty: any
		span    string
	}{
		{"none", nil, 200, whole, ""},
		{"first", []string{"Range", "bytes=0-0"}, 206, whole[:1], "bytes 0-0/331"},
		{"middle", []string{"Range", "bytes=10-19"}, 206, whole[10:20], "bytes 10-19/331"},
		{"open", []string{"Range", "bytes=300-"}, 206, whole[300:], "bytes 300-330/331"},
		{"last", []string{"Range", "bytes=-31"}, 206, whole[300:], "bytes 300-330/331"},
		{"past the end", []string{"Range", "bytes=300-999"}, 206, whole[300:], "bytes 300-330/331"},
		{"more than all", []string{"Range", "bytes=-999"}, 206, whole, "bytes 0-330/331"},
		{"the last none", []string{"Range", "bytes=-0"}, 416, "", "bytes */331"},
		{"after the end", []string{"Range", "bytes=331-"}, 416, "", "bytes */331"},
		{"far after the end", []string{"Range", "bytes=9223372036854775807-"}, 416, "", "bytes */331"},
		{"two", []string{"Range", "bytes=0-1,4-5"}, 200, whole, ""},
		{"backwards", []string{"Range", "bytes=5-4"}, 200, whole, ""},
		{"another unit", []string{"Range", "lines=0-1"}, 200, whole, ""},
		{"no number", []string{"Range", "bytes=a-b"}, 200, whole, ""},
		{"only a dash", []string{"Range", "bytes=-"}, 200, whole, ""},
		{"too large", []string{"Range", "bytes=99999999999999999999-"}, 200, whole, ""},
		{"if the same", []string{"Range", "bytes=0-0", "If-Range", etag}, 206, whole[:1], "bytes 0-0/331"},
		{"if another", []string{"Range", "bytes=0-0", "If-Range", `"x"`}, 200, whole, ""},
		{"if as old", []string{"Range", "bytes=0-0", "If-Range", modified}, 206, whole[:1], "bytes 0-0/331"},
		{"after the end if another", []string{"Range", "bytes=331-", "If-Range", `"x"`}, 200, whole, ""},
		{"if none matches", []string{"If-None-Match", etag}, 304, "", ""},
		{"if it matches", []string{"If-Match", `"x"`}, 412, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := follow(s, "GET", at, tt.headers...)
			wantStatus(t, got, tt.status)
			if span := got.header.Get("Content-Range"); tt.body != "" && got.body != tt.body || span != tt.span {
				t.Errorf("%d bytes, Content-Range %q, want %q", len(got.body), span, tt.span)
			}
			if tt.status == 416 && !strings.Contains(got.body, "<Code>InvalidRange</Code>") {
				t.Errorf("body %s", got.body)
			}
		})
	}
	wantStatus(t, call(s, "GET", genomic+"files/"+sample+".vcf.gz", "apikey", apiKey, "Range", "bytes=331-"), 416)
	// The API serves the same file with the same ranges, behind the credential.
	past := call(s, "GET", genomic+"files/"+sample+".vcf.gz", "apikey", apiKey, "Range", "bytes=331-")
	wantStatus(t, past, 416)
	if got := past.header.Get("Content-Range"); got != "bytes */331" {
		t.Errorf("past the end: Content-Range %q", got)
	}
	got := call(s, "GET", genomic+"files/"+sample+".vcf.gz", "apikey", apiKey, "Range", "bytes=10-19")
	wantStatus(t, got, 206)
	if got.body != whole[10:20] {
		t.Errorf("a range of the API's file: %q", got.body)
	}
}

// TestBucketRefuses: only a link that was signed is good, until it expires, and no credential is.
func TestBucketRefuses(t *testing.T) {
	t.Parallel()
	at := func(change func(*url.URL, url.Values)) func(string) string {
		return func(link string) string {
			u, err := url.Parse(link)
			if err != nil {
				panic(err)
			}
			q := u.Query()
			change(u, q)
			u.RawQuery = q.Encode()
			return u.String()
		}
	}
	same := func(link string) string { return link }
	set := func(name, value string) func(string) string {
		return at(func(_ *url.URL, q url.Values) { q.Set(name, value) })
	}
	path := func(path string) func(string) string { return at(func(u *url.URL, _ url.Values) { u.Path = path }) }
	bare := at(func(_ *url.URL, q url.Values) { clear(q) })
	tests := []struct {
		name    string
		method  string
		link    func(string) string
		headers []string
		status  int
		code    string
	}{
		{"bearer token", "GET", same, []string{"Authorization", "Bearer x"}, 400, "InvalidArgument"},
		{"basic", "GET", same, []string{"Authorization", "Basic eDp5"}, 400, "InvalidArgument"},
		{"token without a signature", "GET", bare, []string{"Authorization", "Bearer x"}, 400, "InvalidArgument"},
		{"API key", "GET", same, []string{"apikey", apiKey}, 400, "InvalidRequest"},
		{"API key without a signature", "HEAD", bare, []string{"apikey", apiKey}, 400, ""},
		{"no signature", "GET", bare, nil, 403, "AccessDenied"},
		{"another signature", "GET", set("X-Amz-Signature", strings.Repeat("0", 64)), nil, 403, "SignatureDoesNotMatch"},
		{"an empty signature", "GET", set("X-Amz-Signature", ""), nil, 403, "SignatureDoesNotMatch"},
		{"a longer life", "GET", set("X-Amz-Expires", "604800"), nil, 403, "SignatureDoesNotMatch"},
		{"a later date", "GET", set("X-Amz-Date", "20300101T000000Z"), nil, 403, "SignatureDoesNotMatch"},
		{"another object", "GET", path("/simulated-genomic-data/" + cramID + "/" + sample + ".cram"), nil, 403, "SignatureDoesNotMatch"},
		{"another bucket", "GET", path("/other/" + bamID + "/" + sample + ".bam"), nil, 404, "NoSuchBucket"},
		{"no bucket", "GET", path("/"), nil, 404, "NoSuchBucket"},
		{"write", "PUT", same, nil, 405, "MethodNotAllowed"},
		{"delete", "DELETE", same, nil, 405, "MethodNotAllowed"},
		{"preflight", "OPTIONS", same, []string{"Origin", "https://viewer.example"}, 403, "AccessForbidden"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newGenomic(newClock(), nil)
			got := follow(s, tt.method, tt.link(link(t, s, bamID)), tt.headers...)
			wantStatus(t, got, tt.status)
			if tt.code != "" && !strings.Contains(got.body, "<Code>"+tt.code+"</Code>") ||
				got.header.Get("Content-Type") != "application/xml" {
				t.Errorf("%s: %s", got.header.Get("Content-Type"), got.body)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("a header %s", name)
				}
			}
		})
	}
}

func TestLinkLife(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{0: 15 * time.Minute, time.Minute: time.Minute} {
		c := newClock()
		s, _ := newGenomic(c, func(c *simulator.Config) { c.LinkLife = life })
		at := link(t, s, bamID)
		c.Advance(want - time.Millisecond)
		wantStatus(t, follow(s, "GET", at), 200)
		c.Advance(time.Millisecond)
		got := follow(s, "GET", at)
		wantStatus(t, got, 403)
		if !strings.Contains(got.body, "<Message>Request has expired</Message>") {
			t.Errorf("body %s", got.body)
		}
	}
}

// TestNoBucket: without a second host the API says so.
func TestNoBucket(t *testing.T) {
	t.Parallel()
	s := newSimulator(newClock(), nil)
	got := call(s, "GET", drs+"objects/"+bamID+"/access/s3", "apikey", apiKey)
	wantStatus(t, got, 500)
	if !strings.Contains(got.field("msg"), "SetBucketURL") {
		t.Errorf("body %s", got.body)
	}
}

// TestBucketHost: without a host of its own the second host is the one that the client called, on another port.
func TestBucketHost(t *testing.T) {
	t.Parallel()
	s := newSimulator(newClock(), nil)
	for set, want := range map[string]string{
		"http://:8080": "http://apim.example.test:8080/", "https://[::1]:1/": "https://[::1]:1/", "http://a.test": "http://a.test/",
	} {
		s.SetBucketURL(set)
		if got := link(t, s, bamID); !strings.HasPrefix(got, want+"simulated-genomic-data/") {
			t.Errorf("%s: %s", set, got)
		}
	}
	for _, host := range []string{bucketHost, "https://simulated-genomic-data.bucket.example.test:99"} {
		s.SetBucketURL(bucketHost)
		at := link(t, s, bamID)
		if host != bucketHost {
			at = strings.Replace(at, bucketHost+"/simulated-genomic-data", host, 1)
		}
		wantStatus(t, follow(s, "GET", at), 200)
	}
}

// TestBucketFaults: faults of the second host are its own.
func TestBucketFaults(t *testing.T) {
	t.Parallel()
	var faults []simulator.Fault
	for _, text := range []string{"bucket:502=1", "bucket:truncate=1", "bucket:drip:1ms"} {
		f, err := simulator.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		faults = append(faults, f)
	}
	s, _ := newGenomic(newClock(), func(c *simulator.Config) { c.Faults = faults })
	server := httptest.NewServer(s.Bucket())
	defer server.Close()
	s.SetBucketURL(server.URL + "/")
	at := link(t, s, bamID)
	whole := string(example(t, sample+".bam"))
	for i, want := range []int{502, 200, 200} {
		res, err := http.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("answer %d: status %d, want %d", i, res.StatusCode, want)
		}
		switch i {
		case 1:
			if string(b) != whole[:len(whole)/2] || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("half of the file: %d bytes, %v", len(b), err)
			}
		case 2:
			if string(b) != whole {
				t.Errorf("%d bytes", len(b))
			}
		}
	}
}
