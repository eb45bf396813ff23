// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

const output = `goos: linux
cpu: Some CPU
BenchmarkSummaryObserve/quipu-2         	 1000	 10.0 ns/op	 20.0 total-ns/op	 0 B/op	 0 allocs/op
BenchmarkSummaryObserve/client_golang-2 	 1000	 500 ns/op	 500 total-ns/op	 0 B/op	 0 allocs/op
--- BENCH: BenchmarkSummaryObserve-2
    update_test.go:60: otel: n/a: no summaries
BenchmarkScrapeSeries/quipu/1000-2      	 1000	 50000 ns/op	 50.0 ns/series	 60000 page-B	 0 B/op	 0 allocs/op
PASS
`

func parsed(t *testing.T, outputs ...string) *data {
	t.Helper()
	r := newRunner("", "", regexp.MustCompile(""))
	for _, o := range outputs {
		require.NoError(t, r.parse(strings.NewReader(o)))
	}
	return &data{race: results.Race{Scenarios: r.scenarios()}}
}

func TestOutputOfBenchmarksIsParsed(t *testing.T) {
	slower := strings.ReplaceAll(output, " 10.0 ns/op", " 12.0 ns/op")
	fastest := strings.ReplaceAll(output, " 10.0 ns/op", " 8.0 ns/op")
	d := parsed(t, output, slower, fastest)

	s := d.race.Scenarios["SummaryObserve"]["quipu"].Figures["ns/op"]
	require.Equal(t, results.Stat{Median: 10, Min: 8, Max: 12, Samples: []float64{10, 12, 8}}, s)
	require.InDelta(t, 0.2, s.Spread(), 1e-9)
	total, ok := d.race.Figure("SummaryObserve", "client_golang", "total-ns/op")
	require.True(t, ok)
	require.Equal(t, 500.0, total)
	page, _ := d.race.Figure("ScrapeSeries/1000", "quipu", "page-B")
	require.Equal(t, 60000.0, page)
	require.Equal(t, "no summaries", d.race.Scenarios["SummaryObserve"]["otel"].Missing)
}

func TestRawOutputKeepsEachHeaderLineOnce(t *testing.T) {
	r := newRunner("", "", regexp.MustCompile(""))
	require.NoError(t, r.parse(strings.NewReader(output)))
	require.NoError(t, r.parse(strings.NewReader(output)))
	raw := r.raw.String()
	require.Equal(t, 1, strings.Count(raw, "goos: linux\n"))
	require.Equal(t, 1, strings.Count(raw, "cpu: Some CPU\n"))
	require.Equal(t, 2, strings.Count(raw, "BenchmarkSummaryObserve/quipu-2"))
	require.NotContains(t, raw, "n/a")
}

func TestRowsThatAreLostSaySo(t *testing.T) {
	d := parsed(t, output)
	require.Contains(t, d.table([]string{"SummaryObserve"}, "ns/op"),
		"| SummaryObserve | 10.0 ns | 500 ns | not run | n/a: no summaries | 0.0200 |")
	d = parsed(t, strings.ReplaceAll(output, " 500 ns/op", " 5.00 ns/op"))
	require.Contains(t, d.table([]string{"SummaryObserve"}, "ns/op"), "| **2.00: lost** |")
}

func TestReadmeHasMediansAndNamesTheCommitOfEveryRow(t *testing.T) {
	d := parsed(t, output, strings.ReplaceAll(output, " 10.0 ns/op", " 12.0 ns/op"))
	require.Contains(t, d.tableOf([]string{"SummaryObserve"}, "ns/op", d.median),
		"| SummaryObserve | 11.0 ns | 500 ns | n/a | n/a | 0.0220 |")

	d.race.Scenarios["Scrape100k"] = d.race.Scenarios["SummaryObserve"]
	d.race.Header.Commit = "aaa"
	require.Equal(t, "commit aaa", d.readmeCommits())
	d.race.Again = &results.Again{Scenarios: []string{"SummaryObserve"}, Commit: "bbb"}
	require.Equal(t, "commit bbb (Scrape100k: commit aaa)", d.readmeCommits())
	d.race.Again.Scenarios = []string{"Scrape100k", "SummaryObserve"}
	require.Equal(t, "commit bbb", d.readmeCommits())
	d.race.Again.Scenarios = []string{"LookupMap"}
	require.Equal(t, "commit aaa", d.readmeCommits())
}

func TestTheReportHasTablesAndPlotsAndRefersToNothing(t *testing.T) {
	d := parsed(t, output)
	d.race.Header = results.Header{CPU: "Some <CPU>", CPUs: 2, Commit: "aaa"}
	page, err := d.report()
	require.NoError(t, err)
	require.Contains(t, page, "<td>SummaryObserve</td><td>10.0 ns</td><td>500 ns</td>")
	require.Contains(t, page, "<svg ")
	require.Contains(t, page, "Some &lt;CPU&gt;")
	require.NotContains(t, page, "Some <CPU>")
	require.NotRegexp(t, `(src|href)=|<script|@import`, page)
}

func TestPlotsStayWithinThePictureForAnyFigures(t *testing.T) {
	for _, figures := range [][2]float64{{3, 3}, {1, 1000}, {0.4, 7e10}, {9.99, 10.01}, {2, 5}} {
		scale, ticks := newLogScale(figures[0], figures[1], 100, 700)
		require.GreaterOrEqual(t, len(ticks), 2, figures)
		require.Less(t, len(ticks), 14, figures)
		for _, v := range append(ticks, figures[:]...) {
			require.GreaterOrEqual(t, scale.at(v), 100-1e-6, figures)
			require.LessOrEqual(t, scale.at(v), 700+1e-6, figures)
		}
	}
}

