// SPDX-License-Identifier: Apache-2.0

package textpage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Read reads a page of any program, in text format 0.0.4 or OpenMetrics 1.0. It is as lenient as
// Prometheus: families need no header and no order, and blanks and comments may stand between
// tokens. Families of both formats have the same names: a counter that OpenMetrics calls x is
// x_total here. Samples of creation times, timestamps and exemplars are left out. The type unknown
// is untyped, and so is each series of a gauge histogram.
//
// An error names the line.
func Read(text string) ([]Family, error) {
	r := reader{at: map[string]int{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if err := r.line(strings.TrimRight(line, "\r\n")); err != nil {
			return nil, fmt.Errorf("line %d: %w: %q", number, err, labeltext.Limit(strings.TrimSpace(line), 100))
		}
	}
	return r.finished(), nil
}

// reader is the state of Read.
type reader struct {
	families []Family
	at       map[string]int // the index of each family
	open     bool           // the page is in OpenMetrics: it has an EOF line
}

// suffixes are those that samples of a family may have, by the type of the family.
var suffixes = map[string][]string{
	encode.Histogram.String(): {"_bucket", "_sum", "_count", "_created"},
	encode.Summary.String():   {"_sum", "_count", "_created"},
	encode.Counter.String():   {"_total", "_created"},
	encode.Info.String():      {"_info"},
}

func (r *reader) line(line string) error {
	if !utf8.ValidString(line) {
		return errors.New("not UTF-8")
	}
	line = strings.TrimSpace(line)
	switch {
	case line == "":
		return nil
	case line[0] == '#':
		return r.comment(line[1:])
	}
	s, err := readSample(line)
	if err != nil {
		return err
	}
	f := r.familyOf(s.Name)
	f.Samples = append(f.Samples, s)
	return nil
}

// familyOf returns the family of a sample. A sample without a header is a family of its own.
func (r *reader) familyOf(sample string) *Family {
	if i, ok := r.at[sample]; ok {
		return &r.families[i]
	}
	if end := strings.LastIndexByte(sample, '_'); end > 0 {
		if i, ok := r.at[sample[:end]]; ok && slices.Contains(suffixes[r.families[i].Type], sample[end:]) {
			return &r.families[i]
		}
	}
	return r.family(sample)
}

// family returns the family of a name, which it makes if need be.
func (r *reader) family(name string) *Family {
	i, ok := r.at[name]
	if !ok {
		i = len(r.families)
		r.at[name] = i
		r.families = append(r.families, Family{Name: name, Type: encode.Untyped.String()})
	}
	return &r.families[i]
}

// comment reads a comment without the # before it. Only HELP, TYPE, UNIT and EOF lines say
// something.
func (r *reader) comment(text string) error {
	word, rest := cutBlank(strings.TrimLeft(text, " \t"))
	if word == "EOF" {
		r.open = true
	}
	if !slices.Contains([]string{"HELP", "TYPE", "UNIT"}, word) {
		return nil
	}
	name, value, err := cutFamilyName(rest)
	if err != nil {
		return err
	}
	f := r.family(name)
	switch word {
	case "HELP":
		f.Help = labeltext.Unescaped(value)
	case "UNIT":
		f.Unit = value
	default:
		f.Type = strings.TrimSpace(value)
		if f.Type == "unknown" {
			f.Type = encode.Untyped.String()
		}
	}
	return nil
}

// cutBlank splits a text at the first blanks.
func cutBlank(text string) (word, rest string) {
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		return text, ""
	}
	return text[:end], strings.TrimLeft(text[end:], " \t")
}

// cutFamilyName splits the name of a family, which may stand between quotes, off a comment.
func cutFamilyName(text string) (name, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		name, rest, err = cutQuoted(text)
		return name, strings.TrimLeft(rest, " \t"), err
	}
	name, rest = cutBlank(text)
	if !labeltext.ValidMetricName(name) {
		return "", "", fmt.Errorf("%q is no name of a metric", labeltext.Limit(name, 100))
	}
	return name, rest, nil
}

