package serve

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A path answers until its presigned URL ends, and for an hour after any path of its ticket was asked for.
func TestPathsEndWithTheirTicket(t *testing.T) {
	t.Parallel()
	b := newBlocks()
	now := time.Now().UTC()
	stamp := func(ago time.Duration) string { return now.Add(-ago).Format("20060102T150405Z") }
	for _, tt := range []struct {
		url  string
		ends bool
	}{
		{"https://d.example/x", false},
		{"https://d.example/x?X-Amz-Date=" + stamp(time.Minute) + "&X-Amz-Expires=30", true},
		{"https://d.example/x?X-Amz-Date=" + stamp(time.Minute) + "&X-Amz-Expires=300", false},
		{"https://d.example/x?X-Goog-Date=" + stamp(time.Hour) + "&X-Goog-Expires=3599", true},
		{"https://d.example/x?X-Amz-Date=yesterday&X-Amz-Expires=30", false},
		{"https://d.example/x?X-Amz-Date=" + stamp(time.Minute), false},
		{fmt.Sprintf("https://d.example/x?Expires=%d&Signature=x", now.Unix()-1), true},
		{fmt.Sprintf("https://d.example/x?Expires=%d&Signature=x", now.Unix()+60), false},
		{"https://d.example/x?Expires=1", false},
	} {
		u := parse(t, tt.url)
		id := b.add(&block{url: u, ticket: b.ticket(u)})
		if _, ok := b.find(id); ok == tt.ends {
			t.Errorf("%s answers: %v", tt.url, ok)
		}
	}
	u := parse(t, "https://d.example/x")
	life := b.ticket(u)
	first, second := b.add(&block{url: u, ticket: life}), b.add(&block{url: u, ticket: life})
	life.used = now.Add(-59 * time.Minute)
	if _, ok := b.find(first); !ok {
		t.Error("it ended within the hour")
	}
	if _, ok := b.find(second); !ok || time.Since(life.used) > time.Minute {
		t.Error("one path of a ticket does not keep the others")
	}
	life.used = now.Add(-61 * time.Minute)
	if _, ok := b.find(first); ok {
		t.Error("it answers after the hour")
	}
	b.ticket(u)
	if _, kept := b.all[second]; kept {
		t.Error("a ticket that has ended is kept in memory")
	}
	if _, ok := b.find(""); ok {
		t.Error("there is a path without a name")
	}
}

// The oldest tickets are forgotten if there are too many paths.
func TestPathsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBlocks()
	u := parse(t, "https://d.example/x")
	const each = 50_000
	var last string
	for range maxBlocks/each + 2 {
		life := b.ticket(u)
		for range each {
			last = b.add(&block{url: u, ticket: life})
		}
	}
	if len(b.all) > maxBlocks+each {
		t.Errorf("%d paths are kept", len(b.all))
	}
	if _, ok := b.find(last); !ok {
		t.Error("the newest ticket was forgotten")
	}
}

func TestNameOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://d.example/a/x.bam?q": "x.bam", "https://d.example/": "data", "https://d.example": "data", "https://d.example/..": "data",
		"https://d.example/a%20b.bam": "data", "https://d.example/a/%2e%2e": "data", "https://d.example/x.vcf.gz": "x.vcf.gz",
	} {
		if got := nameOf(parse(t, in)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
