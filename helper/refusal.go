package helper

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/disk"
)

// refusalLife is how long a refusal answers for later calls: long enough for those that waited, too short to be noticed
// by someone who has just mended its cause.
const refusalLife = 5 * time.Second

// refusal is the file that remembers one, bound to the state of the profile it was for.
type refusal struct {
	Cache string      `json:"cache"` // the cache's name: whatever changes in the profile forgets the refusal
	At    time.Time   `json:"at"`
	Error *apim.Error `json:"error"`
}

func (h *Helper) refusalFile(name string) string {
	return filepath.Join(h.Folders.Runtime, name+".refused")
}

// refusal returns what the token endpoint said since start, when the caller began to wait for the lock, or a moment before;
// or nil. How long the wait was says nothing: two hundred who wait read it one after the other. A file that can't be read,
// or from the future, is none.
func (h *Helper) refusal(name, cacheName string, start time.Time) error {
	raw, err := disk.ReadFile(h.refusalFile(name), 64<<10)
	if err != nil {
		return nil
	}
	r, ok := decodeRefusal(raw)
	if !ok || r.Cache != cacheName {
		return nil
	}
	now := h.now()
	if r.At.After(now) || start.Sub(r.At) >= refusalLife {
		return nil
	}
	if r.Error.Class != apim.Refused && r.At.Add(r.Error.RetryAfter).Sub(now) < h.requestTime() {
		return nil // we may wait until it will have us
	}
	return r.Error
}

// shared reports what everybody would be answered: a refusal, and the wish to be left alone for so long.
func shared(e *apim.Error) bool {
	return e.Class == apim.Refused || e.Class == apim.Temporary && e.Status == http.StatusTooManyRequests && e.RetryAfter > 0
}

// decodeRefusal reads what remember writes. What remember would not write is none.
func decodeRefusal(raw []byte) (refusal, bool) {
	var r refusal
	if json.Unmarshal(raw, &r) != nil || r.Error == nil || !shared(r.Error) {
		return refusal{}, false
	}
	return r, true
}

// remember keeps a refusal for those who wait, best effort. Only what will be refused again is kept: not what one more
// attempt would have put right, and of an early renewal, which has one, not what may pass.
func (h *Helper) remember(name, cacheName string, err error) {
	var e *apim.Error
	if !errors.As(err, &e) || is[*curableError](err) || !shared(e) || h.maxAttempts() == 1 && e.Class != apim.Refused {
		return
	}
	if raw, err := json.Marshal(refusal{Cache: cacheName, At: h.now(), Error: e}); err == nil {
		_ = disk.WriteVolatile(h.refusalFile(name), raw) // without it each waiter asks for itself
	}
}
