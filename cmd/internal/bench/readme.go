package main

import (
	"errors"
	"fmt"
	"strings"
)

// The lines between which README.md's figures stand.
const (
	blockBegin = "<!-- bench -->\n"
	blockEnd   = "<!-- /bench -->\n"
)

// inReadme returns README.md with the block of this record.
func (r record) inReadme(text string) (string, error) {
	before, rest, begun := strings.Cut(text, blockBegin)
	_, after, ended := strings.Cut(rest, blockEnd)
	if !begun || !ended {
		return "", errors.New("README.md has no block for the figures")
	}
	return before + blockBegin + r.block() + blockEnd + after, nil
}

// block is the chart and the table.
func (r record) block() string {
	var b strings.Builder
	fmt.Fprintf(&b, "![Time of one call, as a multiple of an empty Go program's](%s)\n\n", chartFile)
	b.WriteString("| measured | beside | ratio | at most |\n|---|---|---|---|\n")
	for _, row := range rows {
		if row.readme {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", labels[row.of], labels[row.beside], optional(r.Ratios[row.id()]), optional(row.limit))
		}
	}
	fmt.Fprintf(&b, "\nMeasured on %s.\n", r.On)
	return b.String()
}
