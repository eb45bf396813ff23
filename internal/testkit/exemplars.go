// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"net/url"
	"strconv"
	"time"
)

// Exemplar is an exemplar as the API of Prometheus returns it.
type Exemplar struct {
	Series map[string]string // labels of the series it belongs to
	Labels map[string]string
	Value  float64
}

// Exemplars returns the exemplars of the last hour of the series that a selector selects.
func (p *Prometheus) Exemplars(selector string) []Exemplar {
	p.t.Helper()
	var answer []struct {
		SeriesLabels map[string]string
		Exemplars    []struct {
			Labels map[string]string
			Value  string
		}
	}
	seconds := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	now := time.Now()
	p.get("query_exemplars", url.Values{
		"query": {selector}, "start": {seconds(now.Add(-time.Hour))}, "end": {seconds(now.Add(time.Minute))},
	}, &answer)
	var exemplars []Exemplar
	for _, series := range answer {
		for _, e := range series.Exemplars {
			value, err := strconv.ParseFloat(e.Value, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			exemplars = append(exemplars, Exemplar{series.SeriesLabels, e.Labels, value})
		}
	}
	return exemplars
}
