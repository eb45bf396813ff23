// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

// runner runs benchmarks of the test binary and collects what they print.
type runner struct {
	binary    string
	benchtime string
	only      *regexp.Regexp // of groups' patterns
	raw       bytes.Buffer   // what benchstat reads
	rounds    int            // that were run
	samples   map[string]map[string]map[string][]float64
	missing   map[string]map[string]string
}

func newRunner(binary, benchtime string, only *regexp.Regexp) *runner {
	return &runner{
		binary: binary, benchtime: benchtime, only: only,
		samples: make(map[string]map[string]map[string][]float64),
		missing: make(map[string]map[string]string),
	}
}

// run goes through the plan in rounds. In a round the libraries run each group in turns, one right
// after the other, each in a process of its own: drift of a shared machine hits all of them, and no
// library sees the heap of another. A round that would go past the budget, going by the one before,
// is not begun; the first always is.
func (r *runner) run(plan []group, budget time.Duration) error {
	rounds := 0
	for _, g := range plan {
		rounds = max(rounds, g.count)
	}
	begin := time.Now()
	for round := range rounds {
		roundBegin := time.Now()
		for _, g := range plan {
			if round >= g.count || !r.only.MatchString(g.pattern) {
				continue
			}
			for _, library := range g.libraries {
				if err := r.runOne(g, library); err != nil {
					return fmt.Errorf("%s, %s: %w", g.pattern, library, err)
				}
			}
		}
		r.rounds = round + 1
		elapsed := time.Since(begin)
		fmt.Fprintf(os.Stderr, "race: round %d of %d done after %v\n", round+1, rounds, elapsed.Round(time.Second))
		if round+1 < rounds && elapsed+time.Since(roundBegin) > budget {
			fmt.Fprintf(os.Stderr, "race: no time for more rounds (-budget %v)\n", budget)
			break
		}
	}
	return nil
}

func (r *runner) runOne(g group, library string) error {
	benchtime := g.benchtime
	if benchtime == "" {
		benchtime = r.benchtime
	}
	cmd := exec.Command(r.binary, "-test.run=^$", "-test.bench=^Benchmark"+g.pattern+"$", "-test.benchtime="+benchtime,
		"-test.timeout=10m")
	cmd.Env = append(append(os.Environ(), g.env...), "QUIPU_BENCH_LIBRARY="+library)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return r.parse(bytes.NewReader(out))
}

var (
	resultLine  = regexp.MustCompile(`^Benchmark(\w+)/(\w+)(?:/(\d+))?(?:-\d+)?\s+\d+\s+(.*)$`)
	missingHead = regexp.MustCompile(`^--- BENCH: Benchmark(\w+)`)
	missingLine = regexp.MustCompile(`\.go:\d+: (\w+): n/a: (.*)$`)
)

// parse reads the output of one process. The lines before the first result (goos, cpu, ...) are
// kept once.
func (r *runner) parse(out io.Reader) error {
	scenario := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if m := resultLine.FindStringSubmatch(line); m != nil {
			if err := r.add(point(m[1], m[3]), m[2], strings.Fields(m[4])); err != nil {
				return fmt.Errorf("%q: %w", line, err)
			}
			fmt.Fprintln(&r.raw, line)
			continue
		}
		if m := missingHead.FindStringSubmatch(line); m != nil {
			scenario = m[1]
			continue
		}
		if m := missingLine.FindStringSubmatch(line); m != nil {
			if r.missing[scenario] == nil {
				r.missing[scenario] = make(map[string]string)
			}
			r.missing[scenario][m[1]] = m[2]
			continue
		}
		if key, _, ok := strings.Cut(line, ": "); ok &&
			!strings.Contains(r.raw.String(), key+": ") && !strings.Contains(key, " ") {
			fmt.Fprintln(&r.raw, line)
		}
	}
	return nil
}

// point names a scenario, or one point of a curve.
func point(scenario, n string) string {
	if n == "" {
		return scenario
	}
	return scenario + "/" + n
}

// add takes the figures of one line: values, each followed by its unit.
func (r *runner) add(scenario, library string, fields []string) error {
	if r.samples[scenario] == nil {
		r.samples[scenario] = make(map[string]map[string][]float64)
	}
	units := r.samples[scenario][library]
	if units == nil {
		units = make(map[string][]float64)
		r.samples[scenario][library] = units
	}
	for i := 0; i+1 < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return err
		}
		units[fields[i+1]] = append(units[fields[i+1]], v)
	}
	return nil
}

// scenarios returns what has been collected.
func (r *runner) scenarios() map[string]map[string]results.Cell {
	all := make(map[string]map[string]results.Cell)
	cells := func(scenario string) map[string]results.Cell {
		if all[scenario] == nil {
			all[scenario] = make(map[string]results.Cell)
		}
		return all[scenario]
	}
	for scenario, libraries := range r.samples {
		for library, units := range libraries {
			figures := make(map[string]results.Stat)
			for unit, samples := range units {
				figures[unit] = results.Of(samples)
			}
			cells(scenario)[library] = results.Cell{Figures: figures}
		}
	}
	for scenario, libraries := range r.missing {
		for library, why := range libraries {
			cells(scenario)[library] = results.Cell{Missing: why}
		}
	}
	return all
}
