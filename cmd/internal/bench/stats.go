package main

import (
	"math"
	"slices"
)

// median of at least one value.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// interval is where the median of many more rounds would lie, with 95 % confidence and whatever the rounds' distribution
// is: between two of the sorted values, so chosen that fewer of them lie outside by chance (binomial, one half). Fewer than
// six values say nothing.
func interval(values []float64) (low, high float64) {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	outside, binomial := 0, math.Pow(0.5, float64(n))
	for tail := binomial; tail <= 0.025 && n > 0; tail += binomial {
		outside++
		binomial *= float64(n-outside+1) / float64(outside)
	}
	if outside == 0 {
		return 0, math.Inf(1)
	}
	return s[outside-1], s[n-outside]
}

// sample is what was measured: for each subject one value a round, NaN where it was not its turn.
type sample map[string][]float64

// ratios is one ratio for each round in which both subjects were measured.
func (s sample) ratios(of, beside string) []float64 {
	var out []float64
	for i := range min(len(s[of]), len(s[beside])) {
		if r := s[of][i] / s[beside][i]; !math.IsNaN(r) {
			out = append(out, r)
		}
	}
	return out
}
