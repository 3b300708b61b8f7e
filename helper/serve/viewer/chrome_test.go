//go:build clients

package viewer_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// chrome is a headless Chromium, which is spoken to by pipes (Chrome DevTools Protocol).
type chrome struct {
	t  *testing.T
	to io.Writer

	mu      sync.Mutex
	id      int
	waiting map[int]chan message
	said    map[string][]string // by tab: messages of its console, and requests that failed
	ended   chan struct{}
}

type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// startChrome starts Chromium, and ends it with the test. It can't reach other machines.
func startChrome(t *testing.T, flags ...string) *chrome {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing: sh .dev/deps.sh install clients")
	}
	theirs, toThem, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromThem, theirOutput, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.Command(path, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--user-data-dir=" + home, "--window-size=1100,620", "--ignore-certificate-errors", "--proxy-server=direct://",
	}, flags...)...)
	cmd.Env = append(os.Environ(), "HOME="+home, "DBUS_SESSION_BUS_ADDRESS=disabled:")
	cmd.ExtraFiles = []*os.File{theirs, theirOutput}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirs.Close(), theirOutput.Close()
	c := &chrome{t: t, to: toThem, waiting: map[int]chan message{}, said: map[string][]string{}, ended: make(chan struct{})}
	go c.read(fromThem)
	t.Cleanup(func() {
		_, _ = fmt.Fprintf(toThem, "{\"id\":0,\"method\":\"Browser.close\"}\x00")
		select {
		case <-c.ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		_, _ = toThem.Close(), fromThem.Close()
	})
	return c
}

// read takes the browser's messages until it ends.
func (c *chrome) read(from io.Reader) {
	defer close(c.ended)
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(line[:len(line)-1], &m) != nil {
			continue
		}
		c.mu.Lock()
		if answer := c.waiting[m.ID]; m.ID != 0 && answer != nil {
			delete(c.waiting, m.ID)
			answer <- m
		} else if slices.Contains([]string{"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed"}, m.Method) {
			c.said[m.Session] = append(c.said[m.Session], m.Method+" "+string(m.Params[:min(len(m.Params), 600)]))
		}
		c.mu.Unlock()
	}
}

// call asks the browser, or a tab.
func (c *chrome) call(tab, method string, params any) json.RawMessage {
	c.t.Helper()
	p, err := json.Marshal(params)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.id++
	answer := make(chan message, 1)
	c.waiting[c.id] = answer
	request, err := json.Marshal(message{ID: c.id, Method: method, Session: tab, Params: p})
	c.mu.Unlock()
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.to.Write(append(request, 0)); err != nil {
		c.t.Fatal(err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			c.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		return m.Result
	case <-c.ended:
		c.t.Fatalf("%s: Chromium has ended", method)
	}
	return nil
}

type object = map[string]any

// open opens a page in a new tab, and waits until it is there.
func (c *chrome) open(url string) *tab {
	c.t.Helper()
	var target struct{ TargetID string }
	var session struct{ SessionID string }
	c.decode(c.call("", "Target.createTarget", object{"url": "about:blank"}), &target)
	c.decode(c.call("", "Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}), &session)
	t := &tab{c, session.SessionID}
	for _, domain := range []string{"Runtime", "Log", "Network", "Page"} {
		c.call(t.id, domain+".enable", object{})
	}
	c.call(t.id, "Page.navigate", object{"url": url})
	t.until("document.readyState === 'complete' && location.href !== 'about:blank'")
	return t
}

func (c *chrome) decode(data json.RawMessage, into any) {
	c.t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		c.t.Fatal(err)
	}
}

// tab is a page that is open.
type tab struct {
	*chrome

	id string
}

// eval returns the value of an expression, which may be a promise.
func (t *tab) eval(expression string) any {
	t.t.Helper()
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	t.decode(t.call(t.id, "Runtime.evaluate", object{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}), &got)
	if e := got.ExceptionDetails; e != nil {
		return "error: " + e.Text + " " + e.Exception.Description
	}
	return got.Result.Value
}

// until waits until an expression is true.
func (t *tab) until(expression string) {
	t.t.Helper()
	for end := time.Now().Add(4 * time.Minute); t.eval("Boolean("+expression+")") != true; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.screenshot("late.png")
			t.t.Fatalf("this did not become true: %s\n%s", expression, strings.Join(t.console(), "\n"))
		}
	}
}

// console returns what the page's console says, and which requests failed.
func (t *tab) console() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.said[t.id])
}

func (t *tab) complains(text string) bool {
	return slices.ContainsFunc(t.console(), func(line string) bool { return strings.Contains(line, text) })
}

// screenshot writes a picture of the page to a file in the folder CGP_CRED_PICTURES, if that is set.
func (t *tab) screenshot(name string) {
	t.t.Helper()
	folder := os.Getenv("CGP_CRED_PICTURES")
	if folder == "" {
		return
	}
	var got struct{ Data string }
	t.decode(t.call(t.id, "Page.captureScreenshot", object{"format": "png"}), &got)
	picture, err := base64.StdEncoding.DecodeString(got.Data)
	if err != nil {
		t.t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/"+name, picture, 0o600); err != nil {
		t.t.Fatal(err)
	}
}
