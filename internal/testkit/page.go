// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Page is an exposition in text format 0.0.4, read back.
type Page struct {
	Text    string
	Samples map[string]float64 // by series, see Series
	Types   map[string]string  // by family
}

// Series writes a name and pairs of label names and values the way that series are called here: labels sorted by name,
// values in Go syntax, and the numbers of le and quantile in their shortest form, because formats differ there.
func Series(name string, labels ...string) string {
	pairs := make([]string, 0, len(labels)/2)
	for i := 0; i+1 < len(labels); i += 2 {
		label, value := labels[i], labels[i+1]
		if number, err := strconv.ParseFloat(value, 64); err == nil && (label == "le" || label == "quantile") {
			value = strconv.FormatFloat(number, 'g', -1, 64)
		}
		pairs = append(pairs, label+"="+strconv.Quote(value))
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// Value returns the sample of a series, and fails the test when there is none.
func (p *Page) Value(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	v, ok := p.Samples[Series(name, labels...)]
	if !ok {
		t.Fatalf("the page has no %s:\n%s", Series(name, labels...), p.Text)
	}
	return v
}

// GetPage fetches a page and parses it. It may be called from any goroutine.
func GetPage(url string) (*Page, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return ParsePage(string(text))
}

// ParsePage reads an exposition strictly: no series twice (which promtool does not notice), no family in two places, no
// sample without a TYPE, nothing that is neither a comment nor a sample.
func ParsePage(text string) (*Page, error) {
	p := &Page{Text: text, Samples: map[string]float64{}, Types: map[string]string{}}
	if !strings.HasSuffix(text, "\n") {
		return nil, errors.New("the page does not end with a newline")
	}
	closed := map[string]bool{} // families that are over
	family := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if comment, ok := strings.CutPrefix(line, "# "); ok {
			kind, rest, _ := strings.Cut(comment, " ")
			name, value, _ := strings.Cut(rest, " ")
			if name != family {
				closed[family], family = true, name
			}
			if kind != "HELP" && kind != "TYPE" || closed[name] {
				return nil, fmt.Errorf("a comment out of place: %s", line)
			}
			if kind == "TYPE" {
				if p.Types[name] != "" {
					return nil, fmt.Errorf("a second TYPE: %s", line)
				}
				p.Types[name] = value
			}
			continue
		}
		series, name, value, err := parseSample(line)
		if err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
		if p.Types[family] == "" || !belongs(name, family, p.Types[family]) {
			return nil, fmt.Errorf("a sample out of place, among those of %q: %s", family, line)
		}
		if _, taken := p.Samples[series]; taken {
			return nil, fmt.Errorf("a series twice: %s", line)
		}
		p.Samples[series] = value
	}
	return p, nil
}

// belongs reports whether a family of this type has samples of this name.
func belongs(sample, family, kind string) bool {
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

func parseSample(line string) (series, name string, value float64, err error) {
	end := strings.IndexAny(line, "{ ")
	if end <= 0 {
		return "", "", 0, errors.New("no sample")
	}
	name, rest := line[:end], line[end:]
	var labels []string
	if rest[0] == '{' {
		if labels, rest, err = parseLabels(rest[1:]); err != nil {
			return "", "", 0, err
		}
	}
	number, ok := strings.CutPrefix(rest, " ")
	if !ok {
		return "", "", 0, errors.New("no space before the value")
	}
	value, err = strconv.ParseFloat(number, 64)
	return Series(name, labels...), name, value, err
}

// parseLabels reads labels up to the closing brace.
func parseLabels(s string) (labels []string, rest string, err error) {
	for {
		if rest, ok := strings.CutPrefix(s, "}"); ok {
			return labels, rest, nil
		}
		name, quoted, ok := strings.Cut(s, `="`)
		if !ok {
			return nil, "", errors.New("no label value")
		}
		value, after, ok := unquote(quoted)
		if !ok {
			return nil, "", errors.New("a bad label value")
		}
		if slices.Contains(evens(labels), name) {
			return nil, "", errors.New("a label twice")
		}
		labels = append(labels, name, value)
		s = strings.TrimPrefix(after, ",")
	}
}

func evens(s []string) (names []string) {
	for i := 0; i < len(s); i += 2 {
		names = append(names, s[i])
	}
	return names
}

// unquote reads a label value up to the closing quote.
func unquote(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) {
				return "", "", false
			}
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case '"', '\\':
				b.WriteByte(s[i])
			default:
				return "", "", false
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
