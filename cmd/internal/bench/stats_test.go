package main

import (
	"math"
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1}, 5},
		{[]float64{1000, 2, 1}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		before := slices.Clone(tt.values)
		if got := median(tt.values); got != tt.want || !slices.Equal(before, tt.values) {
			t.Errorf("median of %v is %v, want %v, and the values as they were", before, got, tt.want)
		}
	}
}

// The ranks are those of the tables for the sign test.
func TestInterval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rounds    int
		low, high float64
	}{
		{0, 0, math.Inf(1)},
		{5, 0, math.Inf(1)},
		{6, 1, 6},
		{8, 1, 8},
		{9, 2, 8},
		{11, 2, 10},
		{12, 3, 10},
		{21, 6, 16},
		{33, 11, 23},
	} {
		var values []float64
		for n := tt.rounds; n > 0; n-- {
			values = append(values, float64(n))
		}
		if low, high := interval(values); low != tt.low || high != tt.high {
			t.Errorf("of %d rounds: %v to %v, want %v to %v", tt.rounds, low, high, tt.low, tt.high)
		}
	}
}

func TestRatios(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	s := sample{"a": {2, 6, nan, 8, 5}, "b": {1, 2, 3, nan}}
	if got := s.ratios("a", "b"); !slices.Equal(got, []float64{2, 3}) {
		t.Errorf("%v, want the rounds in which both were measured", got)
	}
	if got := s.ratios("a", "c"); got != nil {
		t.Errorf("%v beside what was never measured", got)
	}
}
