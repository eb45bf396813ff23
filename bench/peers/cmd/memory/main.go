// SPDX-License-Identifier: Apache-2.0

// Command memory measures the heap that a series takes, for each type of metric and each library,
// idle and hot, and for quipu the cost of a garbage collection as the number of series grows.
//
//	go run ./cmd/memory [-quick] [-out file]
//
// Idle is a series with two labels that was made by its first update and has seen no other. Hot is
// one that all CPUs update all the time, for long enough that everything a library makes on demand
// is there; a hot summary has lived through its whole window. Whatever the registry keeps for a
// series counts (maps, names, lists), the handle of the caller does not. Every figure comes from a
// process of its own: the live heap after two collections, less that before.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/bench/peers"
	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

func main() {
	one := flag.String("one", "", "measure one thing only, and print it as JSON (the command calls itself in this way)")
	quick := flag.Bool("quick", false, "10 000 idle series of three types only")
	out := flag.String("out", "", "file for the results (default: bench/results/memory.json)")
	flag.Parse()
	if err := run(*one, *quick, *out); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(one string, quick bool, out string) error {
	switch one {
	case "series":
		series, err := strconv.Atoi(flag.Arg(3))
		if err != nil {
			return err
		}
		return print(measureSeries(flag.Arg(0), peers.Kind(flag.Arg(1)), flag.Arg(2), series))
	case "gc":
		series, err := strconv.Atoi(flag.Arg(0))
		if err != nil {
			return err
		}
		return print(measureGC(series))
	case "copies":
		return print(measureCopies(10_000))
	}

	m := results.Memory{Header: results.Describe("go run ./cmd/memory")}
	series, states, kinds := 100_000, []string{"idle", "hot"}, peers.Kinds()
	if quick {
		series, states = 10_000, states[:1]
	}
	for _, kind := range kinds {
		for _, state := range states {
			for _, l := range peers.Libraries() {
				if quick && l.Name == "otel" {
					continue
				}
				n := series
				if state == "hot" && kind == peers.Summary {
					// Some libraries' have tens of kilobytes each and take a microsecond per
					// observation.
					n = series / 10
				}
				if err := measureInChild(&m.Rows, "series", l.Name, string(kind), state, strconv.Itoa(n)); err != nil {
					return err
				}
			}
		}
	}
	if !quick {
		for _, n := range []int{1_000_000, 10_000_000} {
			if err := measureInChild(&m.Rows, "series", "quipu", "counter", "idle", strconv.Itoa(n)); err != nil {
				return err
			}
		}
		for _, n := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
			if err := measureInChild(&m.GC, "gc", strconv.Itoa(n)); err != nil {
				return err
			}
		}
		var copies []results.CopyCost
		if err := measureInChild(&copies, "copies"); err != nil {
			return err
		}
		m.Copies = copies[0]
	}
	if out == "" {
		root, err := results.Root()
		if err != nil {
			return err
		}
		out = filepath.Join(root, "..", "results", "memory.json")
	}
	return results.Save(out, &m)
}

// measureInChild runs this program for one measurement and appends the result that it prints.
func measureInChild[T any](list *[]T, what string, args ...string) error {
	cmd := exec.Command(os.Args[0], append([]string{"-one", what}, args...)...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s %v: %w", what, args, err)
	}
	var row T
	if err := json.Unmarshal(text, &row); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "memory: %+v\n", row)
	*list = append(*list, row)
	return nil
}

func print(v any, err error) error {
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // what cleanups and pools held on to at the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func measureSeries(library string, kind peers.Kind, state string, series int) (results.MemoryRow, error) {
	row := results.MemoryRow{Library: library, Kind: string(kind), State: state, Series: series}
	l, ok := peers.LibraryNamed(library)
	if !ok {
		return row, fmt.Errorf("no library %q", library)
	}
	peers.Latencies()
	debug.SetGCPercent(50) // memory is what is measured here, not time
	before := heap()
	offset := new(clock)
	r := l.New()
	if library == "quipu" {
		r = peers.NewQuipuWithClock(offset.now)
	}
	update, err := r.Fill(kind, series, state == "hot")
	if err != nil {
		row.Missing = err.Error()
		return row, nil
	}
	if state == "hot" {
		updates := 500 // of each CPU: enough for what other libraries make on demand
		if library == "quipu" {
			updates = quipuUpdates
		}
		warm(kind, series, updates, update, offset)
		update = nil
	}
	row.Bytes = (heap() - before) / float64(series)
	runtime.KeepAlive(r)
	return row, nil
}

