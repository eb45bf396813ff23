// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// Negotiate returns the format that a [Handler] without options chooses for the given lines of an
// Accept header. [ContentType] knows the options too. It may be called concurrently and allocates
// nothing.
//
// Weights, parameters and wildcards count as in RFC 9110, section 12.5.1. Between equal weights a
// named type beats a wildcard, and then the earlier element wins. The parameter charset is ignored.
// A client that accepts none of the formats gets text 0.0.4 instead of a 406, because every scraper
// and every person can read it.
//
// A request for OpenMetrics 0.0.1 gets OpenMetrics 1.0.0, and the Content-Type says so: the servers
// that ask for 0.0.1 (Prometheus from 2.5 on) choose their parser by the media type alone and read
// both versions with the same one.
//
// The parameter escaping says how the page shows names that are no identifiers, which a registry
// with [engine.WithUTF8Names] may have: see [encode.Escaping]. An element without it stands for the
// escaping of the element with the largest weight that has one, because one reader sends all of
// them: Prometheus 3 does not repeat it for protobuf. Without any, underscores take the place of
// other characters. The Content-Type states the escaping if the client has. In text 0.0.4 names
// cannot stand between quotes, so allow-utf-8 means text 1.0.0, or underscores if the client asks
// for 0.0.4.
func Negotiate(accept ...string) encode.Format {
	return choose(defaultOffers, accept).format
}

// offer is a format that can be served, with the parts of its media type.
type offer struct {
	format  encode.Format
	quotes  bool   // names can stand between quotes
	kind    string // type/subtype
	family  string // type/*
	matches func(name, value string) bool
}

// offerCount is the number of offers: text has two versions.
const offerCount = 4

// defaultOffers are the formats in the order of the server's preference. The slice is never
// changed.
var defaultOffers = []offer{
	{encode.Text, false, "text/plain", "text/*", matchesText},
	{encode.OpenMetrics, true, "application/openmetrics-text", "application/*", matchesOpenMetrics},
	{encode.Protobuf, true, "application/vnd.google.protobuf", "application/*", matchesProtobuf},
	{encode.Text, true, "text/plain", "text/*", matchesText1},
}

func matchesText(name, value string) bool {
	return !strings.EqualFold(name, "version") || value == "0.0.4"
}

func matchesText1(name, value string) bool {
	return !strings.EqualFold(name, "version") || value == "1.0.0"
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

// These constants say how closely a media range matches an offer. The closest range decides the
// weight of the offer.
const (
	matchNone = iota
	matchAny
	matchType
	matchNamed
	matchParams // a parameter that distinguishes formats was given, and fits
)

// match describes the best range for an offer so far.
type match struct {
	closeness int
	weight    int
	position  int
	escaping  encode.Escaping
	stated    bool // the range says the escaping
}

func (m match) isCloserThan(o match) bool {
	if m.closeness != o.closeness {
		return m.closeness > o.closeness
	}
	return m.weight > o.weight
}

// isPreferredTo orders the offers. Equal ones stay in the order of the server's preference.
func (m match) isPreferredTo(o match) bool {
	if m.weight != o.weight {
		return m.weight > o.weight
	}
	// More parameters do not mean a preference: in `text/plain,
	// application/openmetrics-text;version=1.0.0` the order decides.
	if a, b := min(m.closeness, matchNamed), min(o.closeness, matchNamed); a != b {
		return a > b
	}
	return m.position < o.position
}

// choice is an offer, and how its page escapes names.
type choice struct {
	*offer
	escaping encode.Escaping
	stated   bool // the client has said how
}

// choose returns the offer that the lines of an Accept header prefer, or the first offer if they
// accept none.
func choose(offers []offer, accept []string) choice {
	var best [offerCount]match
	var common match // the one that states the escaping for those that do not
	position := 0
	eachElement(accept, func(e element) {
		position++
		if e.stated && e.weight > common.weight {
			common = match{weight: e.weight, escaping: e.escaping, stated: true}
		}
		for i := range offers {
			m := match{offers[i].closeness(e), e.weight, position, e.escaping, e.stated}
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
	m := best[chosen]
	if !m.stated {
		m = common
	}
	c := choice{&offers[chosen], m.escaping, m.stated}
	if c.escaping == encode.NoEscaping && !c.quotes {
		c.escaping = encode.UnderscoresEscaping
	}
	return c
}

// choices is how many choices there are of one offer.
const choices = int(encode.NoEscaping) + 2

// index numbers the choices of one offer.
func (c choice) index() int {
	if !c.stated {
		return choices - 1
	}
	return int(c.escaping)
}

// contentType returns the Content-Type of the page. Text 1.0.0 always states the escaping.
func (c choice) contentType() string {
	switch {
	case c.format == encode.Text && c.quotes:
		return "text/plain; version=1.0.0; charset=utf-8; escaping=" + c.escaping.String()
	case c.stated:
		return c.format.EscapedContentType(c.escaping)
	default:
		return c.format.ContentType()
	}
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
	if closeness == matchNamed && !o.quotes && e.stated && e.escaping == encode.NoEscaping {
		return matchNone // there is a version that has quotes
	}
	return closeness
}
