package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// runs is how often a program is run in a round, and hyperfine's median of them is the round's value.
const runs = 10

// subject is a program that is timed.
type subject struct {
	name string
	argv []string
	want string // is in its output: a program that does not do its work is quick
}

func (s *scene) subjects() ([]subject, error) {
	endpoint, err := os.ReadFile(s.file("endpoint"))
	cgp := s.file("cgp-cred")
	return []subject{
		{name: "empty", argv: []string{s.file("empty")}},
		{name: "get", argv: []string{cgp, "get", profileName}, want: "Authorization: Bearer "},
		{name: "fleet", argv: []string{cgp, "get", fleetName}, want: "Authorization: Bearer "},
		{name: "nethttp", argv: []string{s.file("nethttp")}},
		{
			name: "secret-tool", argv: []string{"secret-tool", "lookup", "service", "bench", "account", "item"},
			want: item,
		},
		{name: "bare", argv: []string{s.file("bare"), profileName, string(endpoint)}, want: "Authorization: Bearer "},
		{name: "new", argv: []string{cgp, "get", profileName, "--force-new"}, want: "Authorization: Bearer "},
	}, err
}

// measure times all programs in each round, every other one in the opposite order, so that a busy spell of the machine
// meets all of them. It returns hyperfine's files, one a round, which it writes into a folder.
func (s *scene) measure(ctx context.Context, rounds int, folder string) (files []string, err error) {
	subjects, err := s.subjects()
	if err != nil {
		return nil, err
	}
	subjects = slices.DeleteFunc(subjects, func(p subject) bool { // the table says so
		_, missing := exec.LookPath(p.argv[0])
		return missing != nil
	})
	for _, p := range subjects {
		out, err := s.run(ctx, "", p.argv...)
		if err == nil && !strings.Contains(out, p.want) {
			err = fmt.Errorf("%s does not print what it should", p.name)
		}
		if err != nil {
			return nil, err
		}
	}
	for n := range rounds {
		files = append(files, filepath.Join(folder, fmt.Sprintf("round%03d.json", n)))
		if _, err := s.run(ctx, "", hyperfine(files[n], subjects)...); err != nil {
			return nil, err
		}
		slices.Reverse(subjects)
	}
	return files, nil
}

// hyperfine is the command line of one round.
func hyperfine(file string, subjects []subject) []string {
	argv := []string{
		"hyperfine", "--shell=none", "--style=none", "--warmup=1", "--runs=" + strconv.Itoa(runs),
		"--export-json=" + file,
	}
	for _, p := range subjects {
		var quoted []string
		for _, word := range p.argv {
			quoted = append(quoted, "'"+word+"'")
		}
		argv = append(argv, "--command-name="+p.name, strings.Join(quoted, " "))
	}
	return argv
}

// measured has for each program its median time in each round, in seconds, and under its name with cpu at the end its
// mean processor time: a busy machine adds less to that.
type measured map[string][]float64

const cpu = "/cpu"

// add takes the medians of one round from hyperfine's report.
func (m measured) add(report []byte) error {
	var round struct {
		Results []struct {
			Command string  `json:"command"`
			Median  float64 `json:"median"`
			User    float64 `json:"user"`
			System  float64 `json:"system"`
		} `json:"results"`
	}
	if err := json.Unmarshal(report, &round); err != nil {
		return fmt.Errorf("hyperfine's report: %w", err)
	}
	if len(round.Results) == 0 {
		return errors.New("hyperfine's report has no results")
	}
	for _, r := range round.Results {
		if r.Command == "" || r.Median <= 0 || r.User+r.System <= 0 {
			return fmt.Errorf("hyperfine's report has no times of %q", r.Command)
		}
		m[r.Command] = append(m[r.Command], r.Median)
		m[r.Command+cpu] = append(m[r.Command+cpu], r.User+r.System)
	}
	return nil
}

// ratios is one ratio for each round in which both programs were timed.
func (m measured) ratios(of, base string) (out []float64) {
	for i := range min(len(m[of]), len(m[base])) {
		out = append(out, m[of][i]/m[base][i])
	}
	return out
}

// median is not a number if there is no value.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// interval is where the median of many more rounds would lie, with 95 % confidence and whatever their distribution is:
// between two of the sorted values, chosen so that fewer of them lie outside by chance (binomial, one half). Fewer than
// six values say nothing.
func interval(values []float64) (low, high float64) {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	outside, binomial := 0, math.Pow(0.5, float64(n))
	for tail := binomial; tail <= 0.025 && n > 0; tail += binomial {
		outside++
		binomial *= float64(n-outside+1) / float64(outside)
	}
	if outside == 0 {
		return 0, math.Inf(1)
	}
	return s[outside-1], s[n-outside]
}
