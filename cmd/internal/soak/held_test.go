//go:build linux

package soak

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// held is a command that runs for as long as the whole, with a token file that is kept fresh.
type held struct {
	account *account
	cmd     *exec.Cmd
	stderr  bytes.Buffer
	file    string
	memory  []int // resident, in KiB, one look after another
	zombies int   // looks in a row with a child that has ended and was not waited for
}

// hold starts one for each kind of keystore.
func (m *machine) hold(t *testing.T) []*held {
	t.Helper()
	var all []*held
	for _, u := range m.users {
		a := u.accounts[0]
		h := &held{account: a}
		h.cmd = exec.Command(m.program, "exec", a.name, "--timeout", mintTimeout().String(), "--token-file", "--",
			"sh", "-c", `echo "$BEARER_TOKEN_FILE"; exec sleep 1000000`)
		h.cmd.Env, h.cmd.Stderr = u.env, &h.stderr
		out, err := h.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := h.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatalf("%v: exec: %v: %s", a, err, h.stderr.String())
		}
		h.file = strings.TrimSpace(line)
		all = append(all, h)
	}
	return all
}

// watch looks at the processes until stop: what they show of themselves, and what those that last need.
func (m *machine) watch(all []*held, stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(200 * time.Millisecond):
		}
		m.lookAtProcesses()
		for _, h := range all {
			if n%10 == 0 {
				h.memory = append(h.memory, resident(h.cmd.Process.Pid))
			}
			if h.zombies++; !hasZombie(h.cmd.Process.Pid) {
				h.zombies = 0
			}
			if h.zombies == 25 {
				m.violate(nothingLeft, "%v: exec has a child that ended seconds ago and was not waited for", h.account)
			}
			m.lookAtFile(h)
		}
	}
}

// lookAtFile holds that a token file is good if nothing was broken for longer than a renewal may pause.
func (m *machine) lookAtFile(h *held) {
	const pause = 70 * time.Second
	a := h.account
	from := time.Now().Add(-pause)
	if from.Before(m.began) || len(m.brokenSince(a.at, from, time.Now())) > 0 || len(m.brokenSince(a.user, from, time.Now())) > 0 {
		return
	}
	m.tokenFile(h)
}

func (m *machine) tokenFile(h *held) bool {
	text, err := os.ReadFile(h.file)
	if err != nil {
		return false
	}
	good, _ := h.account.at.accepts(nil, strings.TrimSpace(string(text)))
	return good
}

// ours are the processes of this run, with their environments.
func (j *judge) ours() map[int]string {
	found := map[int]string{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && bytes.Contains(environ, []byte(tag+"="+j.run)) {
			found[pid] = string(environ)
		}
	}
	return found
}

// lookAtProcesses looks for secrets where every process of this user can see them. The environment source is one by its
// nature, and so is the variable that exec sets.
func (m *machine) lookAtProcesses() {
	for pid, environ := range m.ours() {
		cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err != nil {
			continue
		}
		if what := m.secretIn(string(cmdline), true); what != "" {
			m.violate(noLeak, "%s in the command line %q", what, cmdline)
		}
		fromEnvironment := strings.Contains(environ, "CGP_CRED_API_KEY=")
		if what := m.secretIn(environ, !strings.Contains(environ, "\x00CGP_TOKEN=") && !strings.HasPrefix(environ, "CGP_TOKEN=")); what != "" && !fromEnvironment && what != "a secret of "+ownKey(environ, m) {
			m.violate(noLeak, "%s in the environment of %q", what, cmdline)
		}
		m.count("processes looked at")
	}
}

// ownKey is the account whose API key exec has put into an environment, as it does for method apikey.
func ownKey(environ string, m *machine) string {
	for _, a := range m.accounts() {
		if a.auth == "apikey" && strings.Contains(environ, "CGP_TOKEN="+a.apiKey) {
			return a.String()
		}
	}
	return ""
}

// resident is the memory of a process in KiB, 0 where it is not known.
func resident(pid int) int {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	n, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(strings.TrimSpace(rest), " ", 2)[0]))
	return n
}

func hasZombie(pid int) bool {
	children, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "task", strconv.Itoa(pid), "children"))
	if err != nil {
		return false
	}
	for child := range strings.FieldsSeq(string(children)) {
		stat, err := os.ReadFile(filepath.Join("/proc", child, "stat"))
		if _, rest, _ := strings.Cut(string(stat), ") "); err == nil && strings.HasPrefix(rest, "Z") {
			return true
		}
	}
	return false
}

// release ends the commands as a terminal would, and holds that nothing of them stays.
func (m *machine) release(all []*held) {
	for _, h := range all {
		_ = h.cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(30*time.Second, func() { _ = h.cmd.Process.Kill() })
		err := h.cmd.Wait()
		late.Stop()
		if status := statusOf(err); status != 128+int(syscall.SIGTERM) {
			m.violate(nothingLeft, "%v: exec --token-file ended with status %d: %s", h.account, status, h.stderr.String())
		}
		if _, err := os.Lstat(filepath.Dir(h.file)); err == nil {
			m.violate(nothingLeft, "%v: the folder of the token file is still there", h.account)
		}
		if what := m.secretIn(h.stderr.String(), true); what != "" || crash.MatchString(h.stderr.String()) {
			m.violate(noLeak, "%v: exec --token-file printed %s: %s", h.account, what, h.stderr.String())
		}
		h.checkMemory(m)
	}
}

// checkMemory holds the last third of the looks against the first, if there are enough of them.
func (h *held) checkMemory(m *machine) {
	h.memory = h.memory[min(5, len(h.memory)):] // while it starts
	if len(h.memory) < 30 {
		return
	}
	third := len(h.memory) / 3
	first, last := median(h.memory[:third]), median(h.memory[len(h.memory)-third:])
	m.count("token files watched for growth")
	if last > first+first/4+4096 {
		m.violate(noGrowth, "%v: from %d KiB to %d KiB", h.account, first, last)
	}
}

func median(all []int) int {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
