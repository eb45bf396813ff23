// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// bar is a limit for quipu's figure divided by a library's, set before anything was measured. Bars
// are reported as met or missed; no figure is chosen by them.
type bar struct {
	row              string // as the table calls it
	scenario, unit   string
	golang, victoria float64 // 0: none
}

var bars = []bar{
	{row: "CounterInc", scenario: "CounterInc", unit: "ns/op", golang: 1.12},
	{row: "CounterIncParallel", scenario: "CounterIncParallel", unit: "ns/op", golang: 0.30, victoria: 0.35},
	{row: "CounterAddParallel", scenario: "CounterAddParallel", unit: "ns/op", golang: 0.15, victoria: 0.25},
	{row: "GaugeIncDecParallel", scenario: "GaugeIncDecParallel", unit: "ns/op", golang: 0.35},
	{row: "HistogramObserve", scenario: "HistogramObserve", unit: "ns/op", golang: 0.85, victoria: 0.6},
	{row: "HistogramObserveParallel", scenario: "HistogramObserveParallel", unit: "ns/op", golang: 0.15, victoria: 0.6},
	{row: "SummaryObserve, caller", scenario: "SummaryObserve", unit: "ns/op", golang: 0.03, victoria: 0.7},
	{row: "SummaryObserve, total CPU", scenario: "SummaryObserve", unit: "total-ns/op", golang: 0.06, victoria: 1.4},
	{row: "Lookup2", scenario: "Lookup2", unit: "ns/op", golang: 0.50, victoria: 0.3},
	{row: "Lookup2Parallel", scenario: "Lookup2Parallel", unit: "ns/op", golang: 0.25},
	{row: "Lookup3Random", scenario: "Lookup3Random", unit: "ns/op", golang: 0.45},
	{row: "Lookup3RandomParallel", scenario: "Lookup3RandomParallel", unit: "ns/op", golang: 0.35},
	{row: "Lookup3Long", scenario: "Lookup3Long", unit: "ns/op", golang: 0.50},
	{row: "Lookup3LongParallel", scenario: "Lookup3LongParallel", unit: "ns/op", golang: 0.35},
	{row: "LookupMap", scenario: "LookupMap", unit: "ns/op", golang: 0.38},
	{row: "CreateSeries", scenario: "CreateSeries", unit: "ns/op", golang: 0.38, victoria: 1.0},
	{row: "CreateSeriesParallel", scenario: "CreateSeriesParallel", unit: "ns/op", golang: 0.35},
	{row: "Scrape100k", scenario: "Scrape100k", unit: "ns/op", golang: 0.01, victoria: 0.07},
	{row: "Scrape1M", scenario: "Scrape1M", unit: "ns/op", golang: 0.01, victoria: 0.08},
	{row: "ScrapeHistograms10k", scenario: "ScrapeHistograms10k", unit: "ns/op", golang: 0.05, victoria: 0.15},
	{row: "ScrapeGzip100k", scenario: "ScrapeGzip100k", unit: "ns/op", golang: 0.02},
	{row: "bytes per idle counter", scenario: "counter", unit: "B", golang: 0.3, victoria: 1.0},
	{row: "bytes per idle histogram", scenario: "histogram", unit: "B", golang: 0.3, victoria: 0.8},
	{row: "bytes per idle summary", scenario: "summary", unit: "B", golang: 0.04, victoria: 1.5},
}

// figure returns a library's figure for the bar.
func (d *data) figure(b bar, library string) (float64, bool) {
	if b.unit != "B" {
		return d.race.Figure(b.scenario, library, b.unit)
	}
	for _, series := range []int{100_000, 10_000} {
		if v, ok := d.memory.Bytes(library, b.scenario, "idle", series); ok {
			return v, true
		}
	}
	return 0, false
}