// cutQuoted splits a text between quotes off its beginning, without the quotes and its escapes.
func cutQuoted(text string) (value, rest string, err error) {
	end := closingQuote(text[1:])
	if end < 0 {
		return "", "", errors.New("a quote is missing")
	}
	return labeltext.Unescaped(text[1 : 1+end]), text[end+2:], nil
}

// readSample reads the line of a sample.
func readSample(line string) (s Sample, err error) {
	end := strings.IndexAny(line, "{ \t")
	if end < 0 {
		return s, errors.New("neither a comment nor a sample, which has a name and a value")
	}
	s.Name = line[:end]
	rest := strings.TrimLeft(line[end:], " \t")
	if strings.HasPrefix(rest, "{") {
		if rest, err = s.readLabels(rest[1:]); err != nil {
			return s, err
		}
	}
	if line[0] != '{' && !labeltext.ValidMetricName(line[:end]) || s.Name == "" {
		return s, errors.New("a sample that does not begin with the name of a metric")
	}
	rest, _, _ = strings.Cut(rest, "#") // what follows is an exemplar
	fields := strings.Fields(rest)
	if len(fields) == 0 || len(fields) > 2 {
		return s, errors.New("a sample has one value, and at most a timestamp after it")
	}
	s.Text = fields[0]
	for i, field := range fields {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return s, fmt.Errorf("%q is no number", labeltext.Limit(field, 100))
		}
		if i == 0 {
			s.Value = v
		}
	}
	return s, nil
}

// readLabels reads labels after the opening brace, and the name of the metric if it stands there.
func (s *Sample) readLabels(text string) (rest string, err error) {
	for {
		text = strings.TrimLeft(text, " \t")
		if rest, ok := strings.CutPrefix(text, "}"); ok {
			return rest, nil
		}
		name, after, err := cutLabelName(text)
		if err != nil {
			return "", err
		}
		value, ok := strings.CutPrefix(after, "=")
		switch {
		case !ok && s.Name == "" && text[0] == '"':
			s.Name, text = name, after
		case !ok:
			return "", errors.New(`a label that is not like name="value"`)
		default:
			if text, err = s.readLabel(name, strings.TrimLeft(value, " \t")); err != nil {
				return "", err
			}
		}
		text = strings.TrimLeft(text, " \t")
		if after, ok := strings.CutPrefix(text, ","); ok {
			text = after
		} else if !strings.HasPrefix(text, "}") {
			return "", errors.New("no comma and no brace after a label")
		}
	}
}

// cutLabelName splits a name off that may stand between quotes, and the blanks after it.
func cutLabelName(text string) (name, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		name, rest, err = cutQuoted(text)
		return name, strings.TrimLeft(rest, " \t"), err
	}
	end := strings.IndexAny(text, "= \t")
	if end < 0 || !labeltext.ValidName(text[:end]) {
		return "", "", errors.New(`a label that is not like name="value"`)
	}
	return text[:end], strings.TrimLeft(text[end:], " \t"), nil
}

// readLabel reads the value of a label and returns what follows it.
func (s *Sample) readLabel(name, text string) (rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		return "", fmt.Errorf("the value of label %q has no quotes", labeltext.Limit(name, 100))
	}
	value, rest, err := cutQuoted(text)
	if err != nil {
		return "", err
	}
	if _, twice := s.Labels[name]; twice {
		return "", fmt.Errorf("label %q is there twice", labeltext.Limit(name, 100))
	}
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	s.Labels[name] = value
	return rest, nil
}

// finished returns the families under the names that they have in text format.
func (r *reader) finished() []Family {
	for i := range r.families {
		f := &r.families[i]
		base := f.Name
		f.Samples = slices.DeleteFunc(f.Samples, func(s Sample) bool { return s.Name == base+"_created" })
		for suffix, kind := range map[string]encode.Type{"_total": encode.Counter, "_info": encode.Info} {
			withoutSeries := r.open && len(f.Samples) == 0 && f.Type == kind.String()
			if withoutSeries || len(f.Samples) > 0 && f.Samples[0].Name == base+suffix {
				f.Name = base + suffix
			}
		}
	}
	return slices.DeleteFunc(r.families, func(f Family) bool {
		return len(f.Samples) == 0 && f.Type == "gaugehistogram" // whose samples are families
	})
}
