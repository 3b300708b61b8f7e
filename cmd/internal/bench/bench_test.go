package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded are hyperfine's reports of a machine with two cores and a load of 90.
func recorded(t *testing.T) measured {
	t.Helper()
	files, err := filepath.Glob("testdata/busy/*.json")
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	m, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReportOfABusyMachine(t *testing.T) {
	t.Parallel()
	m := recorded(t)
	want, err := os.ReadFile("testdata/busy/ratios.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), ratios(m)); diff != "" {
		t.Error(diff)
	}
	if err := failed(m); err != nil {
		t.Errorf("noise is no failure: %v", err)
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	m := make(measured)
	for _, report := range []string{
		`{"results":[{"command":"a","mean":9,"median":0.0021,"user":1,"system":2,"times":[1]},
			{"command":"b","median":1e-3,"user":1}]}`,
		`{"results":[{"command":"b","median":0.5,"system":3},{"command":"a","median":0.25,"user":4}]}`,
	} {
		if err := m.add([]byte(report)); err != nil {
			t.Fatal(err)
		}
	}
	want := measured{"a": {0.0021, 0.25}, "b": {0.001, 0.5}, "a/cpu": {3, 4}, "b/cpu": {1, 3}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if got := m.ratios("b", "a"); !slices.Equal(got, []float64{m["b"][0] / m["a"][0], 2}) {
		t.Error(got)
	}
	for _, bad := range []string{
		``, `{}`, `{"results":[]}`, `{"results":[{"command":"a"}]}`, `{"results":[{"median":1}]}`,
		`{"results":[{"command":"a","median":"1"}]}`, `{"results":[{"command":"a","median":0,"user":1}]}`,
		`{"results":[{"command":"a","median":1}]}`,
	} {
		if err := m.add([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("%v: %v", tt.values, got)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("the median of nothing is a number")
	}
}

// The places are those of the sign test's tables.
func TestInterval(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][2]float64{
		0: {0, math.Inf(1)}, 5: {0, math.Inf(1)}, 6: {1, 6}, 8: {1, 8}, 9: {2, 8}, 11: {2, 10}, 20: {6, 15}, 40: {14, 27},
	} {
		var values []float64
		for i := n; i > 0; i-- {
			values = append(values, float64(i))
		}
		if low, high := interval(values); low != want[0] || high != want[1] {
			t.Errorf("%d values: %v to %v, want %v", n, low, high, want)
		}
	}
}

// rounds makes rounds in which get takes a multiple of the time of empty.
func rounds(ratios ...float64) measured {
	m := make(measured)
	for i, r := range ratios {
		m["empty"] = append(m["empty"], float64(i+1))
		m["get"] = append(m["get"], float64(i+1)*r)
	}
	return m
}

func TestBound(t *testing.T) {
	t.Parallel()
	all := func(r float64) []float64 { return slices.Repeat([]float64{r}, 20) }
	for _, tt := range []struct {
		name   string
		ratios []float64
		want   string
		fails  bool
	}{
		{"below", all(1.8), "ok", false},
		{"at the bound", all(2.4), "ok", false},
		{"above", all(2.41), "OVER THE BOUND", true},
		{"above in most rounds", slices.Concat(all(2.6)[:15], all(1.8)[:5]), "OVER THE BOUND", true},
		{"above in half of them", slices.Concat(all(2.6)[:11], all(1.8)[:9]), "within the noise", false},
		{"below in half of them", slices.Concat(all(2.6)[:9], all(1.8)[:11]), "ok", false},
		{"too few rounds", all(9)[:5], "within the noise", false},
		{"none", nil, "not measured", false},
	} {
		m := rounds(tt.ratios...)
		if got := judge(m)[0].String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		err := failed(m)
		if (err != nil) != tt.fails {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "get takes 2.") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if table := ratios(m); strings.Count(table, "\n") != 2+len(comparisons) || !strings.Contains(table, tt.want) {
			t.Errorf("%s:\n%s", tt.name, table)
		}
	}
}

func TestComparisonsHaveLabels(t *testing.T) {
	t.Parallel()
	subjects := []string{}
	s := &scene{dir: t.TempDir()}
	all, _ := s.subjects()
	for _, p := range all {
		subjects = append(subjects, p.name)
	}
	for _, way := range []string{direct, bareRelay, serveRelay} {
		subjects = append(subjects, "download "+way, "crowd "+way)
	}
	for _, c := range comparisons {
		for _, name := range []string{c.of, c.base} {
			if labels[name] == "" || !slices.Contains(subjects, name) || c.bound <= 0 {
				t.Errorf("%s base %s: %s has no label or is not measured", c.of, c.base, name)
			}
		}
	}
}

func TestHyperfine(t *testing.T) {
	t.Parallel()
	got := hyperfine("f.json", []subject{{name: "a", argv: []string{"/x y/a", "--z"}}, {name: "b", argv: []string{"b"}}})
	want := []string{
		"hyperfine", "--shell=none", "--style=none", "--warmup=1", "--runs=10", "--export-json=f.json",
		"--command-name=a", "'/x y/a' '--z'", "--command-name=b", "'b'",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBenchmarks(t *testing.T) {
	t.Parallel()
	const want = `BenchmarkTime/empty 1 1 sec/op
BenchmarkTime/empty 1 2 sec/op
BenchmarkTime/get 1 1.5 sec/op
BenchmarkTime/get 1 4 sec/op
BenchmarkRatio/get/empty 1 1.5 times
BenchmarkRatio/get/empty 1 2 times
`
	if diff := cmp.Diff(want, benchmarks(rounds(1.5, 2))); diff != "" {
		t.Error(diff)
	}
}

func TestInstructionsOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		report string
		want   float64
		ok     bool
	}{
		{"# started on Sun Nov 29 2026\n\n1375026,,instructions:u,4004104,100.00,,\n", 1375026, true},
		{"==1==   SBs entered:   417,600\n==1==   guest instrs:  2,694,323\n==1==   IRStmts:  1\n", 2694323, true},
		{"\n<not supported>,,instructions:u,0,100.00,,\n", 0, false},
		{"==1==   guest instrs : SB entered  = 64 : 10\n", 0, false},
		{"", 0, false},
	} {
		if got, ok := instructionsOf(tt.report); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %v, %t", tt.report, got, ok)
		}
	}
}

func TestInitSums(t *testing.T) {
	t.Parallel()
	const trace = `init internal/bytealg @0 ms, 0 ms clock, 0 bytes, 0 allocs
init runtime @0.19 ms, 0.22 ms clock, 128 bytes, 2 allocs
cgp-cred: warning: something else
init go.yaml.in/yaml/v3 @1.5 ms, 0.031 ms clock, 20000 bytes, 101 allocs
`
	if got := initSums(trace); got != [2]float64{20128, 103} {
		t.Error(got)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	const want = "| a   | bc |\n| --- | -- |\n| déf |    |\n"
	if diff := cmp.Diff(want, table([]string{"a", "bc"}, [][]string{{"déf", ""}})); diff != "" {
		t.Error(diff)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for r, want := range map[float64]string{
		123.4: "123", 12.34: "12.3", 1.234: "1.23", 0.145: "0.14", math.NaN(): "-", math.Inf(1): "-",
	} {
		if got := number(r); got != want {
			t.Errorf("%v: %s", r, got)
		}
	}
}

func TestMachineIsNamed(t *testing.T) {
	t.Parallel()
	if got := machine("1.00", "2.00"); !strings.Contains(got, " cores, load 1.00 before and 2.00 after, go1.") {
		t.Error(got)
	}
}

func TestStage(t *testing.T) {
	t.Parallel()
	s, order := new(stage), ""
	s.Cleanup(func() { order += "1" })
	s.Cleanup(func() { order += "2" })
	s.close()
	s.close()
	if order != "21" {
		t.Errorf("ended in the order %s", order)
	}
	if err := s.try(func() { s.Fatalf("no %s", "keyring") }); err == nil || err.Error() != "no keyring" {
		t.Errorf("%v", err)
	}
	if err := s.try(func() { s.Skip("no ", "Linux") }); err == nil || err.Error() != "no Linux" {
		t.Errorf("%v", err)
	}
	if err := s.try(func() {}); err != nil {
		t.Errorf("%v", err)
	}
	defer func() {
		if e, ok := recover().(error); !ok || !strings.Contains(e.Error(), "a bug") {
			t.Errorf("another panic was swallowed: %v", e)
		}
	}()
	_ = s.try(func() { panic(errors.New("a bug")) })
}
