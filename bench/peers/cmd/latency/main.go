// SPDX-License-Identifier: Apache-2.0

// Command latency measures how long one call takes, call by call: the distribution of Inc, Observe
// and With on an idle registry, and on one whose 100 000 series are scraped all the time, plain or
// with gzip, while new ones are created.
//
//	go run ./cmd/latency [-samples n] [-out file]
//
// Calls are timed one at a time with the monotonic clock, whose own cost (its median) is taken off.
// The row "nothing" is that clock alone, under the same load and in turn with the calls. It shows
// the scheduler, interrupts and the hypervisor, which are not the library's doing. For calls that
// took longer than 100 µs the program asks the kernel whether the thread lost its CPU at that time.
//
// Slow paths have rows of their own: a summary's first observations after each full buffer are part
// of "Summary.Observe", and "warming" is the first 20 000 increments of new counters by two
// goroutines at once, until the counters are hot.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/bench/peers"
	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

func main() {
	library := flag.String("library", "",
		"measure one library only, and print JSON (the command calls itself in this way)")
	load := flag.String("load", "idle", "with -library: idle, scrapes or gzip scrapes")
	samples := flag.Int("samples", 1_000_000, "calls of each kind")
	out := flag.String("out", "", "file for the results (default: bench/results/latency.json)")
	flag.Parse()
	if err := run(*library, *load, *samples, *out); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run(library, load string, samples int, out string) error {
	if library != "" {
		rows, err := measure(library, load, samples)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(rows)
	}
	l := results.Latency{Header: results.Describe("go run ./cmd/latency")}
	for _, library := range []string{"quipu", "client_golang"} {
		for _, load := range []string{"idle", "scrapes", "gzip scrapes"} {
			cmd := exec.Command(os.Args[0], "-library", library, "-load", load, "-samples", fmt.Sprint(samples))
			cmd.Stderr = os.Stderr
			text, err := cmd.Output()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", library, load, err)
			}
			var rows []results.LatencyRow
			if err := json.Unmarshal(text, &rows); err != nil {
				return err
			}
			for _, r := range rows {
				fmt.Fprintf(os.Stderr, "latency: %+v\n", r)
			}
			l.Rows = append(l.Rows, rows...)
		}
	}
	if out == "" {
		root, err := results.Root()
		if err != nil {
			return err
		}
		out = filepath.Join(root, "..", "results", "latency.json")
	}
	return results.Save(out, &l)
}

const (
	series = 100_000

	// fewestScrapes are waited for, unless they take much longer than the samples do.
	fewestScrapes = 5
)

func measure(library, load string, samples int) ([]results.LatencyRow, error) {
	l, ok := peers.LibraryNamed(library)
	if !ok {
		return nil, fmt.Errorf("no library %q", library)
	}
	r := l.New()
	if _, err := r.Fill(peers.Counter, series, false); err != nil {
		return nil, err
	}
	ops := []struct {
		name string
		call func(n int)
	}{
		{"nothing", func(int) {}},
		{"Counter.Inc", r.CounterInc().Start()},
		{"Histogram.Observe", r.HistogramObserve().Start()},
		{"Summary.Observe", r.SummaryObserve().Start()},
		{"With", r.Lookup3Random().Start()},
	}
	recorders := make([]*recorder, len(ops))
	for i := range ops {
		recorders[i] = newRecorder(samples)
		ops[i].call(100_000) // warm, as after a second of service
	}
	runtime.GC()

	var scrapes atomic.Int64
	stop := func() {}
	if load != "idle" {
		stop = startLoad(r, load == "gzip scrapes", &scrapes)
	}
	// The calls take turns, so that all kinds see the same load and the same noise.
	runtime.LockOSThread()
	const turn = 256
	more := func(done int) bool {
		return done < samples || load != "idle" && scrapes.Load() < fewestScrapes && done < 4*samples
	}
	for done := 0; more(done); done += turn {
		for i := range ops {
			recorders[i].record(ops[i].call, turn)
		}
	}
	runtime.UnlockOSThread()
	stop()

	clockCost := recorders[0].percentile(0.5)
	var rows []results.LatencyRow
	for i, rec := range recorders {
		rows = append(rows, rec.row(library, ops[i].name, load, clockCost, int(scrapes.Load())))
	}
	if load == "idle" {
		rec := warming(l)
		rows = append(rows, rec.row(library, "warming", load, clockCost, 0))
	}
	return rows, nil
}

// startLoad scrapes without a pause, and creates a thousand series a second, until the returned
// function is called. Both are done by one goroutine, so that on a machine with two CPUs one is
// left for the calls that are measured.
func startLoad(r peers.Registry, gzip bool, scrapes *atomic.Int64) (stop func()) {
	create := r.CreateSeries().Start()
	s := peers.NewScraper(r.Handler(), gzip)
	var stopping atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		created, begin := 0, time.Now()
		for !stopping.Load() {
			s.Scrape()
			scrapes.Add(1)
			if want := min(int(time.Since(begin).Seconds()*1000), peers.MaxCreate) - created; want > 0 {
				create(want)
				created += want
			}
		}
	})
	return func() {
		stopping.Store(true)
		wg.Wait()
	}
}

// stall is the time from which a call counts as a stall: the engine makes no update take so long.
const stall = 100 * time.Microsecond

// recorder keeps every sample: sorting them afterwards is cheaper than anything clever meanwhile.
type recorder struct {
	times       []int32 // nanoseconds
	over, taken int
}

func newRecorder(samples int) *recorder { return &recorder{times: make([]int32, 0, samples)} }

// record times n calls.
func (r *recorder) record(call func(int), n int) {
	switches, slow := switchesOfThread(), 0
	for range n {
		begin := time.Now()
		call(1)
		elapsed := time.Since(begin)
		r.times = append(r.times, int32(min(elapsed, 2*time.Second)))
		if elapsed > stall {
			slow++
		}
	}
	if slow > 0 {
		r.over += slow
		r.taken += min(slow, int(switchesOfThread()-switches))
	}
}

func (r *recorder) percentile(p float64) float64 {
	slices.Sort(r.times)
	return float64(r.times[min(int(p*float64(len(r.times))), len(r.times)-1)])
}

func (r *recorder) row(library, op, load string, clock float64, scrapes int) results.LatencyRow {
	at := func(p float64) float64 { return max(0, r.percentile(p)-clock) }
	if op == "nothing" {
		at = r.percentile
	}
	return results.LatencyRow{
		Library: library, Op: op, Load: load,
		P50: at(0.5), P99: at(0.99), P999: at(0.999), Max: at(1),
		Samples: len(r.times), Over: r.over, Taken: r.taken, Scrapes: scrapes,
	}
}

// warming records the first increments of new counters while another goroutine increments them too.
func warming(l peers.Library) *recorder {
	const counters, updates = 50, 20_000
	rec := newRecorder(counters * updates)
	r := l.New()
	update, err := r.Fill(peers.Counter, counters, true)
	if err != nil {
		panic(err)
	}
	for c := range counters {
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for !stop.Load() {
				update(c, 1)
			}
		})
		runtime.LockOSThread()
		for range updates / 250 {
			rec.record(func(int) { update(c, 1) }, 250)
		}
		runtime.UnlockOSThread()
		stop.Store(true)
		wg.Wait()
	}
	return rec
}
