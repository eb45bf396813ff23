// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// The scaling model: what operations and memory would cost on other machines, computed from the
// constants that this run measured. It is arithmetic, not a measurement.

// Facts about the engine that the model needs; they are constants in its source.
const (
	copyBytes      = 8       // of a hot word, per P
	counterWords   = 1       // of a hot counter
	histogramWords = 12 + 3  // of a hot histogram with 11 bounds: buckets, two sums, a mark
	slabWords      = 1 << 20 // hot words that a process has room for
	logBytes       = 64 << 10
)

// modelCPUs are the machines of the model.
var modelCPUs = []int{2, 8, 64, 192}

// perCPU returns the cost of an update of a hot metric for one CPU: the parallel figure is time per
// operation of all of them together.
func (d *data) perCPU(scenario string) (ns float64, ok bool) {
	v, ok := d.race.Figure(scenario+"Parallel", "quipu", "ns/op")
	return v * float64(d.race.Header.GOMAXPROCS), ok
}

// updatesModel is the table of updates per second on more CPUs.
func (d *data) updatesModel() string {
	var t strings.Builder
	t.WriteString("| one hot metric, all CPUs updating it | cost per update on its CPU |")
	for _, n := range modelCPUs {
		fmt.Fprintf(&t, " %d CPUs |", n)
	}
	t.WriteString("\n|---|--:|" + strings.Repeat("--:|", len(modelCPUs)) + "\n")
	for _, s := range []string{"CounterInc", "CounterAdd", "HistogramObserve", "SummaryObserve", "Lookup2"} {
		ns, ok := d.perCPU(s)
		if !ok {
			continue
		}
		fmt.Fprintf(&t, "| %s | %s |", s, withUnit(ns, "ns"))
		for _, n := range modelCPUs {
			fmt.Fprintf(&t, " %s/s |", count(float64(n)*1e9/ns))
		}
		t.WriteString("\n")
	}
	return t.String()
}

// count formats a large number for people.
func count(v float64) string {
	names := []string{"", " thousand", " million", " billion"}
	i := 0
	for v >= 999.5 && i < len(names)-1 {
		v /= 1000
		i++
	}
	return significant(v) + names[i]
}

// memoryModel is the table of memory per series on more CPUs.
func (d *data) memoryModel() string {
	var t strings.Builder
	t.WriteString("| series with two labels | idle |")
	for _, n := range modelCPUs {
		fmt.Fprintf(&t, " hot, %d CPUs |", n)
	}
	t.WriteString("\n|---|--:|" + strings.Repeat("--:|", len(modelCPUs)) + "\n")
	for _, kind := range []struct {
		name  string
		words int
	}{{"counter", counterWords}, {"histogram", histogramWords}} {
		idle, ok := d.memory.Bytes("quipu", kind.name, "idle", 100_000)
		if !ok {
			continue
		}
		fmt.Fprintf(&t, "| %s | %s |", kind.name, withUnit(idle, "B"))
		for _, n := range modelCPUs {
			fmt.Fprintf(&t, " %s |", withUnit(idle+float64(copyBytes*kind.words*n), "B"))
		}
		t.WriteString("\n")
	}
	return t.String()
}

// scrapeModel is the table of CPU spent on scrapes. A cold series costs a constant; a hot one costs
// the reading of a word of every P besides.
func (d *data) scrapeModel() string {
	idle, ok := d.race.Figure("ScrapeSeries/1000000", "quipu", "ns/series")
	if !ok || d.memory.Copies.Procs == 0 {
		return ""
	}
	copyNS := d.copyNS()
	var t strings.Builder
	t.WriteString("| counters | hot | CPUs | a scrape takes | of one CPU, every 15 s | every second |\n" +
		"|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range []struct {
		series, hot float64
		cpus        int
	}{
		{1e4, 1e3, 8}, {1e5, 1e3, 8}, {1e5, 1e4, 64}, {1e6, 1e4, 64}, {1e6, 1e5, 192}, {1e7, 1e5, 192},
	} {
		ns := c.series*idle + c.hot*copyNS*float64(c.cpus)
		fmt.Fprintf(&t, "| %s | %s | %d | %s | %s%% | %s%% |\n", count(c.series), count(c.hot), c.cpus,
			withUnit(ns, "ns"),
			significant(ns/15e9*100), significant(ns/1e9*100))
	}
	return t.String()
}

// copyNS is what reading one copy of a hot word costs a scrape.
func (d *data) copyNS() float64 {
	c := d.memory.Copies
	if c.Procs == 0 {
		return 0
	}
	return max(0, c.HotNS-c.ColdNS) / float64(c.Procs)
}

// mergeNS is the CPU that an observation of a summary costs after the caller has gone on.
func (d *data) mergeNS() float64 {
	total, _ := d.race.Figure("SummaryObserveParallel", "quipu", "total-ns/op")
	return total
}
