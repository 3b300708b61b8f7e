package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// counts is the table of what hardly depends on how busy the machine is.
func (s *scene) counts(ctx context.Context) string {
	empty, get := []string{s.file("empty")}, []string{s.file("cgp-cred"), "get", profileName}
	var rows [][]string
	row := func(what string, count counter) {
		a, err := median3(ctx, count, get)
		var b float64
		if err == nil {
			b, err = median3(ctx, count, empty)
		}
		if err != nil {
			why, _, _ := strings.Cut(err.Error(), "\n")
			rows = append(rows, []string{what, "not measured", "", why})
			return
		}
		rows = append(rows, []string{what, fmt.Sprintf("%.0f", a), fmt.Sprintf("%.0f", b), number(a / b)})
	}
	row("instructions in user space", s.instructions)
	row("page faults from memory", s.timed("%R"))
	row("page faults from the disk", s.timed("%F"))
	row("largest resident set, KiB", s.timed("%M"))
	row("Go allocations before main", s.inits(1))
	row("bytes of them", s.inits(0))
	return table([]string{"the whole process", "cached `get`", "empty Go program", "ratio"}, rows)
}

// counter counts something of one run of a program.
type counter func(ctx context.Context, argv []string) (float64, error)

func median3(ctx context.Context, count counter, argv []string) (float64, error) {
	var values []float64
	for range 3 {
		n, err := count(ctx, argv)
		if err != nil {
			return 0, err
		}
		values = append(values, n)
	}
	return median(values), nil
}

// instructions asks the processor, or if a virtual machine has no such counter, valgrind: more than once, as Go's
// runtime now and then reads a clock with an instruction (RDTSCP) that valgrind does not have.
func (s *scene) instructions(ctx context.Context, argv []string) (n float64, err error) {
	file := s.file("instructions")
	valgrind := []string{"valgrind", "--tool=lackey", "--log-file=" + file}
	for _, tool := range [][]string{
		{"perf", "stat", "-x,", "-e", "instructions:u", "-o", file, "--"}, valgrind, valgrind, valgrind,
	} {
		if _, err = s.run(ctx, "", append(tool, argv...)...); err != nil {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		if n, ok := instructionsOf(string(text)); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("neither perf nor valgrind counts them here: %w", err)
}

var instructionLine = regexp.MustCompile(`(?m)^(\d+),,instructions:u|guest instrs: +([\d,]+)$`)

// instructionsOf finds the number in perf's or valgrind's report.
func instructionsOf(report string) (n float64, ok bool) {
	found := instructionLine.FindStringSubmatch(report)
	if found == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(found[1]+found[2], ",", ""), 64)
	return n, err == nil
}

// timed returns a count that the kernel has of a process, getrusage(2). The program time starts it, as the counts of a
// child begin with those of its parent.
func (s *scene) timed(format string) counter {
	return func(ctx context.Context, argv []string) (float64, error) {
		file := s.file("time")
		if _, err := s.run(ctx, "", append([]string{"/usr/bin/time", "-f", format, "-o", file},
			argv...)...); err != nil {
			return 0, err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	}
}

// inits returns a sum over all packages before main.
func (s *scene) inits(which int) counter {
	return func(ctx context.Context, argv []string) (float64, error) {
		trace := append([]string{"sh", "-c", `GODEBUG=inittrace=1 exec "$@" 2>"$0"`, s.file("inits")}, argv...)
		if _, err := s.run(ctx, "", trace...); err != nil {
			return 0, err
		}
		text, err := os.ReadFile(s.file("inits"))
		if err != nil {
			return 0, err
		}
		return initSums(string(text))[which], nil
	}
}

// initSums adds up the bytes and the allocations of the runtime's inittrace.
func initSums(trace string) (sums [2]float64) {
	for lines := bufio.NewScanner(strings.NewReader(trace)); lines.Scan(); {
		var name, clock string
		var at, took, bytes, allocs float64
		n, _ := fmt.Sscanf(lines.Text(), "init %s @%f ms, %f ms %s %f bytes, %f allocs",
			&name, &at, &took, &clock, &bytes, &allocs)
		if n == 6 {
			sums[0] += bytes
			sums[1] += allocs
		}
	}
	return sums
}
