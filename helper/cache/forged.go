package cache

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/kernel"
)

const (
	forgedLimit  = 3           // so many entries that can't be opened are no accident
	forgedWindow = time.Minute // within this time
	forgedSize   = 128         // bytes of the file that counts them
)

// forged removes an entry that can't be opened, so that each is counted once, and warns when another program keeps
// writing them: once, until a minute has passed without one.
func (c *Cache) forged() {
	_ = kernel.Delete(c.key()) // the next Set takes its place anyhow
	if c.o.Runtime == "" {
		return
	}
	path := filepath.Join(c.o.Runtime, "forged")
	text, err := disk.ReadFile(path, forgedSize)
	if err != nil {
		text = nil // the first one, or a file that can't be trusted, which the next line replaces
	}
	b, warn := parseBurst(string(text)).next(c.o.Now())
	if err := disk.WriteVolatile(path, []byte(b.String())); err != nil {
		return // nothing can be counted here
	}
	if warn {
		c.o.Warn(fmt.Sprintf("another program is writing to this user's kernel keyring: %d cached tokens that are not "+
			"ours within a minute", forgedLimit))
	}
}

// burst is what the file remembers: when the latest came, and whether the user has been told.
type burst struct {
	seen []time.Time // whole seconds, at most forgedLimit
	told bool
}

// next counts one more at the time now, and says whether the user must be told.
func (b burst) next(now time.Time) (burst, bool) {
	n := burst{}
	for _, t := range b.seen {
		if age := now.Sub(t); age > -time.Second && age <= forgedWindow { // a time in the future says nothing
			n.seen = append(n.seen, t)
		}
	}
	n.told = b.told && len(n.seen) > 0
	n.seen = append(n.seen, now)
	n.seen = n.seen[max(0, len(n.seen)-forgedLimit):]
	tell := len(n.seen) == forgedLimit && !n.told
	n.told = n.told || tell
	return n, tell
}

// String is seconds since 1970, with blanks between, and "told" at the end.
func (b burst) String() string {
	var words []string
	for _, t := range b.seen {
		words = append(words, strconv.FormatInt(t.Unix(), 10))
	}
	if b.told {
		words = append(words, "told")
	}
	return strings.Join(words, " ") + "\n"
}

// parseBurst reads what String writes, and takes anything else as nothing.
func parseBurst(text string) burst {
	var b burst
	for _, word := range strings.Fields(text) {
		if word == "told" {
			b.told = true
			continue
		}
		s, err := strconv.ParseInt(word, 10, 64)
		if err != nil || len(b.seen) == forgedLimit {
			return burst{}
		}
		b.seen = append(b.seen, time.Unix(s, 0))
	}
	return b
}
