// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// parsePage reads a page strictly: nothing but HELP, TYPE and samples, each family in one place and with a TYPE, no
// series twice.
func parsePage(text string) ([]Family, error) {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return nil, errors.New("the page does not end with a newline")
	}
	p := parser{strict: true}
	for line := range strings.Lines(text) {
		if err := p.line(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
	}
	return p.families, nil
}

// parseExpected reads what a test expects: lines may be indented, blank lines and comments are skipped, the order of
// lines is free, and HELP and TYPE may be left out. The families that exist tell which samples without a TYPE belong
// together.
func parseExpected(text string, exist []Family) ([]Family, error) {
	p := parser{exist: exist}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
	}
	return p.families, nil
}

type parser struct {
	strict   bool
	exist    []Family
	families []Family
	seen     map[string]bool // series and comments
}

func (p *parser) line(line string) error {
	if comment, ok := strings.CutPrefix(line, "#"); ok {
		return p.comment(comment)
	}
	s, err := parseSample(line)
	if err != nil {
		return err
	}
	if err := p.once(s.series()); err != nil {
		return err
	}
	f, err := p.familyOf(s.Name)
	if err != nil {
		return err
	}
	f.Samples = append(f.Samples, s)
	return nil
}

func (p *parser) once(what string) error {
	if p.seen[what] {
		return fmt.Errorf("%s is there twice", what)
	}
	if p.seen == nil {
		p.seen = make(map[string]bool)
	}
	p.seen[what] = true
	return nil
}

func (p *parser) comment(comment string) error {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(comment, " "), " ")
	if kind != "HELP" && kind != "TYPE" {
		if p.strict {
			return errors.New("a comment other than HELP and TYPE")
		}
		return nil
	}
	name, value, _ := strings.Cut(rest, " ")
	if !encode.ValidMetricName(name) {
		return fmt.Errorf("%q is no name of a metric", name)
	}
	if err := p.once(kind + " " + name); err != nil {
		return err
	}
	f := p.family(name)
	if p.strict && (f != &p.families[len(p.families)-1] || len(f.Samples) > 0) {
		return fmt.Errorf("%s comes after the family", kind)
	}
	if kind == "HELP" {
		help, err := unescape(value)
		f.Help = help
		return err
	}
	if !slices.Contains([]string{"counter", "gauge", "histogram", "summary"}, value) {
		return fmt.Errorf("%q is no type that there is", value)
	}
	f.Type = value
	return nil
}

// family returns the family of this name, which it makes if there is none.
func (p *parser) family(name string) *Family {
	i := slices.IndexFunc(p.families, func(f Family) bool { return f.Name == name })
	if i < 0 {
		i = len(p.families)
		p.families = append(p.families, Family{Name: name})
	}
	return &p.families[i]
}

// familyOf returns the family that a sample belongs to.
func (p *parser) familyOf(sample string) (*Family, error) {
	if p.strict {
		if n := len(p.families); n > 0 {
			if f := &p.families[n-1]; f.Type != "" && belongs(sample, f.Name, f.Type) {
				return f, nil
			}
		}
		return nil, errors.New("a sample that is not among those of its family")
	}
	for _, known := range [][]Family{p.families, p.exist} {
		for _, f := range known {
			if f.Type != "" && belongs(sample, f.Name, f.Type) {
				return p.family(f.Name), nil
			}
		}
	}
	return p.family(sample), nil
}

func parseSample(line string) (s Sample, err error) {
	end := strings.IndexAny(line, "{ ")
	if end < 0 || !encode.ValidMetricName(line[:end]) {
		return s, errors.New("a line that does not begin with the name of a metric")
	}
	s.Name = line[:end]
	rest := line[end:]
	if rest[0] == '{' {
		if s.Labels, rest, err = parseLabels(rest[1:]); err != nil {
			return s, err
		}
		s.Labels = canonical(s.Labels)
	}
	number, ok := strings.CutPrefix(rest, " ")
	if !ok {
		return s, errors.New("no space before the value")
	}
	if s.Value, err = strconv.ParseFloat(number, 64); err != nil {
		return s, fmt.Errorf("%q is no value", number)
	}
	return s, nil
}

// parseLabels reads labels up to the closing brace.
func parseLabels(text string) (labels engine.Labels, rest string, err error) {
	labels = engine.Labels{}
	for {
		if rest, ok := strings.CutPrefix(text, "}"); ok {
			return labels, rest, nil
		}
		name, quoted, ok := strings.Cut(text, `="`)
		if !ok || !encode.ValidLabelName(name) {
			return nil, "", errors.New("a label that is not like name=\"value\"")
		}
		if _, twice := labels[name]; twice {
			return nil, "", fmt.Errorf("label %s is there twice", name)
		}
		end := closingQuote(quoted)
		if end < 0 {
			return nil, "", fmt.Errorf("no quote ends label %s", name)
		}
		if labels[name], err = unescape(quoted[:end]); err != nil {
			return nil, "", err
		}
		text = quoted[end+1:]
		if after, ok := strings.CutPrefix(text, ","); ok {
			text = after
		} else if !strings.HasPrefix(text, "}") {
			return nil, "", fmt.Errorf("no comma and no brace after label %s", name)
		}
	}
}

// closingQuote returns the index of the first quote that no backslash escapes, or -1.
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

var errEscape = errors.New(`a backslash before something other than \, n and "`)

func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", errEscape
		}
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case '\\', '"':
			b.WriteByte(s[i])
		default:
			return "", errEscape
		}
	}
	return b.String(), nil
}
