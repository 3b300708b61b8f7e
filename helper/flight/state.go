package flight

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

const (
	// refusalLife is how long later calls get the same refusal. It is long enough for the calls that waited, and too
	// short for a user to notice who has just fixed the cause.
	refusalLife = 5 * time.Second

	// quotaLife is how long later calls are told of throttling.
	quotaLife = time.Minute

	// quotaRest is how long the token endpoint is not asked after throttling without Retry-After.
	quotaRest = 15 * time.Second

	maxHold  = 24 * time.Hour // several calls of a keystore, each for as long as a user may allow
	maxPause = 2 * time.Minute

	maxState = 64 << 10 // bytes
)

// state is the content of a profile's state file. A part that can't be read counts as absent.
type state struct {
	Hold       time.Duration `json:"hold,omitzero"`        // how long the lease may last from its beginning
	PauseUntil time.Time     `json:"pause_until,omitzero"` // no token is refreshed ahead until then
	Refusal    *Refusal      `json:"refusal,omitempty"`
}

// Refusal is what the token endpoint answered, bound to the state that the profile had then.
type Refusal struct {
	Binding string      `json:"binding"` // the cache's name: any change of the profile drops the refusal
	At      time.Time   `json:"at"`
	Until   time.Time   `json:"until,omitzero"` // of throttling: the earliest sensible request
	Error   *apim.Error `json:"error"`
}

// readState reads a state file. A file that is absent, damaged or unsafe is an empty state.
func readState(file string) (s state) {
	raw, err := disk.ReadFile(file, maxState)
	if err != nil || json.Unmarshal(raw, &s) != nil {
		return state{}
	}
	s.drop()
	return s
}

// drop removes what cgp-cred would not write.
func (s *state) drop() {
	if s.Hold < 0 || s.Hold > maxHold {
		s.Hold = 0
	}
	if r := s.Refusal; r != nil && (r.Error == nil || !shareable(r.Error)) {
		s.Refusal = nil
	}
}

// write replaces the file, or removes it if there is nothing to say.
func (s state) write(file string) error {
	if s == (state{}) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return disk.WriteVolatile(file, raw)
}

// refused is [Lease.Refused] at the time now. It does not count how long the caller waited, because hundreds of waiting
// processes read the refusal one after the other. A refusal from the future is ignored.
func (s state) refused(binding string, start, now time.Time) *Refusal {
	r := s.Refusal
	if r == nil || r.Binding != binding || r.At.After(now) {
		return nil
	}
	life := refusalLife
	if r.Error.Throttled() {
		life = quotaLife
		if start.After(r.At) && !now.Before(r.Until) {
			return nil
		}
	}
	if start.Sub(r.At) >= life {
		return nil
	}
	return r
}

// throttled returns the refusal because of which the lease's holder waits for the quota, or nil.
func (s state) throttled(now time.Time) *Refusal {
	r := s.Refusal
	if r == nil || s.Hold == 0 || !r.Error.Throttled() || r.At.After(now) || now.After(r.Until.Add(Slack)) {
		return nil
	}
	return r
}

// paused reports whether the pause still lasts. A pause that a wrong clock has put into the far future is ignored.
func (s state) paused(now time.Time) bool {
	left := s.PauseUntil.Sub(now)
	return left > 0 && left <= maxPause
}

// shareable reports whether every caller would get this answer: a refusal, or throttling.
func shareable(e *apim.Error) bool { return e.Class == fault.Refused || e.Throttled() }
