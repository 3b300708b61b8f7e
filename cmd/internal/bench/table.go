package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// number writes a ratio with about three digits.
func number(r float64) string {
	switch {
	case r >= 100:
		return fmt.Sprintf("%.0f", r)
	case r >= 10:
		return fmt.Sprintf("%.1f", r)
	case r >= 0.1:
		return fmt.Sprintf("%.2f", r)
	}
	return fmt.Sprintf("%.2g", r)
}

// optional is number, and nothing for what is not there.
func optional(r float64) string {
	if r == 0 || math.IsNaN(r) || math.IsInf(r, 0) {
		return "-"
	}
	return number(r)
}

// printTable prints every verdict but those for the chart alone.
func printTable(w io.Writer, verdicts []verdict) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measured\tbeside\tratio\t95 % of\tlimit\tlast\t")
	for _, v := range verdicts {
		if v.row.chart {
			continue
		}
		say := v.problem()
		switch {
		case v.absent != "":
			say = "not measured: " + v.absent
		case !v.sure() && say == "":
			say = "not sure: too noisy here"
		case !v.sure():
			say += " (not sure: too noisy here)"
		case v.row.share:
			say = "in a loop: a share of the whole"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", plain(labels[v.row.of]), plain(labels[v.row.beside]),
			optional(v.ratio), v.spread(), optional(v.row.limit), optional(v.recorded), say)
	}
	return t.Flush()
}

// spread is the interval, as far as there is one.
func (v verdict) spread() string {
	if math.IsNaN(v.ratio) || v.low <= 0 || math.IsInf(v.high, 1) {
		return "-"
	}
	return number(v.low) + "-" + number(v.high)
}

func plain(markdown string) string { return strings.ReplaceAll(markdown, "`", "") }

// failed names the rows that fail, all of them.
func failed(verdicts []verdict) error {
	var all []error
	for _, v := range verdicts {
		if p := v.problem(); p != "" {
			all = append(all, fmt.Errorf("%s beside %s: %.3g, at most %.3g is good: %s",
				plain(labels[v.row.of]), plain(labels[v.row.beside]), v.ratio, v.bar(), p))
		}
	}
	return errors.Join(all...)
}
