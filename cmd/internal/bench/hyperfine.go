package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// command is a program that hyperfine times.
type command struct {
	argv    []string
	stdin   string   // a file's name; empty: nothing is read
	env     []string // more of it
	first   *command // runs once, before all
	prepare []string // runs before each run, and is not timed
	want    string   // is in its output: what fails to do its work is quick
}

// share of a round that each program gets, in as many runs as fit.
const (
	share   = 200 * time.Millisecond
	maxRuns = 100
	minRuns = 3
	warmUps = 10 // of each hundred runs: what another program left in the processor's caches is not ours
)

// timer returns the measurement of c: the median of a round's runs.
func (s *scene) timer(c command) func(context.Context) (float64, error) {
	runs := 0
	return func(ctx context.Context) (float64, error) {
		if runs == 0 {
			took, err := s.tryOut(ctx, c)
			if err != nil {
				return 0, err
			}
			runs = min(max(int(share/took), minRuns), maxRuns)
		}
		if c.stdin != "" {
			return s.timeReader(ctx, c, runs)
		}
		m, err := s.hyperfine(ctx, c, runs, c.argv)
		if err != nil {
			return 0, err
		}
		return m[0], nil
	}
}

// timeReader times a program that reads stdin, which hyperfine can't give it: a shell does, and what the shell takes to
// do so for a program that does nothing is taken off.
func (s *scene) timeReader(ctx context.Context, c command, runs int) (float64, error) {
	sh := []string{"sh", "-c", `exec "$@" <"$0"`, c.stdin}
	m, err := s.hyperfine(ctx, c, runs, append(sh, c.argv...), append(sh, s.program("empty")), []string{s.program("empty")})
	if err != nil {
		return 0, err
	}
	return m[0] - (m[1] - m[2]), nil
}

// tryOut runs the program once, looks at what it prints, and says how long that took.
func (s *scene) tryOut(ctx context.Context, c command) (time.Duration, error) {
	if c.first != nil {
		if _, err := s.run(ctx, *c.first); err != nil {
			return 0, err
		}
	}
	if c.prepare != nil {
		if _, err := s.run(ctx, command{argv: c.prepare, env: c.env}); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	out, err := s.run(ctx, c)
	if err == nil && !strings.Contains(out, c.want) {
		err = fmt.Errorf("%s does not print what it should", filepath.Base(c.argv[0]))
	}
	return time.Since(start), err
}

// run runs a program in the scene and returns its stdout.
func (s *scene) run(ctx context.Context, c command) (string, error) {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = append(s.env, c.env...)
	if c.stdin != "" {
		in, err := os.Open(c.stdin)
		if err != nil {
			return "", err
		}
		defer in.Close() //nolint:errcheck // opened for reading
		cmd.Stdin = in
	}
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(c.argv[0]), err, failed.Stderr)
	}
	return string(out), err
}

// hyperfine returns the median time of each command line in seconds.
func (s *scene) hyperfine(ctx context.Context, c command, runs int, lines ...[]string) ([]float64, error) {
	file := filepath.Join(s.dir, "hyperfine.json")
	args := []string{
		"--shell=none", "--style=none", "--warmup=" + strconv.Itoa(1+runs*warmUps/100), "--runs=" + strconv.Itoa(runs), "--export-json=" + file,
	}
	if c.prepare != nil {
		args = append(args, "--prepare="+words(c.prepare))
	}
	for _, l := range lines {
		args = append(args, words(l))
	}
	if _, err := s.run(ctx, command{argv: append([]string{"hyperfine"}, args...), env: c.env}); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return medians(text)
}

// medians reads hyperfine's JSON.
func medians(text []byte) ([]float64, error) {
	var report struct {
		Results []struct {
			Median float64 `json:"median"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("hyperfine's report: %w", err)
	}
	var out []float64
	for _, r := range report.Results {
		if r.Median <= 0 {
			return nil, errors.New("hyperfine's report has no median")
		}
		out = append(out, r.Median)
	}
	return out, nil
}

// words writes argv as a shell would read it: so does hyperfine, without one.
func words(argv []string) string {
	quoted := make([]string, len(argv))
	for i, a := range argv {
		quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