// verdict is the table of bars.
func (d *data) verdict() string {
	var t strings.Builder
	t.WriteString("| scenario | quipu | client_golang | quipu / it | bar | | VictoriaMetrics | quipu / it | bar | |\n")
	t.WriteString("|---|--:|--:|--:|--:|---|--:|--:|--:|---|\n")
	for _, b := range bars {
		own, ok := d.figure(b, "quipu")
		if !ok {
			continue
		}
		fmt.Fprintf(&t, "| %s | %s |", b.row, withUnit(own, b.unit))
		t.WriteString(d.against(b, own, "client_golang", b.golang))
		t.WriteString(d.against(b, own, "victoriametrics", b.victoria))
		t.WriteString("\n")
	}
	return t.String()
}

func (d *data) against(b bar, own float64, library string, limit float64) string {
	theirs, ok := d.figure(b, library)
	switch {
	case !ok:
		return " n/a | | | |"
	case limit == 0:
		return fmt.Sprintf(" %s | %s | | |", withUnit(theirs, b.unit), ratio(own/theirs))
	}
	return fmt.Sprintf(" %s | %s | %v | %s |", withUnit(theirs, b.unit), ratio(own/theirs), limit,
		met(own/theirs, limit))
}

// met says how a figure stands to its limit, as it is rounded in the tables.
func met(v, limit float64) string {
	if v <= limit {
		return "met"
	}
	return "**missed**"
}

// check is a bar that is not about another library.
type check struct {
	what  string
	value string
	limit string
	met   string
}

// checks returns them all, as far as there are figures.
func (d *data) checks() []check {
	var list []check
	add := func(what string, v, limit float64) {
		list = append(list, check{what, ratio(v), fmt.Sprint("<= ", limit), met(v, limit)})
	}
	for _, s := range []string{"CounterInc", "CounterAdd", "HistogramObserve", "SummaryObserve"} {
		serial, ok1 := d.race.Figure(s, "quipu", "ns/op")
		parallel, ok2 := d.race.Figure(s+"Parallel", "quipu", "ns/op")
		if ok1 && ok2 {
			add(fmt.Sprintf("%s: cost per operation, %d goroutines / 1", s, d.race.Header.GOMAXPROCS),
				parallel/serial, 0.6)
		}
	}
	for _, c := range []struct {
		plain, gzip string
		limit       float64
	}{{"Scrape100k", "ScrapeGzip100k", 3}, {"ScrapeHistograms10k", "ScrapeGzipHistograms10k", 4}} {
		plain, ok1 := d.race.Figure(c.plain, "quipu", "ns/op")
		gzip, ok2 := d.race.Figure(c.gzip, "quipu", "ns/op")
		if ok1 && ok2 {
			add(c.gzip+" / "+c.plain, gzip/plain, c.limit)
		}
	}
	base, ok := d.race.Figure("ScrapeSeries/10000", "quipu", "ns/series")
	for _, n := range []string{"1000000", "10000000"} {
		if v, have := d.race.Figure("ScrapeSeries/"+n, "quipu", "ns/series"); ok && have {
			add(fmt.Sprintf("ns per series of a scrape, %s series / 10000", n), v/base, 1.3)
		}
	}
	allocating := 0
	for _, s := range updates {
		for _, name := range []string{s, s + "Parallel"} {
			if v, ok := d.race.Figure(name, "quipu", "allocs/op"); ok && v > 0 && s != "CreateSeries" {
				allocating++
			}
		}
	}
	list = append(list, check{"hot paths that allocate", fmt.Sprint(allocating), "0", met(float64(allocating), 0)})
	for _, op := range []string{"Counter.Inc", "Histogram.Observe", "Summary.Observe", "With"} {
		idle, ok1 := d.latency.Row("quipu", op, "idle")
		loaded, ok2 := d.latency.Row("quipu", op, "scrapes")
		if !ok1 || !ok2 {
			continue
		}
		add(op+": p99.9 while scraped / idle", loaded.P999/max(idle.P999, 1), 2)
		own := loaded.Over - loaded.Taken
		list = append(list, check{
			op + ": calls over 100 µs while scraped, thread not descheduled", fmt.Sprint(own), "0",
			met(float64(own), 0)})
	}
	return list
}
