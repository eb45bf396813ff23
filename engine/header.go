// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/quantile"
)

// sourceHeader is the header of a family of a source and its bounds or quantiles, rendered once for
// all pages that show the same. But for lastCall and mounted it does not change.
type sourceHeader struct {
	kind       *kind
	name       string // with the registry's prefix
	help, unit string // as pages show them
	typ        encode.Type
	classic    bool      // the series have classic buckets
	bounds     []float64 // of these, +Inf not included
	objectives []quantile.Objective
	samples    []string // the names of all its samples

	// OpenMetrics leaves a suffix out of the names of some families: base is what is left. Beside
	// another family that is called so it cannot, and shows the family as unknown does. For an info
	// that may also be a counter, whose name is in counter.
	base, counter string
	enc, unknown  *encode.Family

	givenHelp, givenUnit string // as the source has written them
	lastCall             int    // of the source, that used the header

	mounted atomic.Pointer[mountedHeader] // under the prefixes of mounts
}

// isFor reports whether a point of the header's name belongs to the same family.
func (h *sourceHeader) isFor(p *Point) bool {
	return h.typ == p.Type && h.givenHelp == p.Help && h.givenUnit == p.Unit
}

// isLike reports whether two headers of one name are those of one family.
func (h *sourceHeader) isLike(other *sourceHeader) bool {
	return h.typ == other.typ && h.help == other.help && h.unit == other.unit
}

// hasSteps reports whether the bounds or quantiles of a point are those of the header.
func (h *sourceHeader) hasSteps(p *Point) bool {
	if s := p.Summary; s != nil {
		return slices.EqualFunc(h.objectives, s.Estimates, func(o quantile.Objective, e Estimate) bool {
			return o.Quantile == e.Quantile && math.Float64bits(o.Epsilon) == math.Float64bits(e.Error)
		})
	}
	if p.Histogram == nil || p.Histogram.Counts == nil {
		return !h.classic
	}
	return h.classic && slices.Equal(h.bounds, finite(p.Histogram.Bounds))
}

// newHeader renders the header of a point. It keeps nothing of the source's: a name may be a part
// of a large text.
func newHeader(name string, p *Point) *sourceHeader {
	h := &sourceHeader{
		kind: kindOf(p.Type), name: strings.Clone(name), typ: p.Type,
		givenHelp: strings.Clone(p.Help), givenUnit: strings.Clone(p.Unit),
	}
	h.help, h.unit = labeltext.Repair(h.givenHelp), labeltext.Repair(h.givenUnit)
	switch {
	case p.Summary != nil:
		for _, e := range p.Summary.Estimates {
			rank := e.Quantile + 0 // -0 is 0
			h.objectives = append(h.objectives, quantile.Objective{Quantile: rank, Epsilon: e.Error})
		}
	case p.Histogram != nil && p.Histogram.Counts != nil:
		h.classic = true
		for _, b := range finite(p.Histogram.Bounds) {
			h.bounds = append(h.bounds, b+0)
		}
	}
	h.render()
	return h
}

// render renders everything that depends on the name.
func (h *sourceHeader) render() {
	steps := h.bounds
	for _, o := range h.objectives {
		steps = append(steps, o.Quantile)
	}
	h.enc = encode.NewFamily(h.name, h.help, h.unit, h.typ, steps)
	h.unknown = h.enc
	h.samples = h.kind.samples(h.name)
	if h.base = h.kind.unsuffixed(h.name); h.base != "" {
		h.unknown = encode.NewUnknownCounter(h.name, h.help, h.unit)
	}
	if h.kind.ending != "" {
		h.base = strings.TrimSuffix(h.name, h.kind.ending)
		h.counter = h.base + counterRules.trimmed
		h.unknown = encode.NewFamily(h.name, h.help, h.unit, gaugeRules.typ, nil)
	}
}

// mountedHeader is a header under the prefix of a mount.
type mountedHeader struct {
	prefix string
	header *sourceHeader
	next   *mountedHeader
}

// mostPrefixes is how many prefixes a header is kept for. A program that mounts a registry under
// more of them renders headers again.
const mostPrefixes = 8

// under returns the header where a mount puts a prefix before the name. It is made once for each
// prefix. Pages may call it at once.
func (h *sourceHeader) under(prefix string) *sourceHeader {
	if prefix == "" {
		return h
	}
	have, n := h.mounted.Load(), 0
	for m := have; m != nil; m = m.next {
		if m.prefix == prefix {
			return m.header
		}
		n++
	}
	made := &sourceHeader{
		kind: h.kind, name: prefix + h.name, help: h.help, unit: h.unit, typ: h.typ,
		classic: h.classic, bounds: h.bounds, objectives: h.objectives,
	}
	made.render()
	next := have
	if n >= mostPrefixes {
		next = nil
	}
	h.mounted.CompareAndSwap(have, &mountedHeader{prefix, made, next}) // else the next page makes it again
	return made
}

// headers are the headers that a source has used lately. Only the run of the source under way uses
// them, under the mutex of its Writer.
//
// Names, texts and bounds may be others at every call, and there may be any number of them: what is
// kept follows from what the last call has used.
type headers struct {
	byHash map[uint64]*sourceHeader
	call   int // counts the calls
	used   int // how many headers the call has used
}

// spareHeaders is how many headers are kept beside those of the last call and as many others.
const spareHeaders = 100

var headerSeed = maphash.MakeSeed()

// begin begins a call.
func (hs *headers) begin() {
	if len(hs.byHash) > 2*hs.used+spareHeaders {
		last := make(map[uint64]*sourceHeader, hs.used) // the memory of a map does not shrink
		for hash, h := range hs.byHash {
			if h.lastCall == hs.call {
				last[hash] = h
			}
		}
		hs.byHash = last
	}
	hs.call++
	hs.used = 0
}

// of returns the header of a point.
func (hs *headers) of(name string, p *Point) *sourceHeader {
	hash := headerHash(name, p)
	h := hs.byHash[hash]
	if h == nil || h.name != name || !h.isFor(p) || !h.hasSteps(p) {
		h = newHeader(name, p)
		if hs.byHash == nil {
			hs.byHash = make(map[uint64]*sourceHeader)
		}
		hs.byHash[hash] = h
	}
	if h.lastCall != hs.call {
		h.lastCall = hs.call
		hs.used++
	}
	return h
}

// headerHash hashes everything that a header is made of. Points with one hash and other headers
// cost time, not truth.
func headerHash(name string, p *Point) uint64 {
	hash := uint64(p.Type)
	add := func(v uint64) { hash = (bits.RotateLeft64(hash, 5) ^ v) * 0x9e3779b97f4a7c15 }
	add(maphash.String(headerSeed, name))
	add(maphash.String(headerSeed, p.Help))
	add(maphash.String(headerSeed, p.Unit))
	switch {
	case p.Summary != nil:
		for _, e := range p.Summary.Estimates {
			add(math.Float64bits(e.Quantile))
			add(math.Float64bits(e.Error))
		}
	case p.Histogram != nil && p.Histogram.Counts != nil:
		add(1)
		for _, b := range finite(p.Histogram.Bounds) {
			add(math.Float64bits(b))
		}
	}
	return hash
}
