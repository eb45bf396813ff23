// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/bench/peers"
)

// child measures one thing in this process: the arguments are the number of the road, the URL of
// the receiver, and how many counters and histograms there are.
func child(what string, args []string) (map[string]float64, error) {
	var numbers []int
	for _, i := range []int{0, 2, 3} {
		if i >= len(args) {
			return nil, fmt.Errorf("%d arguments are too few", len(args))
		}
		n, err := strconv.Atoi(args[i])
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	roads := peers.Roads()
	if numbers[0] < 0 || numbers[0] >= len(roads) {
		return nil, fmt.Errorf("there is no road %d", numbers[0])
	}
	s := roads[numbers[0]].New(args[1])
	defer s.Close()
	update := s.Fill(numbers[1], numbers[2])
	samples := float64(peers.SamplesOf(numbers[1], numbers[2]))
	switch what {
	case "time":
		return sendTimes(s, samples)
	case "live":
		return liveMemory(s)
	case "latency":
		return latency(s, update, phase)
	}
	return nil, fmt.Errorf("%q is nothing to measure", what)
}

const (
	// timedSends are made at most, as long as they take less than sendsTime together.
	timedSends = 5
	sendsTime  = 3 * time.Second

	// phase is how long updates are timed, without sends and beside them.
	phase = 3 * time.Second
)

func sendTimes(s peers.Sending, samples float64) (map[string]float64, error) {
	debug.FreeOSMemory()
	base := resident("VmRSS")
	forgetPeak()
	ctx := context.Background()
	if err := s.Send(ctx); err != nil {
		return nil, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, begin, sends := peers.CPUTime(), time.Now(), 0.0
	for sends < timedSends && (sends == 0 || time.Since(begin) < sendsTime) {
		if err := s.Send(ctx); err != nil {
			return nil, err
		}
		sends++
	}
	elapsed := time.Since(begin).Seconds()
	cpu = peers.CPUTime() - cpu
	runtime.ReadMemStats(&after)
	figures := map[string]float64{
		"sends":         sends + 1,
		"s/send":        elapsed / sends,
		"samples/s":     samples * sends / elapsed,
		"cpu-ns/sample": float64(cpu.Nanoseconds()) / sends / samples,
		"allocs/sample": float64(after.Mallocs-before.Mallocs) / sends / samples,
		"B/sample":      float64(after.TotalAlloc-before.TotalAlloc) / sends / samples,
	}
	if peak := resident("VmHWM"); base > 0 && peak > base {
		figures["resident-B"] = peak - base
	}
	return figures, nil
}

// resident returns a size of this process as Linux reports it, and 0 on other systems.
func resident(key string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); name == key {
			var kilobytes float64
			_, _ = fmt.Sscanf(value, "%f kB", &kilobytes)
			return kilobytes * 1024
		}
	}
	return 0
}

// forgetPeak makes the kernel forget the peak of the resident memory so far.
func forgetPeak() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // elsewhere there is no peak to forget
}

// liveMemory returns the most memory that a collection during two sends found alive, beyond what
// was alive before them. The second send has what the first has kept.
func liveMemory(s peers.Sending) (map[string]float64, error) {
	runtime.GC()
	runtime.GC()
	base, most := live(), 0.0
	var sending atomic.Bool
	sending.Store(true)
	var collector sync.WaitGroup
	collector.Go(func() {
		for more := true; more; more = sending.Load() { // the last one sees what is kept
			runtime.GC()
			most = max(most, live()-base)
		}
	})
	var err error
	for i := 0; i < 2 && err == nil; i++ {
		err = s.Send(context.Background())
	}
	sending.Store(false)
	collector.Wait()
	return map[string]float64{"sends": 2, "live-B": most}, err
}

// live returns the bytes that the last collection found alive.
func live() float64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// latency times updates. A send that takes longer than the phase is waited for, without updates.
func latency(s peers.Sending, update func(i int), phase time.Duration) (map[string]float64, error) {
	nothing, _ := updates(func(int) {}, func() error { time.Sleep(phase / 10); return nil }, phase)
	clock := percentile(nothing, 0.5)
	idle, _ := updates(update, func() error { time.Sleep(phase); return nil }, phase)
	runtime.GC()
	sends := 0.0
	sending, err := updates(update, func() error {
		for begin := time.Now(); time.Since(begin) < phase; sends++ {
			if err := s.Send(context.Background()); err != nil {
				return err
			}
		}
		return nil
	}, phase)
	return map[string]float64{
		"sends":          sends,
		"p99-idle":       max(0, percentile(idle, 0.99)-clock),
		"p99-sending":    max(0, percentile(sending, 0.99)-clock),
		"p99.9-idle":     max(0, percentile(idle, 0.999)-clock),
		"p99.9-sending":  max(0, percentile(sending, 0.999)-clock),
		"Mupdates/s":     float64(total(sending)) / phase.Seconds() / 1e6,
		"Mupdates/s-off": float64(total(idle)) / phase.Seconds() / 1e6,
	}, err
}

// times counts updates by the nanoseconds that they took. The last element is for all longer ones.
type times [1 << 16]uint64

// updates has two goroutines update counters while beside runs, at most for the length of the
// phase.
func updates(update func(i int), beside func() error, phase time.Duration) (*times, error) {
	var list [2]times
	var stop atomic.Bool
	var writers sync.WaitGroup
	for w := range list {
		writers.Go(func() {
			t := &list[w]
			for i := w * peers.Updated / 2; !stop.Load(); i++ {
				begin := time.Now()
				update(i)
				t[min(int(time.Since(begin)), len(t)-1)]++
			}
		})
	}
	timer := time.AfterFunc(phase, func() { stop.Store(true) })
	err := beside()
	timer.Stop()
	stop.Store(true)
	writers.Wait()
	all := &list[0]
	for i, n := range list[1] {
		all[i] += n
	}
	return all, err
}

func total(t *times) (n uint64) {
	for _, k := range t {
		n += k
	}
	return n
}

func percentile(t *times, p float64) float64 {
	rank := uint64(p * float64(total(t)))
	n := uint64(0)
	i := slices.IndexFunc(t[:], func(k uint64) bool { n += k; return n > rank })
	return float64(max(0, i))
}
