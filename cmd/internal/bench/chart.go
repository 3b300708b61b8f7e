package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// bar is one of the chart.
type bar struct {
	label string
	ratio float64 // to an empty Go program
	ours  bool
}

// bars is what the chart shows, the shortest first.
func (r record) bars() []bar {
	bars := []bar{
		{label: "an empty Go program", ratio: r.Ratios["empty/empty"]},
		{label: "the same with net/http linked in", ratio: r.Ratios["nethttp/empty"]},
		{label: "cgp-cred get, cached token", ratio: r.Ratios["get/empty"], ours: true},
		{label: "secret-tool lookup", ratio: r.Ratios["secret-tool/empty"]},
		{label: "docker-credential-secretservice", ratio: r.Ratios["docker/empty"]},
		{label: "git-credential-libsecret", ratio: r.Ratios["git/empty"]},
		{label: "cgp-cred get, new token", ratio: r.Ratios["new/empty"], ours: true},
		{label: "Python script, new token", ratio: r.Ratios["python/empty"]},
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(a.ratio, b.ratio) })
	return bars
}

// The chart's measures.
const (
	chartWidth = 800
	chartTop   = 44 // the first bar's upper edge
	barStep    = 32 // from one bar to the next
	barHeight  = 18
	barLeft    = 250 // where bars begin
	barMost    = 480 // the longest bar's length
	fullShare  = 0.8 // of that, where a longer one is broken
	slant      = 6   // of the break
)

// style follows the reader's theme. No font is fetched.
const style = `text { font: 14px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.value { font-variant-numeric: tabular-nums }
.ours-text { font-weight: 600 }
.bar { fill: #afb8c1 }
.ours { fill: #0969da }
.axis { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.bar { fill: #545d68 }
.ours { fill: #4493f8 }
.axis { stroke: #3d444d }
}`

// chart draws the bars to one scale, from zero. One that is more than twice as long as the next is cut, and shown to be.
func (r record) chart() string {
	bars := r.bars()
	longest := bars[len(bars)-1].ratio
	scale, cut := barMost/longest, math.Inf(1)
	if next := bars[len(bars)-2].ratio; longest > 2*next {
		scale, cut = fullShare*barMost/next, next
	}
	height := chartTop + barStep*len(bars)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t">`+"\n",
		chartWidth, height, chartWidth, height)
	const title = "Time of one call, as a multiple of an empty Go program’s"
	fmt.Fprintf(&b, "<title id=\"t\">%s</title>\n<style>\n%s\n</style>\n<text class=\"title\" x=\"0\" y=\"18\">%s</text>\n", title, style, title)
	for i, bar := range bars {
		b.WriteString(bar.draw(chartTop+barStep*i, scale, bar.ratio > cut))
	}
	fmt.Fprintf(&b, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n</svg>\n", barLeft, chartTop-6, barLeft, height-8)
	return b.String()
}

// draw draws one bar with its label and its ratio.
func (b bar) draw(y int, scale float64, broken bool) string {
	class, text := "bar", ""
	if b.ours {
		class, text = "bar ours", " ours-text"
	}
	end := barLeft + b.ratio*scale
	shape := outline(barLeft, end, y, 0, 0)
	if broken {
		end = barLeft + barMost
		gap := barLeft + 0.9*barMost
		shape = outline(barLeft, gap-5, y, 0, slant) + outline(gap+5, end, y, slant, 0)
	}
	base := y + barHeight - 4
	return fmt.Sprintf("<text class=\"label%s\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n<path class=\"%s\" d=\"%s\"/>\n<text class=\"value%s\" x=\"%.1f\" y=\"%d\">%s×</text>\n",
		text, barLeft-10, base, b.label, class, shape, text, end+8, base, multiple(b.ratio))
}

// outline is a bar from one x to another, whose ends may lean.
func outline(from, to float64, y int, leftSlant, rightSlant float64) string {
	return fmt.Sprintf("M%.1f %dL%.1f %dL%.1f %dL%.1f %dZ", from+leftSlant/2, y, to+rightSlant/2, y, to-rightSlant/2, y+barHeight, from-leftSlant/2, y+barHeight)
}

func multiple(r float64) string {
	if r < 10 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}
