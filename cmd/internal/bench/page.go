package main

import (
	"fmt"
	"path"
	"strings"
)

// The lines between which the page's figures are.
const (
	blockBegin = "<!-- bench -->\n"
	blockEnd   = "<!-- /bench -->\n"
)

// inPage returns pageFile with the block of this record.
func (r record) inPage(text string) (string, error) {
	before, rest, begun := strings.Cut(text, blockBegin)
	_, after, ended := strings.Cut(rest, blockEnd)
	if !begun || !ended {
		return "", fmt.Errorf("%s has no block for the figures", pageFile)
	}
	return before + blockBegin + r.block() + blockEnd + after, nil
}

// block is the chart and the table.
func (r record) block() string {
	var b strings.Builder
	fmt.Fprintf(&b, "![Time of one call, as a multiple of an empty Go program's](%s)\n\n", path.Base(chartFile))
	b.WriteString("| measured | beside | ratio | at most |\n|---|---|---|---|\n")
	for _, row := range rows {
		if row.page {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", labels[row.of], labels[row.beside], optional(r.Ratios[row.id()]), optional(row.limit))
		}
	}
	fmt.Fprintf(&b, "\nMeasured on %s.\n", r.On)
	return b.String()
}
