// Command bench measures cgp-cred next to other programs, in a home, on a bus and with a keyring of its own. It prints
// ratios, and fails if one is over its bound: times say more about the machine than about the program, and what another
// machine measured says nothing. "make bench" runs it.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// run carries out one command line, in the repository's top folder.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 20, "how often each program has its turn")
	folder := flags.String("keep", "", "an existing folder to keep hyperfine's files in")
	benchstat := flags.String("benchstat", "", "the program that prints the spread of the rounds; empty: none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	st := new(stage)
	defer st.close()
	fmt.Fprintln(stderr, "bench: building")
	s, err := newScene(ctx, st)
	if err != nil {
		return err
	}
	before := load()
	fmt.Fprintf(stderr, "bench: measuring, %d rounds\n", *rounds)
	files, err := s.measure(ctx, *rounds, cmp.Or(*folder, s.dir))
	if err != nil {
		return err
	}
	m, err := read(files)
	if err != nil {
		return err
	}
	memory, err := s.relays(ctx, st, *rounds, m)
	if err != nil {
		memory = "not measured: " + err.Error()
	}
	fmt.Fprintf(stdout, "%s\n\n%s\n%s\n%s\n", machine(before, load()), ratios(m), s.counts(ctx), s.fleet(st))
	fmt.Fprintf(stdout, "largest resident set of serve, after all this and 2 GiB at once: %s\n\n", memory)
	if err := spread(ctx, *benchstat, s.file("rounds.txt"), m, stdout); err != nil {
		fmt.Fprintf(stdout, "The spread of the rounds is not measured: %v\n", err)
	}
	return failed(m)
}

// read returns what hyperfine measured, from one file a round.
func read(files []string) (measured, error) {
	m := make(measured)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := m.add(text); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return m, nil
}
