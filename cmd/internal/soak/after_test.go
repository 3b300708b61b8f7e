//go:build linux

package soak

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"cgp-cred/keystore/disk"
)

// afterwards holds, when nothing is broken any more, that nothing was lost.
func (m *machine) afterwards(t *testing.T) {
	t.Helper()
	m.restartFar(0)
	time.Sleep(memory) // what was remembered is forgotten
	for _, a := range m.accounts() {
		if a.name == "turns" {
			m.alter(a, "rotate", 0, "rotate", a.name, "--finish")
			m.alter(a, "rotate", 0, "rotate", a.name, "--abort")
		}
		m.keysAreThere(a)
		m.askTogether(a)
		m.checkAttempts(a)
	}
}

// keysAreThere holds the key set of an account against the keys that it was given.
func (m *machine) keysAreThere(a *account) {
	if a.auth != "jwt" {
		return
	}
	o := m.call(a, "jwks", "jwks", a.name)
	m.ended(o)
	keys, err := keysOf(o.stdout)
	if err != nil || len(keys) == 0 {
		m.violate(intact, "%v: %v: %v", a, err, o.describe(nil))
		return
	}
	for kid, n := range keys {
		known := slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool {
			return kid == a.kid(i) && n == base64.RawURLEncoding.EncodeToString(a.keys[i].N.Bytes())
		})
		if !known || a.name != "turns" && kid != a.kid(0) {
			m.violate(intact, "%v: it has a key %q that it was not given", a, kid)
		}
	}
}

// askTogether drops the cached token, and asks for one by many processes.
func (m *machine) askTogether(a *account) {
	done := a.expect(false)
	m.ended(m.call(a, "erase", "erase", a.name))
	done()
	a.traffic.mu.Lock()
	before := a.requests
	a.traffic.mu.Unlock()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			o := m.call(a, "get", "get", a.name)
			m.ended(o)
			m.served(o, ways[0])
			if o.status != 0 {
				m.violate(intact, "%v", o.describe(m.during(o)))
			}
		})
	}
	all.Wait()
	a.traffic.mu.Lock()
	defer a.traffic.mu.Unlock()
	if asked := a.requests - before; a.auth == "jwt" && a.at == endpoint(m.near) && asked != 1 {
		m.violate(shared, "%v: %d requests for 8 processes", a, asked)
	}
}

// checkAttempts holds the number of requests against that of the processes that may have asked in vain: three for each
// of at most two keys. A token file tries again every five seconds.
func (m *machine) checkAttempts(a *account) {
	a.traffic.mu.Lock()
	defer a.traffic.mu.Unlock()
	keys := 1
	if a.name == "turns" {
		keys = 2
	}
	most := a.mints + 3*keys*(a.trials+int(time.Since(m.began)/(5*time.Second))+1)
	if a.requests > most {
		m.violate(attempts, "%v: %d requests, %d tokens, and %d processes that may have asked in vain", a, a.requests, a.mints, a.trials)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.checked["token requests"] += a.requests
	m.checked["tokens minted"] += a.mints
}

// recovers waits until a token file is good again: a renewal that failed rests for at most a minute.
func (m *machine) recovers(all []*held) {
	const pause = 75 * time.Second
	if *duration < 2*pause {
		return
	}
	for _, h := range all {
		end := time.Now().Add(pause)
		for !m.tokenFile(h) && time.Now().Before(end) {
			time.Sleep(500 * time.Millisecond)
		}
		if !m.tokenFile(h) {
			m.violate(fresh, "%v: the token file is not good: %s", h.account, h.stderr.String())
		}
	}
}

// sweep makes what killed processes have left old, and has every folder written to once more: then it goes.
func (m *machine) sweep() {
	old := time.Now().Add(-time.Hour)
	for _, u := range m.users {
		_ = filepath.WalkDir(u.folder, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".tmp") {
				m.count("temporary files that killed processes left")
				_ = os.Chtimes(path, old, old)
			}
			return nil
		})
	}
	f := m.begin("near row22, to be remembered", m.near, 5)
	m.near.become("row22", time.Minute, 0)
	for _, u := range m.users {
		a := u.accounts[0]
		if u.secrets == nil {
			m.alter(a, "store", 0, "store", a.name, "--api-key-file", filepath.Join(u.folder, "given", a.name+".key"))
		}
		m.ended(m.call(a, "get force-new", "get", a.name, "--force-new"))
	}
	m.near.become("", time.Minute, 0)
	m.end(f)
}

