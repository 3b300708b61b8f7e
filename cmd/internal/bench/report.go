package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"
)

// comparison is a ratio of two programs' times, and the bound that it must not exceed.
type comparison struct {
	of, base string
	bound    float64
}

var comparisons = []comparison{
	{"get", "empty", 2.4},
	{"get", "nethttp", 1.30},
	{"get", "secret-tool", 0.5},
	{"fleet", "get", 1.02},
	{"new", "bare", 1.25},
	{"download serve", "download relay", 1 / 0.9},
	{"download serve", "download direct", math.Inf(1)},
	{"crowd serve", "crowd relay", 1 / 0.9},
	{"crowd serve", "crowd direct", math.Inf(1)},
}

// labels is what the tables call each program.
var labels = map[string]string{
	"empty":       "empty Go program",
	"nethttp":     "the same with `net/http`",
	"get":         "cached `get`",
	"fleet":       "the same with a fleet",
	"secret-tool": "`secret-tool lookup`",
	"new":         "`get --force-new`",
	"bare":        "`programs/bare`",

	"download serve":  "256 MiB, `serve`",
	"download relay":  "through `programs/relay`",
	"download direct": "from the API itself",
	"crowd serve":     "1,000 at once, `serve`",
	"crowd relay":     "through `programs/relay`",
	"crowd direct":    "to the API itself",
}

// verdict is what the rounds say of a comparison.
type verdict struct {
	comparison
	ratio     float64 // the median of the rounds' ratios; not a number: it was not measured
	low, high float64 // where it would be after many more rounds, see interval
}

func judge(m measured) (all []verdict) {
	for _, c := range comparisons {
		v := verdict{comparison: c, ratio: median(m.ratios(c.of, c.base))}
		v.low, v.high = interval(m.ratios(c.of, c.base))
		all = append(all, v)
	}
	return all
}

// over reports a ratio that is over its bound whatever the noise: on a busy machine, all of the interval must be.
func (v verdict) over() bool { return v.low > v.bound }

func (v verdict) String() string {
	switch {
	case math.IsNaN(v.ratio):
		return "not measured"
	case v.over():
		return "OVER THE BOUND"
	case v.ratio > v.bound:
		return "within the noise"
	}
	return "ok"
}

// ratios is the table of comparisons.
func ratios(m measured) string {
	var rows [][]string
	for _, v := range judge(m) {
		sure := number(v.low) + " to " + number(v.high)
		processor := number(median(m.ratios(v.of+cpu, v.base+cpu)))
		rows = append(rows, []string{
			labels[v.of], labels[v.base], number(v.ratio), sure, number(v.bound), v.String(), processor,
		})
	}
	return table([]string{"time of", "divided by that of", "ratio", "95 % sure", "at most", "", "CPU time"}, rows)
}

// failed names the comparisons that are over their bound.
func failed(m measured) error {
	var all []error
	for _, v := range judge(m) {
		if v.over() {
			all = append(all, fmt.Errorf("%s takes %s times as long as %s, at most %s is good",
				v.of, number(v.ratio), v.base, number(v.bound)))
		}
	}
	return errors.Join(all...)
}

// number writes about three digits.
func number(r float64) string {
	switch {
	case math.IsNaN(r) || math.IsInf(r, 0):
		return "-"
	case r >= 100:
		return fmt.Sprintf("%.0f", r)
	case r >= 10:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.2f", r)
}

// table is in Markdown, to be pasted into docs/performance.md.
func table(heads []string, rows [][]string) string {
	widths := make([]int, len(heads))
	for _, row := range append([][]string{heads}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	line := func(cells []string, pad string) {
		for i, cell := range cells {
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(pad, widths[i]-utf8.RuneCountInString(cell)))
		}
		b.WriteString("|\n")
	}
	line(heads, " ")
	line(make([]string, len(heads)), "-")
	for _, row := range rows {
		line(row, " ")
	}
	return b.String()
}

// machine names the machine and says how busy it was.
func machine(before, after string) string {
	read := func(file string) string {
		text, _ := os.ReadFile(file)
		return strings.TrimSpace(string(text))
	}
	cpu := "unknown processor"
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(model)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, load %s before and %s after, %s, %s/%s %s",
		cpu, runtime.NumCPU(), before, after, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		read("/proc/sys/kernel/osrelease"))
}

// load is the number of processes that wanted to run, over the last minute.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// spread lets benchstat print the medians of the rounds and how far they are apart.
func spread(ctx context.Context, program, file string, m measured, stdout io.Writer) error {
	if program == "" {
		return errors.New("benchstat is not named")
	}
	if err := os.WriteFile(file, []byte(benchmarks(m)), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, file)
	cmd.Stdout, cmd.Stderr = stdout, stdout
	return cmd.Run()
}

// benchmarks writes times and ratios as go test does, a line a round.
func benchmarks(m measured) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		for _, seconds := range m[name] {
			fmt.Fprintf(&b, "BenchmarkTime/%s 1 %g sec/op\n", oneWord(name), seconds)
		}
	}
	for _, c := range comparisons {
		for _, ratio := range m.ratios(c.of, c.base) {
			fmt.Fprintf(&b, "BenchmarkRatio/%s/%s 1 %g times\n", oneWord(c.of), oneWord(c.base), ratio)
		}
	}
	return b.String()
}

// oneWord returns a name as a benchmark may have it.
func oneWord(name string) string { return strings.ReplaceAll(name, " ", "-") }
