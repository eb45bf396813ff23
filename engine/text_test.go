// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// The tests' own reading of the text format 0.0.4. It is written from the format's description, not from the encoder, and
// takes nothing that the encoder has no reason to write: no blank lines, no comments, no timestamps, no superfluous blanks.

type textFamily struct {
	name, help, typ string
	samples         []textSample
}

type textSample struct {
	name   string
	labels map[string]string
	value  string
}

// key is the identity of the series, its labels sorted.
func (s textSample) key() string {
	if len(s.labels) == 0 {
		return s.name
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.labels)) {
		parts = append(parts, name+"="+strconv.Quote(s.labels[name]))
	}
	return s.name + "{" + strings.Join(parts, ",") + "}"
}

// textPage is a page that was read: values by series key.
type textPage struct {
	families []textFamily
	values   map[string]string
}

func (p *textPage) family(name string) *textFamily {
	for i := range p.families {
		if p.families[i].name == name {
			return &p.families[i]
		}
	}
	return nil
}

// float is the value of a series.
func (p *textPage) float(t testing.TB, key string) float64 {
	t.Helper()
	value, ok := p.values[key]
	require.True(t, ok, "no series %s", key)
	v, err := strconv.ParseFloat(value, 64)
	require.NoError(t, err)
	return v
}

func parseText(page []byte) (*textPage, error) {
	p := &textPage{values: map[string]string{}}
	if !utf8.Valid(page) {
		return nil, errors.New("not UTF-8")
	}
	if len(page) > 0 && page[len(page)-1] != '\n' {
		return nil, errors.New("the last line does not end")
	}
	for line := range strings.Lines(string(page)) {
		if err := p.line(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%w in line %q", err, line)
		}
	}
	for _, f := range p.families {
		if f.typ == "" || len(f.samples) == 0 {
			return nil, fmt.Errorf("family %s has no type or no samples", f.name)
		}
	}
	return p, nil
}

func (p *textPage) line(line string) error {
	if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
		name, help, ok := strings.Cut(rest, " ")
		if !ok || !encode.ValidMetricName(name) || p.family(name) != nil {
			return errors.New("bad HELP")
		}
		help, ok = unescape(help, false)
		if !ok {
			return errors.New("bad escape")
		}
		p.families = append(p.families, textFamily{name: name, help: help})
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
		name, typ, ok := strings.Cut(rest, " ")
		if !ok || !slices.Contains([]string{"counter", "gauge", "histogram", "summary"}, typ) {
			return errors.New("bad TYPE")
		}
		if last := len(p.families) - 1; last >= 0 && p.families[last].name == name && p.families[last].typ == "" {
			p.families[last].typ = typ
			return nil
		}
		if p.family(name) != nil {
			return errors.New("second TYPE")
		}
		p.families = append(p.families, textFamily{name: name, typ: typ})
		return nil
	}
	if len(p.families) == 0 {
		return errors.New("a sample without a family")
	}
	s, err := parseSample(line)
	if err != nil {
		return err
	}
	f := &p.families[len(p.families)-1]
	suffixes := map[string][]string{"histogram": {"_bucket", "_sum", "_count"}, "summary": {"", "_sum", "_count"}}[f.typ]
	if suffixes == nil {
		suffixes = []string{""}
	}
	if suffix, ok := strings.CutPrefix(s.name, f.name); !ok || !slices.Contains(suffixes, suffix) {
		return errors.New("a sample of another family")
	}
	if _, ok := p.values[s.key()]; ok {
		return errors.New("a duplicate series")
	}
	p.values[s.key()] = s.value
	f.samples = append(f.samples, s)
	return nil
}

func parseSample(line string) (s textSample, err error) {
	end := strings.IndexAny(line, "{ ")
	if end < 0 || !encode.ValidMetricName(line[:end]) {
		return s, errors.New("bad name")
	}
	s.name, line = line[:end], line[end:]
	if line[0] == '{' {
		s.labels = map[string]string{}
		for sep := byte('{'); line != "" && line[0] == sep; sep = ',' {
			name, rest, ok := strings.Cut(line[1:], `="`)
			if _, twice := s.labels[name]; !ok || twice || !encode.ValidLabelName(name) {
				return s, errors.New("bad label")
			}
			quote := 0
			for quote < len(rest) && rest[quote] != '"' {
				if rest[quote] == '\\' {
					quote++
				}
				quote++
			}
			if quote >= len(rest) {
				return s, errors.New("open quote")
			}
			if s.labels[name], ok = unescape(rest[:quote], true); !ok {
				return s, errors.New("bad escape")
			}
			line = rest[quote+1:]
		}
		if line == "" || line[0] != '}' {
			return s, errors.New("open brace")
		}
		line = line[1:]
	}
	if line == "" || line[0] != ' ' || strings.ContainsAny(line[1:], " \t") {
		return s, errors.New("bad blanks")
	}
	s.value = line[1:]
	_, err = strconv.ParseFloat(s.value, 64)
	return s, err
}

func unescape(s string, quotes bool) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if i++; i == len(s) {
				return "", false
			}
			switch c = s[i]; {
			case c == 'n':
				c = '\n'
			case c == '\\', c == '"' && quotes:
			default:
				return "", false
			}
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// expose returns a page as bytes.
func expose(t testing.TB, r *engine.Registry, e engine.Exposition) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := r.Expose(&b, e)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), n)
	return b.Bytes()
}

// scrape reads the registry's text page, its own metrics included.
func scrape(t testing.TB, r *engine.Registry) *textPage {
	t.Helper()
	page, err := parseText(expose(t, r, engine.Exposition{}))
	require.NoError(t, err)
	return page
}

func TestParserOfTheseTestsRefusesWhatIsNotThePlainTextFormat(t *testing.T) {
	const head = "# TYPE a counter\n"
	for _, bad := range []string{
		"a 1\n", head, head + "a 1", head + "\na 1\n", head + "a 1\n\n", head + "a  1\n", head + "a 1 2\n", head + "a x\n", head + "b 1\n",
		head + "a 1\na 1\n", head + "a{b=\"1\"} 1\na{b=\"1\"} 1\n", head + "a{b=\"1\",b=\"2\"} 1\n", head + "a{b=\"1\"\n",
		head + "a{b=\"1\",} 1\n", head + "a{b=\"\\t\"} 1\n", head + "a{b=\"\xff\"} 1\n", head + "a{b=\"1} 1\n", head + "a{} 1\n",
		head + "a 1\n" + head + "a{b=\"1\"} 1\n", head + "a 1\n# EOF\n", "# TYPE a thing\na 1\n", head + "a_sum 1\n", "# HELP a x\n",
	} {
		_, err := parseText([]byte(bad))
		require.Error(t, err, "%q", bad)
	}
	page, err := parseText([]byte("# HELP a x\\ny\n" + head + "a{c=\"\\\\\\\"\\n\",b=\"} 1\"} +Inf\n"))
	require.NoError(t, err)
	require.Equal(t, "x\ny", page.family("a").help)
	require.Equal(t, map[string]string{`a{b="} 1",c="\\\"\n"}`: "+Inf"}, page.values)
}
