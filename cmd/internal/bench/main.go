// Command bench measures cgp-cred beside other programs, in a home, on a bus and with a keyring of its own, prints one
// table of ratios, and fails where one is over its limit or more than a tenth above the one recorded last. Times would say
// more about the machine than about the program. "make bench" runs it, "make bench RECORD=1" keeps the ratios.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
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
	keep := flags.Bool("record", false, "keep the ratios, and draw the chart and the table of them in "+pageFile)
	draw := flags.Bool("draw", false, "measure nothing; draw them of the ratios that were kept")
	rounds := flags.Int("rounds", 0, "rounds for all, three times as many for what is not decided by then (default 11, to keep 21)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	last, err := load(recordFile)
	if err != nil {
		return err
	}
	if *draw {
		return last.draw()
	}
	if *keep {
		last = record{} // what is kept is compared with the limits alone
	}
	if *rounds < 1 {
		*rounds = map[bool]int{false: 11, true: 21}[*keep]
	}
	p := plan{rounds: *rounds, most: 3 * *rounds, patience: 4 * time.Minute}
	verdicts, err := measure(ctx, p, last, stderr)
	if err != nil {
		return err
	}
	if err := printTable(stdout, verdicts); err != nil {
		return err
	}
	if last.On != "" && last.On != here() {
		fmt.Fprintf(stdout, "The last ratios are of %s, these of %s: a difference may be the machine's.\n", last.On, here())
	}
	if *keep {
		now, err := newRecord(verdicts)
		if err != nil {
			return err
		}
		if err := errors.Join(now.save(recordFile), now.draw()); err != nil {
			return err
		}
	}
	return failed(verdicts)
}

// measure sets the scene and has the rounds.
func measure(ctx context.Context, p plan, last record, stderr io.Writer) ([]verdict, error) {
	st := new(stage)
	defer st.close()
	fmt.Fprintln(stderr, "bench: building")
	s, err := newScene(ctx, st)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stderr, "bench: measuring, %d rounds and where needed up to %d\n", p.rounds, p.most)
	return p.measure(ctx, s.subjects(), rows, last.Ratios)
}