// clock is a clock that can be put forward. It is put forward by one goroutine while no other uses
// the registry.
type clock struct{ offset time.Duration }

func (c *clock) now() time.Time { return time.Now().Add(c.offset) }

// quipuUpdates is how often each CPU updates four series together until they are hot for certain: a
// counter looks at contention at every 1024th update, and takes a few looks.
const quipuUpdates = 60_000

// warm updates every series from all CPUs at once, until nothing about it gets warmer.
func warm(kind peers.Kind, series, updates int, update func(int, float64), c *clock) {
	values := peers.Latencies()
	if kind == peers.Summary {
		for range 5 { // the window has slices: each gets some hundred values
			for k := range 300 {
				for i := range series {
					update(i, values[(k+i)%len(values)])
				}
			}
			c.offset += 2 * time.Minute
		}
		return
	}
	// All CPUs are at the same few series at the same time: that is contention, and sustained use.
	// They wait for each other before every group of series, spinning, so that they really run side
	// by side.
	const together = 4
	procs := runtime.GOMAXPROCS(0)
	var arrived atomic.Int64
	var wg sync.WaitGroup
	for range procs {
		wg.Go(func() {
			for group := range series / together {
				arrived.Add(1)
				for all := int64(procs * (group + 1)); arrived.Load() < all; {
					runtime.Gosched()
				}
				for k := range updates {
					v := 1.0 // whole, so that counters are printed as integers
					if kind == peers.Histogram {
						v = values[k%len(values)]
					}
					update(group*together+k%together, v)
				}
			}
		})
	}
	wg.Wait()
}

func measureGC(series int) (results.GCRow, error) {
	l, _ := peers.LibraryNamed("quipu")
	r := l.New()
	if _, err := r.Fill(peers.Counter, series, false); err != nil {
		return results.GCRow{}, err
	}
	row := results.GCRow{Series: series, HeapMB: heap() / 1e6}
	var cycles, cpu []float64
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	for range 5 {
		metrics.Read(sample)
		before, begin := sample[0].Value.Float64(), time.Now()
		runtime.GC()
		cycles = append(cycles, time.Since(begin).Seconds()*1e3)
		metrics.Read(sample)
		cpu = append(cpu, (sample[0].Value.Float64()-before)*1e3)
	}
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	for _, pause := range stats.Pause[:min(5, len(stats.Pause))] {
		row.PauseUS = max(row.PauseUS, float64(pause)/1e3)
	}
	row.CycleMS, row.CPUMS = results.Of(cycles).Median, results.Of(cpu).Median
	runtime.KeepAlive(r)
	return row, nil
}

// measureCopies scrapes counters before and after they have become hot: the difference is the price
// of reading a copy per CPU.
func measureCopies(series int) (results.CopyCost, error) {
	l, _ := peers.LibraryNamed("quipu")
	r := l.New()
	update, err := r.Fill(peers.Counter, series, true)
	if err != nil {
		return results.CopyCost{}, err
	}
	s := peers.NewScraper(r.Handler(), false)
	perSeries := func() float64 {
		var samples []float64
		for range 51 {
			begin := time.Now()
			s.Scrape()
			samples = append(samples, float64(time.Since(begin).Nanoseconds())/float64(series))
		}
		return results.Of(samples).Median
	}
	cost := results.CopyCost{Series: series, Procs: runtime.GOMAXPROCS(0), ColdNS: perSeries()}
	warm(peers.Counter, series, quipuUpdates, update, nil)
	cost.HotNS = perSeries()
	return cost, nil
}
