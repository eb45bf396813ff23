// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

// parsePage parses a registry's page strictly.
func parsePage(text string) ([]Family, error) {
	read, err := textpage.Parse(text)
	if err != nil {
		return nil, err
	}
	families := make([]Family, len(read))
	for i, f := range read {
		families[i] = Family{Name: f.Name, Help: f.Help, Type: f.Type, Samples: make([]Sample, len(f.Samples))}
		for j, s := range f.Samples {
			families[i].Samples[j] = sampleOf(s)
		}
	}
	return families, nil
}

func sampleOf(s textpage.Sample) Sample {
	return Sample{Name: s.Name, Labels: canonical(engine.Labels(s.Labels)), Value: s.Value}
}

// parseExpected parses the expected text of a test. Lines may be indented and in any order, blank
// lines and comments are skipped, and HELP and TYPE may be left out. The types of the existing
// families say which samples without a TYPE belong to one family.
func parseExpected(text string, exist []Family) ([]Family, error) {
	e := expectation{exist: exist, seen: make(map[string]bool)}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if err := e.line(line); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
	}
	return e.families, nil
}

// expectation is the state of parseExpected.
type expectation struct {
	exist    []Family
	families []Family
	seen     map[string]bool // the series and comments parsed so far
}

func (e *expectation) line(line string) error {
	if comment, ok := strings.CutPrefix(line, "#"); ok {
		return e.comment(strings.TrimPrefix(comment, " "))
	}
	read, err := textpage.ParseSample(line)
	if err != nil {
		return err
	}
	s := sampleOf(read)
	if err := e.once(s.series()); err != nil {
		return err
	}
	f := e.familyOf(s.Name)
	f.Samples = append(f.Samples, s)
	return nil
}

func (e *expectation) comment(comment string) error {
	if kind, _, _ := strings.Cut(comment, " "); kind != "HELP" && kind != "TYPE" {
		return nil
	}
	kind, name, value, err := textpage.ParseComment(comment)
	if err != nil {
		return err
	}
	if err := e.once(kind + " " + name); err != nil {
		return err
	}
	f := e.family(name)
	if kind == "HELP" {
		f.Help = value
	} else {
		f.Type = value
	}
	return nil
}

// once fails if a series or a comment is there for the second time.
func (e *expectation) once(what string) error {
	if e.seen[what] {
		return fmt.Errorf("%s is there twice", what)
	}
	e.seen[what] = true
	return nil
}

// family returns the family of this name, and adds it if there is none.
func (e *expectation) family(name string) *Family {
	i := slices.IndexFunc(e.families, func(f Family) bool { return f.Name == name })
	if i < 0 {
		i = len(e.families)
		e.families = append(e.families, Family{Name: name})
	}
	return &e.families[i]
}

// familyOf returns the family that a sample belongs to.
func (e *expectation) familyOf(sample string) *Family {
	for _, known := range [][]Family{e.families, e.exist} {
		for _, f := range known {
			if f.Type != "" && textpage.Belongs(sample, f.Name, f.Type) {
				return e.family(f.Name)
			}
		}
	}
	return e.family(sample)
}
