// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

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
func (s textSample) key() string { return textpage.Sample{Name: s.name, Labels: s.labels}.Series() }

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
	families, err := textpage.Parse(string(page))
	if err != nil {
		return nil, err
	}
	p := &textPage{values: map[string]string{}}
	for _, f := range families {
		family := textFamily{name: f.Name, help: f.Help, typ: f.Type}
		for _, read := range f.Samples {
			s := textSample{read.Name, read.Labels, read.Text}
			family.samples = append(family.samples, s)
			p.values[s.key()] = s.value
		}
		p.families = append(p.families, family)
	}
	return p, nil
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
