package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
)

// Files of the repository that a recording writes.
const (
	recordFile = ".dev/bench.json"
	chartFile  = "docs/performance.svg"
	pageFile   = "docs/performance.md"
)

// record is what was measured last.
type record struct {
	On     string             `json:"on"`     // what it was measured on
	Ratios map[string]float64 `json:"ratios"` // by row
}

// here says what a measurement is made on, as far as ratios depend on it.
func here() string {
	return fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}

// load reads the record; there may be none yet.
func load(file string) (record, error) {
	r := record{Ratios: make(map[string]float64)}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// newRecord keeps three digits of each ratio. What was not measured can't be recorded.
func newRecord(verdicts []verdict) (record, error) {
	r := record{On: here(), Ratios: make(map[string]float64)}
	for _, v := range verdicts {
		if math.IsNaN(v.ratio) {
			return r, fmt.Errorf("nothing is recorded: %s was not measured: %s", v.row.id(), v.absent)
		}
		kept, err := strconv.ParseFloat(strconv.FormatFloat(v.ratio, 'g', 3, 64), 64)
		if err != nil {
			return r, err
		}
		r.Ratios[v.row.id()] = kept
	}
	return r, nil
}

// save writes the record.
func (r record) save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// draw writes what is made of the record: the chart, and the block of pageFile.
func (r record) draw() error {
	page, err := os.ReadFile(pageFile)
	if err != nil {
		return err
	}
	text, err := r.inPage(string(page))
	if err != nil {
		return err
	}
	if err := os.WriteFile(chartFile, []byte(r.chart()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(pageFile, []byte(text), 0o644)
}
