// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// Negotiate returns the format that [Handler] answers with by default for the given Accept header lines. It is there
// for handlers that call [Render] and have to set Content-Type before they write. It allocates nothing.
//
// Weights, parameters and wildcards count as RFC 9110, section 12.5.1, says; between equal weights a type that is named
// beats a wildcard, and then the earlier one wins. Parameters that do not tell our formats apart (charset, escaping)
// are ignored. A client that accepts nothing we have gets text 0.0.4 rather than a 406: every scraper and every person
// can read it.
//
// OpenMetrics 0.0.1 is answered with OpenMetrics 1.0.0, and the Content-Type says so: the servers that ask for 0.0.1
// (Prometheus from 2.5 on) choose their parser by media type alone and read both with the same one. Text 1.0.0, which
// Prometheus 3 asks for first and 0.0.4 next, is a version that we do not emit, so only the 0.0.4 element counts.
func Negotiate(accept ...string) encode.Format {
	return choose(defaultOffers, accept).format
}

// offer is a format that can be served, with what its media type is made of.
type offer struct {
	format  encode.Format
	kind    string // type/subtype
	family  string // type/*
	matches func(name, value string) bool
}

// formatCount is the number of formats there are.
const formatCount = 3

// The formats in the order in which a client without preferences gets them. Read only.
var defaultOffers = []offer{
	{encode.Text, "text/plain", "text/*", matchesText},
	{encode.OpenMetrics, "application/openmetrics-text", "application/*", matchesOpenMetrics},
	{encode.Protobuf, "application/vnd.google.protobuf", "application/*", matchesProtobuf},
}

func matchesText(name, value string) bool {
	return !strings.EqualFold(name, "version") || value == "0.0.4"
}

func matchesOpenMetrics(name, value string) bool {
	return !strings.EqualFold(name, "version") || value == "1.0.0" || value == "0.0.1"
}

func matchesProtobuf(name, value string) bool {
	switch {
	case strings.EqualFold(name, "proto"):
		return value == "io.prometheus.client.MetricFamily"
	case strings.EqualFold(name, "encoding"):
		return value == "delimited"
	}
	return true
}

// How closely a media range matches an offer; the closest range decides its weight.
const (
	matchNone = iota
	matchAny
	matchType
	matchNamed
	matchParams // a parameter that tells formats apart was given, and is ours
)

// match is the best range for an offer so far.
type match struct {
	closeness int
	weight    int
	position  int
}

func (m match) isCloserThan(o match) bool {
	if m.closeness != o.closeness {
		return m.closeness > o.closeness
	}
	return m.weight > o.weight
}

// isPreferredTo orders the offers themselves. Equals stay in the server's order.
func (m match) isPreferredTo(o match) bool {
	if m.weight != o.weight {
		return m.weight > o.weight
	}
	// Naming more parameters is no preference: `text/plain, application/openmetrics-text;version=1.0.0` is in order.
	if a, b := min(m.closeness, matchNamed), min(o.closeness, matchNamed); a != b {
		return a > b
	}
	return m.position < o.position
}

// choose returns the offer that Accept header lines prefer; the first offer when they accept none.
func choose(offers []offer, accept []string) *offer {
	var best [formatCount]match
	position := 0
	eachElement(accept, func(e element) {
		position++
		for i := range offers {
			m := match{offers[i].closeness(e), e.weight, position}
			if m.closeness != matchNone && m.isCloserThan(best[i]) {
				best[i] = m
			}
		}
	})
	chosen := 0
	for i := 1; i < len(offers); i++ {
		if best[i].isPreferredTo(best[chosen]) {
			chosen = i
		}
	}
	if best[chosen].weight == 0 {
		chosen = 0
	}
	return &offers[chosen]
}

func (o *offer) closeness(e element) int {
	switch {
	case e.value == "*/*", e.value == "*": // "*" alone comes from Java's URLConnection
		return matchAny
	case strings.EqualFold(e.value, o.family):
		return matchType
	case !strings.EqualFold(e.value, o.kind):
		return matchNone
	}
	closeness := matchNamed
	for params := e.params; params != ""; {
		var name, value string
		name, value, params = nextParam(params)
		if !o.matches(name, value) {
			return matchNone
		}
		if strings.EqualFold(name, "version") || strings.EqualFold(name, "proto") {
			closeness = matchParams
		}
	}
	return closeness
}
