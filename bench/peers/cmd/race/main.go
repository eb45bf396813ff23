// SPDX-License-Identifier: Apache-2.0

// Command race runs the benchmarks of all libraries in turns and makes the tables and plots.
//
//	go run ./cmd/race                   everything, in at most 15 minutes
//	go run ./cmd/race -quick            the rows that have bars, in a minute; prints them and writes nothing
//	go run ./cmd/race -report x.html    everything, as one HTML page and nothing else
//	go run ./cmd/race -tables           only the tables and plots again, from the results that are there
//
// It writes, under bench/results: race.txt (raw, for benchstat), race.json, memory.json,
// latency.json and the plots; and it makes BENCHMARKS.md and the part of README.md between <!--
// bench:begin --> and <!-- bench:end --> from them.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "only the rows that have bars; print them, write nothing")
	flag.BoolVar(&o.tables, "tables", false, "measure nothing, make tables and plots from the results that are there")
	flag.IntVar(&o.count, "count", 0, "rounds (default 7, and 3 with -quick)")
	flag.StringVar(&o.benchtime, "benchtime", "", "time of one benchmark (default 100ms, and 50ms with -quick)")
	flag.StringVar(&o.only, "only", "", "regular expression: run only these scenarios, and keep the others' results")
	flag.BoolVar(&o.noPrograms, "no-programs", false, "do not run cmd/memory and cmd/latency")
	flag.StringVar(&o.report, "report", "", "write nothing but an HTML `file` with all tables and plots")
	flag.DurationVar(&o.budget, "budget", 11*time.Minute,
		"begin no round that would end later than this; programs come after")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}

type options struct {
	quick, tables, noPrograms bool
	count                     int
	benchtime, only, report   string
	budget                    time.Duration
	pattern                   *regexp.Regexp // of only
}

// places are the directories that the race works in.
type places struct {
	peers   string // the module
	root    string // of the project
	results string
	build   string // for binaries, removed at the end
	binary  string // the benchmarks
}

func (o options) run() error {
	peers, err := results.Root()
	if err != nil {
		return err
	}
	p := places{peers: peers, root: filepath.Join(peers, "..", ".."), results: filepath.Join(peers, "..", "results")}
	if o.tables {
		return makePages(p)
	}
	if p.build, err = os.MkdirTemp("", "race"); err != nil {
		return err
	}
	defer os.RemoveAll(p.build)
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	binary := filepath.Join(p.build, "peers.test")
	if err := p.command("go", "test", "-c", "-o", binary, ".").Run(); err != nil {
		return fmt.Errorf("building the benchmarks: %w", err)
	}
	p.binary, o.pattern = binary, only
	switch {
	case o.quick:
		return o.runQuick(p)
	case o.report != "":
		return o.runReport(p)
	}
	return o.runFull(p)
}

// command prepares a program that runs in the module and reports to the terminal.
func (p places) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.peers
	cmd.Stderr = os.Stderr
	return cmd
}

// program builds and runs one of the other commands.
func (p places) program(name string, args ...string) error {
	binary := filepath.Join(p.build, name)
	if err := p.command("go", "build", "-o", binary, "./cmd/"+name).Run(); err != nil {
		return fmt.Errorf("building %s: %w", name, err)
	}
	if err := p.command(binary, args...).Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// orDefault returns v unless it is zero.
func orDefault[T comparable](v, byDefault T) T {
	var zero T
	if v == zero {
		return byDefault
	}
	return v
}

func (o options) runQuick(p places) error {
	d := data{race: results.Race{
		Header: results.Describe("make bench-quick"), Benchtime: orDefault(o.benchtime, "50ms"),
		Count: orDefault(o.count, 3),
	}}
	r := newRunner(p.binary, d.race.Benchtime, o.pattern)
	if err := r.run(quickPlan(d.race.Count), o.budget); err != nil {
		return err
	}
	d.race.Scenarios, d.race.Count = r.scenarios(), r.rounds
	if !o.noPrograms {
		out := filepath.Join(p.build, "memory.json")
		if err := p.program("memory", "-quick", "-out", out); err != nil {
			return err
		}
		if err := results.Load(out, &d.memory); err != nil {
			return err
		}
	}
	fmt.Print(d.headerText(), "\n", d.verdict())
	return nil
}

// raceAll runs the plan of the whole race.
func (o options) raceAll(p places, command string) (*runner, *results.Race, error) {
	race := &results.Race{
		Header: results.Describe(command), Benchtime: orDefault(o.benchtime, "100ms"), Count: orDefault(o.count, 7),
	}
	r := newRunner(p.binary, race.Benchtime, o.pattern)
	return r, race, r.run(fullPlan(race.Count), o.budget)
}

func (o options) runFull(p places) error {
	if err := os.MkdirAll(p.results, 0o755); err != nil {
		return err
	}
	begin := time.Now()
	r, race, err := o.raceAll(p, "make bench-peers")
	if err != nil {
		return err
	}
	race.Scenarios, race.Count = r.scenarios(), r.rounds
	race.Took = time.Since(begin).Round(time.Second).String()
	file, raw := filepath.Join(p.results, "race.json"), "race.txt"
	if o.only != "" {
		// The figures of a part replace the same ones only; the header is the one of the whole run,
		// and tells of the part.
		raw = "race-again.txt"
		var whole results.Race
		if err := results.Load(file, &whole); err == nil {
			for name, cells := range race.Scenarios {
				whole.Scenarios[name] = cells
			}
			whole.Again = &results.Again{
				Only: o.only, Scenarios: slices.Sorted(maps.Keys(race.Scenarios)),
				Commit: race.Header.Commit, Date: race.Header.Date, Count: race.Count,
			}
			race = &whole
		}
	}
	if err := os.WriteFile(filepath.Join(p.results, raw), r.raw.Bytes(), 0o644); err != nil {
		return err
	}
	if !o.noPrograms && o.only == "" {
		for _, name := range []string{"memory", "latency"} {
			if err := p.program(name); err != nil {
				return err
			}
		}
		race.Took = time.Since(begin).Round(time.Second).String() // the programs' time as well
	}
	if err := results.Save(file, race); err != nil {
		return err
	}
	return makePages(p)
}