// scanFiles looks for secrets in what the run wrote, and for what it should not have left.
func (m *machine) scanFiles() {
	for _, u := range m.users {
		err := filepath.WalkDir(u.folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasPrefix(path, filepath.Join(u.folder, "given")) {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if what := m.secretIn(string(text), true); what != "" {
				m.violate(noLeak, "%s in the file %s", what, path)
			}
			m.lookAtRemains(path)
			m.count("files looked at")
			return nil
		})
		if err != nil {
			m.violate(noLeak, "looking at the files: %v", err)
		}
	}
}

// lookAtRemains tells locks that a process still holds, and temporary files.
func (m *machine) lookAtRemains(path string) {
	switch {
	case strings.HasSuffix(path, ".lock"):
		release, state, err := disk.TryLock(path)
		if err != nil || state != disk.Acquired {
			m.violate(nothingLeft, "the lock %s is held: %v", path, err)
		}
		release()
	case strings.HasSuffix(path, ".tmp"):
		m.violate(nothingLeft, "the temporary file %s", path)
	}
}

// leftovers waits for what is about to end, and tells of what stays.
func (j *judge) leftovers() {
	end := time.Now().Add(15 * time.Second)
	for len(j.ours()) > 0 && time.Now().Before(end) {
		time.Sleep(100 * time.Millisecond)
	}
	for pid := range j.ours() {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		j.violate(nothingLeft, "process %d: %q", pid, cmdline)
	}
}

func (j *judge) broken() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.violated)
}

// table is what a run comes to.
func (j *judge) table() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	line("soak: seed %d, %v, %d workers, patience %v, detector %v\n", *seed, *duration, *workers, *patience, *detector)
	statuses := map[int]int{}
	for _, byStatus := range j.counts {
		for status, n := range byStatus {
			statuses[status] += n
		}
	}
	columns := slices.Sorted(maps.Keys(statuses))
	head, foot, total := "processes\truns", "", 0
	for _, status := range columns {
		head += fmt.Sprintf("\tstatus %d", status)
		foot += fmt.Sprintf("\t%d", statuses[status])
		total += statuses[status]
	}
	line("%s\tslowest", head)
	for _, kind := range slices.Sorted(maps.Keys(j.counts)) {
		cells, runs := "", 0
		for _, status := range columns {
			cells += fmt.Sprintf("\t%d", j.counts[kind][status])
			runs += j.counts[kind][status]
		}
		line("%s\t%d%s\t%v", kind, runs, cells, j.slowest[kind].Round(time.Millisecond))
	}
	line("all\t%d%s\t", total, foot)
	section(w, "status and cause", j.causes)
	section(w, "counted", j.checked)
	faults := map[string]int{}
	for _, f := range j.faults {
		faults[f.name]++
	}
	section(w, "broken", faults)
	line("\ninvariant\tbroken")
	for _, i := range invariants {
		line("%s\t%d", i, j.violated[i])
	}
	_ = w.Flush()
	for _, i := range invariants {
		for _, example := range j.examples[i] {
			fmt.Fprintf(&b, "\nBROKEN: %s\n\t%s\n", i, example)
		}
	}
	return b.String()
}

// section lists counts, the most frequent first.
func section(w *tabwriter.Writer, title string, counts map[string]int) {
	fmt.Fprintf(w, "\n%s\ttimes\n", title)
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		fmt.Fprintf(w, "%s\t%d\n", name, counts[name])
	}
}
