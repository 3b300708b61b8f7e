package main

import (
	"fmt"
	"math"
)

// tolerance is how much more than the last recorded ratio is a regression.
const tolerance = 1.10

// verdict is a row's ratio and what it means.
type verdict struct {
	row       row
	ratio     float64 // the median of the rounds' ratios; NaN: not measured
	low, high float64 // where it would be after many more rounds
	recorded  float64 // the last recorded ratio; 0: none
	absent    string  // why it was not measured
}

// judge makes a verdict of the rounds' ratios.
func judge(r row, ratios []float64, recorded float64) verdict {
	v := verdict{row: r, ratio: math.NaN(), recorded: recorded}
	if len(ratios) > 0 {
		v.ratio = median(ratios)
		v.low, v.high = interval(ratios)
	}
	return v
}

// bar is the ratio above which the row fails, infinite where nothing is too much.
func (v verdict) bar() float64 {
	bar := math.Inf(1)
	if v.row.limit > 0 {
		bar = v.row.limit
	}
	if v.recorded > 0 && !v.row.share && !v.row.chart {
		bar = min(bar, v.recorded*tolerance)
	}
	return bar
}

// sure reports that more rounds would hardly change whether the row is over the bar: all of its interval is on one side.
func (v verdict) sure() bool {
	bar := v.bar()
	return math.IsNaN(v.ratio) || math.IsInf(bar, 1) || v.low > bar || v.high <= bar
}

// problem says why the row fails, nothing where it doesn't. The limit stands, whatever the noise; a ratio that noise
// leaves no telling from the recorded one is no regression.
func (v verdict) problem() string {
	switch {
	case v.row.limit > 0 && v.ratio > v.row.limit:
		return "OVER THE LIMIT"
	case v.ratio > v.bar() && v.low > v.recorded:
		return fmt.Sprintf("%.0f %% MORE THAN RECORDED", 100*(v.ratio/v.recorded-1))
	}
	return ""
}
