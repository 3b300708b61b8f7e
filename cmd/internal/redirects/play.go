package redirects

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// patience is for a client that hangs.
const patience = 2 * time.Minute

// player plays redirects with clients.
type player struct {
	server *server
	tools  []string // .tools, and the folders of programs in it
	npm    string   // the folder node_modules
	folder string   // of the scripts
	runs   atomic.Int64
}

var versionNumber = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)+(?:-[0-9]+\+deb\w+)?`)

// version returns a client's version, or nothing if this machine does not have the client.
func (p *player) version(c Client) string {
	cmd := p.command(c.Version)
	if p.npm != "" {
		cmd.Dir = filepath.Dir(p.npm)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return ""
	}
	return string(versionNumber.Find(out))
}

// play runs one way of a client, once for each case.
func (p *player) play(c Client, w Way, cases ...Case) (Result, error) {
	hits := map[Case][]hit{}
	var said []byte
	for _, place := range cases {
		run := fmt.Sprintf("run%d", p.runs.Add(1))
		out, err := p.script(c.Language, w.Script, run, place)
		if err != nil {
			said = fmt.Appendf(said, "%s (%v)\n%s\n", place, err, out)
		}
		hits[place] = p.server.take(run, place)
	}
	r, err := result(hits, c.Token)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, said)
	}
	return r, err
}

// script runs a script in a folder of its own, which is its home, and returns what it said.
func (p *player) script(name, text, run string, place Case) ([]byte, error) {
	l := languages[name]
	dir, err := os.MkdirTemp(p.folder, run)
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		l.file: text, "headers": "Authorization: Bearer " + Token + "\napikey: " + Key + "\n",
	}
	if place == Netrc {
		files[".netrc"] = "default login user password " + netrcPassword + "\n"
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if name == "node" && p.npm != "" {
		if err := os.Symlink(p.npm, filepath.Join(dir, "node_modules")); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	argv := append(l.argv[1:len(l.argv):len(l.argv)], l.file)
	cmd := exec.CommandContext(ctx, l.argv[0], argv...) //nolint:gosec // from the table
	cmd.Dir = dir
	cmd.Env = append(p.environment(), "HOME="+dir, "URL="+p.server.url(run, place), "TOKEN="+Token, "KEY="+Key)
	cmd.WaitDelay = time.Second
	return cmd.CombinedOutput()
}

// command is a line of shell.
func (p *player) command(line string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", line) //nolint:gosec,noctx // from the table, and it ends
	cmd.Env = p.environment()
	return cmd
}

// environment has no proxy: the servers are on this machine.
func (p *player) environment() []string {
	path := strings.Join(append(slices.Clone(p.tools), os.Getenv("PATH")), ":")
	return append(os.Environ(), "PATH="+path, "TOOLS="+p.tools[0], "HOME="+p.folder, "no_proxy=*", "NO_PROXY=*")
}
