// SPDX-License-Identifier: Apache-2.0

// Package textpage reads pages. [Parse] reads text format 0.0.4 for tests. It is written from the
// description of the format and not from the encoder. It refuses everything that the encoder has no
// reason to write: timestamps, superfluous blanks and commas. [Read] reads what any program writes.
package textpage

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The names that the format's description allows.
var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// Family is one family of a page.
type Family struct {
	Name, Help, Type string
	Samples          []Sample // in the order of the page
	Unit             string   // of OpenMetrics; Parse reads none
}

// Sample is one sample line of a page.
type Sample struct {
	Name   string
	Labels map[string]string // le and quantile included; nil when there are none
	Text   string            // the value as it is written
	Value  float64
}

// Series returns the identity of the sample: its name, and its labels sorted by name, with values
// in Go syntax.
func (s Sample) Series() string {
	if len(s.Labels) == 0 {
		return s.Name
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		pairs = append(pairs, name+"="+strconv.Quote(s.Labels[name]))
	}
	return s.Name + "{" + strings.Join(pairs, ",") + "}"
}

// Parse reads a page strictly. A page has HELP lines, TYPE lines and samples, and nothing else.
// Each family is in one place, with a TYPE and with samples of its own. No series occurs twice,
// which promtool does not notice. A page without families is valid.
func Parse(text string) ([]Family, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the page is not UTF-8")
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		return nil, errors.New("the page does not end with a newline")
	}
	p := page{seen: map[string]bool{}}
	for line := range strings.Lines(text) {
		if err := p.line(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
	}
	return p.families, p.endFamily()
}

type page struct {
	families []Family
	seen     map[string]bool // names of families, and series
}

func (p *page) line(line string) error {
	if comment, ok := strings.CutPrefix(line, "# "); ok {
		return p.comment(comment)
	}
	s, err := ParseSample(line)
	if err != nil {
		return err
	}
	f := p.last()
	switch {
	case f == nil || f.Type == "" || !Belongs(s.Name, f.Name, f.Type):
		return errors.New("a sample that is not among those of its family")
	case p.seen[s.Series()+" "]:
		return fmt.Errorf("%s is there twice", s.Series())
	}
	p.seen[s.Series()+" "] = true
	f.Samples = append(f.Samples, s)
	return nil
}

func (p *page) comment(comment string) error {
	kind, name, value, err := ParseComment(comment)
	if err != nil {
		return err
	}
	f := p.last()
	if f == nil || f.Name != name {
		if err := p.endFamily(); err != nil {
			return err
		}
		if p.seen[name] {
			return fmt.Errorf("family %s is there twice", name)
		}
		p.seen[name] = true
		p.families = append(p.families, Family{Name: name})
		f = p.last()
		if kind == "HELP" {
			f.Help = value
			return nil
		}
	}
	if kind == "HELP" || f.Type != "" {
		return fmt.Errorf("%s is there twice or comes too late", kind)
	}
	f.Type = value
	return nil
}

func (p *page) last() *Family {
	if len(p.families) == 0 {
		return nil
	}
	return &p.families[len(p.families)-1]
}

func (p *page) endFamily() error {
	if f := p.last(); f != nil && len(f.Samples) == 0 {
		return fmt.Errorf("family %s has no samples", f.Name)
	}
	return nil
}

// ParseComment reads a HELP or a TYPE line, given without the # and the blank at its start. Any
// other comment is an error.
func ParseComment(comment string) (kind, name, value string, err error) {
	kind, rest, _ := strings.Cut(comment, " ")
	name, value, ok := strings.Cut(rest, " ")
	switch {
	case kind != "HELP" && kind != "TYPE":
		return "", "", "", errors.New("a comment other than HELP and TYPE")
	case !metricName.MatchString(name):
		return "", "", "", fmt.Errorf("%q is no name of a metric", name)
	case !ok:
		return "", "", "", fmt.Errorf("%s without a text", kind)
	case kind == "HELP":
		value, err = unescape(value, false)
	case !slices.Contains([]string{"counter", "gauge", "histogram", "summary", "untyped"}, value):
		err = fmt.Errorf("%q is no type that there is", value)
	}
	return kind, name, value, err
}

// Belongs reports whether a family of this type has samples of this name.
func Belongs(sample, family, kind string) bool {
	suffix, ok := strings.CutPrefix(sample, family)
	switch {
	case !ok:
		return false
	case kind == "histogram":
		return suffix == "_bucket" || suffix == "_sum" || suffix == "_count"
	case kind == "summary":
		return suffix == "" || suffix == "_sum" || suffix == "_count"
	}
	return suffix == ""
}
