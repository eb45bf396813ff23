// SPDX-License-Identifier: Apache-2.0

// Package results reads and writes the results of the measuring commands: JSON files in
// bench/results. The tables, plots and figures of BENCHMARKS.md and the README are made from them.
package results

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Header says where figures come from.
type Header struct {
	CPU        string            `json:"cpu"`
	CPUs       int               `json:"cpus"`
	GOMAXPROCS int               `json:"gomaxprocs"`
	System     string            `json:"system"`
	Go         string            `json:"go"`
	Commit     string            `json:"commit"`
	Date       string            `json:"date"`
	Command    string            `json:"command"`
	Versions   map[string]string `json:"versions"`
}

// Stat is one figure, measured several times.
type Stat struct {
	Median  float64   `json:"median"`
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	Samples []float64 `json:"samples"`
}

// Of returns the Stat of samples.
func Of(samples []float64) Stat {
	if len(samples) == 0 {
		return Stat{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	return Stat{
		Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1],
		Samples: samples,
	}
}

// Spread is the largest deviation from the median, as a part of it.
func (s Stat) Spread() float64 {
	if s.Median == 0 {
		return 0
	}
	return max(s.Max-s.Median, s.Median-s.Min) / s.Median
}

// Cell is what one library did in one scenario: its figures by unit (ns/op, allocs/op, ...), or why
// there are none.
type Cell struct {
	Figures map[string]Stat `json:"figures,omitempty"`
	Missing string          `json:"missing,omitempty"`
}

// Race holds the scenarios: name of the benchmark (and of the point, on curves), then library.
type Race struct {
	Header    Header                     `json:"header"`
	Benchtime string                     `json:"benchtime"`
	Count     int                        `json:"count"`
	Took      string                     `json:"took"`
	Scenarios map[string]map[string]Cell `json:"scenarios"`
	Again     *Again                     `json:"again,omitempty"`
}

// Again says which scenarios were measured again after the whole run.
type Again struct {
	Only      string   `json:"only"` // a regular expression for groups of scenarios
	Scenarios []string `json:"scenarios"`
	Commit    string   `json:"commit"`
	Date      string   `json:"date"`
	Count     int      `json:"count"`
}

// Figure returns the median of a figure.
func (r *Race) Figure(scenario, library, unit string) (median float64, ok bool) {
	s, ok := r.Scenarios[scenario][library].Figures[unit]
	return s.Median, ok
}

// Memory is what cmd/memory found.
type Memory struct {
	Header Header      `json:"header"`
	Rows   []MemoryRow `json:"rows"`
	GC     []GCRow     `json:"gc"`
	Copies CopyCost    `json:"copies"`
}

// MemoryRow is the heap that a series takes.
type MemoryRow struct {
	Library string  `json:"library"`
	Kind    string  `json:"kind"`
	State   string  `json:"state"` // idle or hot
	Series  int     `json:"series"`
	Bytes   float64 `json:"bytes_per_series"`
	Missing string  `json:"missing,omitempty"`
}

// GCRow is the cost of a garbage collection with this many counters alive in quipu.
type GCRow struct {
	Series  int     `json:"series"`
	HeapMB  float64 `json:"heap_mb"`
	CycleMS float64 `json:"cycle_ms"`     // from start to end, median
	CPUMS   float64 `json:"cpu_ms"`       // of the collector, median
	PauseUS float64 `json:"max_pause_us"` // the longest stop of the world
}

// CopyCost is the cost of a scrape per counter if no counter is hot, and if all are.
type CopyCost struct {
	Series int     `json:"series"`
	Procs  int     `json:"procs"`
	ColdNS float64 `json:"cold_ns_per_series"`
	HotNS  float64 `json:"hot_ns_per_series"`
}

// Bytes returns the bytes per series of a row.
func (m *Memory) Bytes(library, kind, state string, series int) (bytes float64, ok bool) {
	for _, r := range m.Rows {
		if r.Library == library && r.Kind == kind && r.State == state && r.Series == series && r.Missing == "" {
			return r.Bytes, true
		}
	}
	return 0, false
}

// Latency is what cmd/latency found.
type Latency struct {
	Header Header       `json:"header"`
	Rows   []LatencyRow `json:"rows"`
}

// LatencyRow is the distribution of the time that one call takes, in nanoseconds, less the clock's
// own cost.
type LatencyRow struct {
	Library string  `json:"library"`
	Op      string  `json:"op"`
	Load    string  `json:"load"` // idle, scrapes or gzip scrapes
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	P999    float64 `json:"p999"`
	Max     float64 `json:"max"`
	Samples int     `json:"samples"`
	Over    int     `json:"over_100us"`             // calls that took longer than 100 µs
	Taken   int     `json:"over_100us_descheduled"` // those of them during which the thread lost its CPU
	Scrapes int     `json:"scrapes"`
}

// Row returns a row.
func (l *Latency) Row(library, op, load string) (row LatencyRow, ok bool) {
	for _, r := range l.Rows {
		if r.Library == library && r.Op == op && r.Load == load {
			return r, true
		}
	}
	return LatencyRow{}, false
}

// Describe makes a header for results of the given command.
func Describe(command string) Header {
	h := Header{
		CPU: cpuModel(), CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Commit: commit(), Date: time.Now().UTC().Format(time.DateOnly), Command: command,
		Versions: make(map[string]string),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			h.Versions[d.Path] = d.Version
		}
	}
	h.Versions["github.com/quipu-metrics/quipu"] = h.Commit
	return h
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// commit is the commit of the working tree, with a + when the tree has changes, the files that the
// race itself writes left out.
func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	id := strings.TrimSpace(string(out))
	changes, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no", "--",
		":/*.go", ":/go.mod", ":/bench/peers/go.mod").Output()
	if err == nil && len(changes) > 0 {
		id += "+"
	}
	return id
}

// Root returns the directory of the module of the race, bench/peers.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	return filepath.Dir(strings.TrimSpace(string(out))), err
}

// Save writes v to a file as JSON.
func Save(file string, v any) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// Load reads what Save wrote.
func Load(file string, v any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}
