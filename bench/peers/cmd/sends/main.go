// SPDX-License-Identifier: Apache-2.0

// Command sends measures what it takes to send a registry of a million samples to a receiver, by
// every road of package peers: time, bytes on the wire, allocations, memory beyond the registry,
// and the 99th percentile of counter updates meanwhile.
//
//	go run ./cmd/sends [-rounds n] [-samples n] [-budget d] [-out file]
//
// Every measurement is a process of its own, which fills a registry and sends it over the loopback
// to the receiver in this process. In a round the roads take turns, so a disturbance of the machine
// hits all of them. There are three measurements:
//
//   - time: sends one after the other, after one that is not timed. The kernel tells the most
//     memory that was resident since the registry was filled.
//   - live: sends while garbage collections run without a pause. The most that one of them found
//     alive is what a send really needs. The receiver counts the samples of these sends.
//   - latency: two goroutines update counters without a pause and time each update, first without
//     sends and then beside them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/quipu-metrics/quipu/bench/peers"
	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

func main() {
	one := flag.String("one", "", "measure one thing only, and print JSON (the command calls itself in this way)")
	rounds := flag.Int("rounds", 3, "rounds")
	samples := flag.Int("samples", 1_000_000, "samples of a send")
	budget := flag.Duration("budget", 10*time.Minute, "begin no round that would end later, except the first")
	out := flag.String("out", "", "file for the results (default: bench/results/sends.json)")
	flag.Parse()
	if err := run(*one, *rounds, *samples, *budget, *out); err != nil {
		fmt.Fprintln(os.Stderr, "sends:", err)
		os.Exit(1)
	}
}

func run(one string, rounds, samples int, budget time.Duration, out string) error {
	if one != "" {
		figures, err := child(one, flag.Args())
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(figures)
	}
	if out == "" {
		root, err := results.Root()
		if err != nil {
			return err
		}
		out = filepath.Join(root, "..", "results", "sends.json")
	}
	receiver := peers.NewReceiver()
	defer receiver.Close()
	s := results.Sends{Header: results.Describe("go run ./cmd/sends")}
	plan, begin := plan(samples), time.Now()
	for round := range rounds {
		roundBegin := time.Now()
		for _, m := range plan {
			for i, road := range peers.Roads() {
				figures, err := inChild(receiver, m, i)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", m.what, road.Name(), err)
				}
				fmt.Fprintf(os.Stderr, "sends: %s, %s, %d counters: %v\n", road.Name(), m.what, m.counters, figures)
				s.Add(road.Library, road.Protocol, road.Compression, m.counters, m.histograms, figures)
			}
			s.Rounds, s.Took = round+1, time.Since(begin).Round(time.Second).String()
			if err := results.Save(out, &s); err != nil {
				return err
			}
		}
		if time.Since(begin)+time.Since(roundBegin) > budget {
			break
		}
	}
	return nil
}

// measurement is one measurement of all roads.
type measurement struct {
	what                 string
	counters, histograms int
}

// plan returns the measurements of a round: counters only, and a mix in which histograms have 7 of
// 10 samples.
func plan(samples int) []measurement {
	histograms := samples / 20
	counters := samples - peers.SamplesOf(0, histograms)
	return []measurement{
		{"time", samples, 0}, {"live", samples, 0}, {"latency", samples, 0},
		{"time", counters, histograms}, {"live", counters, histograms},
	}
}

// inChild runs this program for one measurement, and adds what the receiver has seen to the figures
// that it prints.
func inChild(receiver *peers.Receiver, m measurement, road int) (map[string]float64, error) {
	counting := m.what == "live"
	receiver.Take(counting)
	cmd := exec.Command(os.Args[0], "-one", m.what, strconv.Itoa(road), receiver.URL,
		strconv.Itoa(m.counters), strconv.Itoa(m.histograms))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	figures := make(map[string]float64)
	if err := json.Unmarshal(text, &figures); err != nil {
		return nil, err
	}
	return figures, received(figures, receiver.Take(false), m, peers.Roads()[road])
}

// received adds the bytes of a sample to the figures, or returns an error if samples are missing.
func received(figures map[string]float64, got peers.Received, m measurement, road peers.Road) error {
	sends := figures["sends"]
	delete(figures, "sends")
	if got.Wrong > 0 {
		return fmt.Errorf("%d requests cannot be read", got.Wrong)
	}
	samples := peers.SamplesOf(m.counters, m.histograms)
	switch m.what {
	case "time":
		figures["bytes/sample"] = float64(got.Bytes) / sends / float64(samples)
		figures["requests"] = float64(got.Requests) / sends
	case "live":
		want := samples
		if road.Protocol == peers.OTLP {
			want = m.counters + m.histograms
		}
		if per := float64(got.Values) / sends; per < float64(want) {
			return fmt.Errorf("a send has %.0f values in the place of %d", per, want)
		}
	}
	return nil
}