func TestBarsAreReportedMetAndMissed(t *testing.T) {
	verdict := parsed(t, output).verdict()
	require.Contains(t, verdict, "| SummaryObserve, caller | 10.0 ns | 500 ns | 0.0200 | 0.03 | met | n/a | | | |")
	require.Contains(t, verdict, "| SummaryObserve, total CPU | 20.0 ns | 500 ns | 0.0400 | 0.06 | met |")
	missed := parsed(t, strings.ReplaceAll(output, " 10.0 ns/op", " 15.1 ns/op")).verdict()
	require.Contains(t, missed, "| 0.0302 | 0.03 | **missed** |")
}

func TestEveryBarIsMeasuredByBothPlans(t *testing.T) {
	for name, plan := range map[string][]group{"full": fullPlan(3), "quick": quickPlan(3)} {
		for _, b := range bars {
			if b.unit == "B" || name == "quick" && b.scenario == "Scrape1M" {
				continue // cmd/memory; and a million series take too long for a minute
			}
			measured := false
			for _, g := range plan {
				measured = measured || regexp.MustCompile("^"+g.pattern+"$").MatchString(b.scenario)
			}
			require.True(t, measured, "%s: %s", name, b.scenario)
		}
	}
}

func TestFiguresAreRoundedToThreeDigits(t *testing.T) {
	for _, test := range []struct {
		v    float64
		unit string
		want string
	}{
		{0, "ns", "0 ns"}, {0.01234, "ns", "0.0123 ns"}, {2.345, "ns/op", "2.35 ns"}, {99.95, "ns", "100 ns"},
		{999.4, "ns", "999 ns"}, {999.6, "ns", "1.00 µs"}, {12_345_678, "ns/op", "12.3 ms"}, {7e9, "ns/op", "7.00 s"},
		{144.7, "B", "145 B"}, {71_344, "B", "71.3 kB"}, {6_180_205, "page-B", "6.18 MB"},
		{3, "allocs/op", "3.00 allocs/op"},
	} {
		require.Equal(t, test.want, withUnit(test.v, test.unit))
	}
}

func TestPagesAreMadeFromWhatThereIs(t *testing.T) {
	dir := t.TempDir()
	p := places{root: dir, results: filepath.Join(dir, "results")}
	require.NoError(t, os.Mkdir(p.results, 0o755))
	readme := "before\n" + readmeBegin + "\nold\n" + readmeEnd + "\nafter\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte(readme), 0o644))

	// Nothing measured at all.
	require.NoError(t, makePages(p))

	d := parsed(t, output)
	d.race.Header = results.Header{CPU: "Some CPU", CPUs: 2, GOMAXPROCS: 2, Go: "go1", Commit: "abc"}
	require.NoError(t, results.Save(filepath.Join(p.results, "race.json"), &d.race))
	require.NoError(t, results.Save(filepath.Join(p.results, "memory.json"), &results.Memory{
		Rows: []results.MemoryRow{
			{Library: "quipu", Kind: "counter", State: "idle", Series: 100_000, Bytes: 145},
			{Library: "otel", Kind: "counter", State: "idle", Series: 100_000, Missing: "none"},
		},
		GC:     []results.GCRow{{Series: 1000, HeapMB: 1, CycleMS: 2, CPUMS: 3, PauseUS: 4}},
		Copies: results.CopyCost{Series: 10, Procs: 2, ColdNS: 20, HotNS: 30},
	}))
	sends := results.Sends{Rounds: 2, Took: "9m"}
	sends.Add("quipu", "remote write 2.0", "snappy", 100, 0, map[string]float64{"samples/s": 2e6, "live-B": 5e6})
	sends.Add("quipu", "remote write 2.0", "snappy", 100, 0, map[string]float64{"p99-idle": 20, "p99-sending": 21})
	sends.Add("otel", "OTLP", "gzip", 30, 7, map[string]float64{"bytes/sample": 11})
	require.NoError(t, results.Save(filepath.Join(p.results, "sends.json"), &sends))
	require.NoError(t, results.Save(filepath.Join(p.results, "latency.json"), &results.Latency{
		Rows: []results.LatencyRow{
			{Library: "quipu", Op: "With", Load: "idle", P999: 100},
			{Library: "quipu", Op: "With", Load: "scrapes", P999: 150},
		},
	}))
	require.NoError(t, makePages(p))

	page, err := os.ReadFile(filepath.Join(dir, "BENCHMARKS.md"))
	require.NoError(t, err)
	require.Contains(t, string(page), "- CPU: Some CPU, 2 cores, GOMAXPROCS 2")
	require.Contains(t, string(page), "| With: p99.9 while scraped / idle | 1.50 | <= 2 | met |")
	require.Contains(t, string(page), "| counter, idle, 100000 | 145 B | not run | not run | n/a: none | alone |")
	for _, row := range []string{
		"| quipu | remote write 2.0, snappy | 2.00 million | n/a | n/a | n/a | n/a | 5.00 MB | n/a |",
		"| otel | OTLP, gzip | n/a | n/a | 11.0 B | n/a | n/a | n/a | n/a |",
		"| quipu | remote write 2.0, snappy | 20.0 ns | 21.0 ns | n/a | n/a | n/a | n/a |",
	} {
		require.Contains(t, string(page), row)
	}
	require.NotContains(t, string(page), "%!")

	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "before\n"+readmeBegin+"\n| scenario |"))
	require.True(t, strings.HasSuffix(string(text), readmeEnd+"\nafter\n"))
	require.NotContains(t, string(text), "old")

	for _, plot := range []string{"updates.svg", "scrape-time.svg"} {
		svg, err := os.ReadFile(filepath.Join(p.results, plot))
		require.NoError(t, err)
		require.Contains(t, string(svg), "<svg")
	}
}
