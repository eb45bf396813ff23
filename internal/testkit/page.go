// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quipu-metrics/quipu/internal/textpage"
)

// Page is a parsed exposition in text format 0.0.4.
type Page struct {
	Text    string
	Samples map[string]float64 // by series, see Series
	Types   map[string]string  // by family
}

// Series returns the identity of a series as tests compare it: the name, and the labels sorted by
// name, with values in Go syntax. It writes the numbers of le and quantile in their shortest form,
// because formats differ there. labels are pairs of label names and values.
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

// Value returns the sample of a series, and fails the test if there is none.
func (p *Page) Value(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	v, ok := p.Samples[Series(name, labels...)]
	if !ok {
		t.Fatalf("the page has no %s:\n%s", Series(name, labels...), p.Text)
	}
	return v
}

// Named returns the samples of the series of one name, by their labels as in [Series].
func (p *Page) Named(name string) map[string]float64 {
	found := map[string]float64{}
	for series, v := range p.Samples {
		if of, _, _ := strings.Cut(series, "{"); of == name {
			found[strings.TrimPrefix(series, name)] = v
		}
	}
	return found
}

// GetPage fetches a page and parses it. It may be called on any goroutine.
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

// ParsePage reads an exposition strictly: see [textpage.Parse].
func ParsePage(text string) (*Page, error) {
	families, err := textpage.Parse(text)
	if err != nil {
		return nil, err
	}
	p := &Page{Text: text, Samples: map[string]float64{}, Types: map[string]string{}}
	for _, f := range families {
		p.Types[f.Name] = f.Type
		for _, s := range f.Samples {
			var labels []string
			for name, value := range s.Labels {
				labels = append(labels, name, value)
			}
			series := Series(s.Name, labels...)
			if _, taken := p.Samples[series]; taken {
				return nil, fmt.Errorf("a series twice: %s", series)
			}
			p.Samples[series] = s.Value
		}
	}
	return p, nil
}
