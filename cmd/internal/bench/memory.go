package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const megabytes20 = 20e6 / 1024 // in KiB, as the kernel counts

// memory returns the measurement of the largest resident set of argv, in KiB: the median of three runs. A small program
// starts it: the kernel counts the parent's memory too, until the child's own program begins.
func (s *scene) memory(argv ...string) func(context.Context) (float64, error) {
	file := filepath.Join(s.dir, "memory")
	return func(ctx context.Context) (float64, error) {
		var sizes []float64
		for range 3 {
			if _, err := s.run(ctx, command{argv: append([]string{"/usr/bin/time", "-f", "%M", "-o", file}, argv...)}); err != nil {
				return 0, err
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return 0, err
			}
			size, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
			if err != nil || size <= 0 {
				return 0, fmt.Errorf("time printed %q", text)
			}
			sizes = append(sizes, size)
		}
		return median(sizes), nil
	}
}
