package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const repository = "../../.."

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n") // as git may write it on Windows
}

func recorded(t *testing.T) record {
	t.Helper()
	r, err := load(filepath.Join(repository, filepath.FromSlash(recordFile)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The chart and the page's figures are what the recorded ratios make; go run ./cmd/internal/bench -draw mends them.
func TestDrawn(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	if diff := cmp.Diff(r.chart(), read(t, chartFile)); diff != "" {
		t.Errorf("%s is not the chart of the record:\n%s", chartFile, diff)
	}
	page := read(t, pageFile)
	want, err := r.inPage(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("%s has not the figures of the record:\n%s", pageFile, diff)
	}
}

// The record has each row and nothing else, so that no row is without its comparison.
func TestRecordIsComplete(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for _, row := range rows {
		if r.Ratios[row.id()] <= 0 {
			t.Errorf("%s has no recorded ratio", row.id())
		}
	}
	if len(r.Ratios) != len(rows) || r.On == "" {
		t.Errorf("%d ratios for %d rows, measured on %q", len(r.Ratios), len(rows), r.On)
	}
}

// plainRecord has a ratio for each row; those for the chart are 1 to 8.
func plainRecord() record {
	r := record{On: "a machine", Ratios: make(map[string]float64)}
	for _, row := range rows {
		r.Ratios[row.id()] = 1
	}
	for i, name := range []string{"empty", "nethttp", "get", "secret-tool", "docker", "git", "new", "python"} {
		r.Ratios[name+"/empty"] = float64(i + 1)
	}
	return r
}

var barShape = regexp.MustCompile(`<path class="(bar|bar ours)" d="M([0-9.]+) \d+L([0-9.]+) [^"]*"/>`)

func TestChart(t *testing.T) {
	t.Parallel()
	r := plainRecord()
	chart := r.chart()
	decoder := xml.NewDecoder(strings.NewReader(chart))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal("the chart is not XML:", err)
		}
	}
	for _, foreign := range []string{"<script", "href", "url(", "@import", "@font-face", "<image", "foreignObject"} {
		if strings.Contains(chart, foreign) {
			t.Errorf("the chart has %s", foreign)
		}
	}
	if !strings.Contains(chart, "prefers-color-scheme: dark") {
		t.Error("the chart knows no dark theme")
	}
	bars := barShape.FindAllStringSubmatch(chart, -1)
	if len(bars) != 8 {
		t.Fatalf("%d bars, want 8", len(bars))
	}
	for i, b := range bars {
		from, _ := strconv.ParseFloat(b[2], 64)
		to, _ := strconv.ParseFloat(b[3], 64)
		if want := barMost * float64(i+1) / 8; to-from < want-0.1 || to-from > want+0.1 {
			t.Errorf("bar %d is %.1f long, want %.1f", i, to-from, want)
		}
		if ours := b[1] == "bar ours"; ours != (i == 2 || i == 6) {
			t.Errorf("bar %d is ours: %t", i, ours)
		}
		if value := fmt.Sprintf(">%d.0×<", i+1); strings.Count(chart, value) != 1 {
			t.Errorf("%s is not in the chart once", value)
		}
	}
}

// A bar that would leave the others no room is cut, in two pieces, and carries its true ratio.
func TestChartCutsTheLongest(t *testing.T) {
	t.Parallel()
	r := plainRecord()
	r.Ratios["python/empty"] = 300
	chart := r.chart()
	if n := strings.Count(chart, "Z"); n != 9 || !strings.Contains(chart, ">300×<") {
		t.Errorf("%d pieces for 8 bars, one of them cut in two", n)
	}
	bars := barShape.FindAllStringSubmatch(chart, -1)
	if to, _ := strconv.ParseFloat(bars[6][3], 64); to < barLeft+fullShare*barMost-0.1 || to > barLeft+fullShare*barMost+0.1 {
		t.Errorf("the longest that is not cut ends at %.1f", to)
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	r := plainRecord()
	r.Ratios["get/secret-tool"] = 0.123
	text, err := r.inPage("before\n" + blockBegin + "old\n" + blockEnd + "after\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n" + blockBegin + "![", "](" + path.Base(chartFile) + ")\n",
		"| a cached `get` | `secret-tool lookup` | 0.12 | 0.50 |\n", "Measured on a machine.\n" + blockEnd + "after\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "old") {
		t.Error("the old figures are still there")
	}
	if again, err := r.inPage(text); err != nil || again != text {
		t.Errorf("a second time changes it: %v", err)
	}
	if _, err := r.inPage("no block"); err == nil {
		t.Error("a page without a block is written")
	}
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bench.json")
	if r, err := load(file); err != nil || r.On != "" || len(r.Ratios) != 0 {
		t.Errorf("without a file: %+v, %v", r, err)
	}
	now, err := newRecord([]verdict{judge(row{of: "a", beside: "b"}, spreadOut(11, 1.23456, 0.1), 0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := now.save(file); err != nil {
		t.Fatal(err)
	}
	got, err := load(file)
	if diff := cmp.Diff(record{On: here(), Ratios: map[string]float64{"a/b": 1.23}}, got); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

func TestDrawMeasuresNothing(t *testing.T) {
	r := plainRecord()
	t.Chdir(t.TempDir())
	for _, file := range []string{recordFile, pageFile} {
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.save(recordFile); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pageFile, []byte("# x\n"+blockBegin+blockEnd), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if err := run(t.Context(), []string{"-draw"}, &said, &said); err != nil || said.Len() > 0 {
		t.Fatalf("%v, and it says %q", err, said.String())
	}
	chart, err := os.ReadFile(chartFile)
	if err != nil || string(chart) != r.chart() {
		t.Errorf("the chart is another one: %v", err)
	}
	page, err := os.ReadFile(pageFile)
	if err != nil || string(page) != "# x\n"+blockBegin+r.block()+blockEnd {
		t.Errorf("the page is now %q, %v", page, err)
	}
}
