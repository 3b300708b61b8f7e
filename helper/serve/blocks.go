package serve

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"cgp-cred/helper"
)

// block is data that the API said is somewhere else, or needs other headers.
type block struct {
	url    *url.URL
	header http.Header // the ticket's; nil: none
	own    bool        // the profile covers it, and the ticket has no credential of its own
	ticket *ticketLife
}

// ticketLife is the time in which the paths of one ticket answer.
type ticketLife struct {
	used time.Time // when one of its paths was last asked for
	ends time.Time // of the presigned URLs; zero: unknown
	ids  []string
}

// Bounds of the paths that are kept.
const (
	idleTicket = time.Hour
	maxBlocks  = 200_000
)

// blocks are the paths of the tickets that were handed out.
type blocks struct {
	mu      sync.Mutex
	all     map[string]*block
	tickets []*ticketLife // the oldest first
}

func newBlocks() *blocks { return &blocks{all: map[string]*block{}} }

// ticket begins a ticket whose data is at u, among other places. Tickets that have ended are forgotten, and the oldest
// ones if there are too many.
func (b *blocks) ticket(u *url.URL) *ticketLife {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.tickets[:0]
	for _, t := range b.tickets {
		if !t.over() && len(b.all) < maxBlocks {
			kept = append(kept, t)
			continue
		}
		for _, id := range t.ids {
			delete(b.all, id)
		}
	}
	clear(b.tickets[len(kept):])
	t := &ticketLife{used: time.Now(), ends: presigned(u)}
	b.tickets = append(kept, t)
	return t
}

// add gives a block a path, and returns the random part of it.
func (b *blocks) add(one *block) string {
	id := rand.Text()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[id] = one
	one.ticket.ids = append(one.ticket.ids, id)
	return id
}

// find returns the block of a path. It is false without one, and after its ticket's end.
func (b *blocks) find(id string) (*block, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, ok := b.all[id]
	if !ok || one.ticket.over() {
		return nil, false
	}
	one.ticket.used = time.Now()
	return one, true
}

// over reports whether a ticket has ended.
func (t *ticketLife) over() bool {
	return helper.Age(t.used) > idleTicket || !t.ends.IsZero() && time.Now().After(t.ends)
}

// presigned returns when a presigned URL ends: AWS Signature Version 4 (X-Amz-Date, X-Amz-Expires), the same of Google,
// or AWS Signature Version 2 (Expires).
func presigned(u *url.URL) time.Time {
	q := u.Query()
	for _, brand := range []string{"X-Amz-", "X-Goog-"} {
		from, err := time.Parse("20060102T150405Z", q.Get(brand+"Date"))
		life, lifeErr := strconv.Atoi(q.Get(brand + "Expires"))
		if err == nil && lifeErr == nil {
			return from.Add(time.Duration(life) * time.Second)
		}
	}
	if at, err := strconv.ParseInt(q.Get("Expires"), 10, 64); err == nil && q.Has("Signature") {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// nameOf returns the last segment of a URL's path, if it is plain: programs tell the format from its end.
func nameOf(u *url.URL) string {
	path := u.EscapedPath()
	name := path[strings.LastIndexByte(path, '/')+1:]
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.~", r)
	}
	if strings.ContainsFunc(name, odd) || strings.Trim(name, ".") == "" {
		return "data"
	}
	return name
}
