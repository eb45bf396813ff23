// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/encode"
)

// place is how a definition stands on pages.
type place struct {
	def  *definition
	name string // as exposed
}

// placed is a family at a place.
type placed struct {
	place
	fam     *family
	enc     *encode.Family
	unknown atomic.Pointer[encode.Family] // see encoder; made when it is first needed
}

// encoder returns the encoder of the family. Where another family has the name that OpenMetrics
// would give to this counter, the counter is shown as unknown.
func (p *placed) encoder(unknown bool) *encode.Family {
	if !unknown {
		return p.enc
	}
	if enc := p.unknown.Load(); enc != nil {
		return enc
	}
	enc := encode.NewUnknownCounter(p.name, p.def.help, p.def.unit)
	p.unknown.Store(enc)
	return enc
}

// order is the text by which families of one name are sorted.
func (p *placed) order() string { return p.fam.consts }

// hasName reports whether one of the families, which are sorted by name, has this name or samples
// of this name. It allocates nothing.
func hasName(families []*placed, name string) bool {
	if find(families, name) != nil {
		return true
	}
	for _, suffix := range [...]string{"_bucket", "_sum", "_count", "_created"} {
		base, ok := strings.CutSuffix(name, suffix)
		if !ok {
			continue
		}
		if p := find(families, base); p != nil && slices.Contains(p.def.suffixes, suffix) {
			return true
		}
	}
	if base, ok := strings.CutSuffix(name, "_created"); ok {
		i, found := slices.BinarySearchFunc(families, base, func(p *placed, base string) int {
			return compareJoined(p.name, base, "_total")
		})
		return found && families[i].def.trimmed == "_total"
	}
	return false
}

// find returns the first family of a name, or nil.
func find(families []*placed, name string) *placed {
	i, ok := slices.BinarySearchFunc(families, name, func(p *placed, name string) int {
		return strings.Compare(p.name, name)
	})
	if !ok {
		return nil
	}
	return families[i]
}

// compareJoined compares name with the concatenation of first and second, and does not build it.
func compareJoined(name, first, second string) int {
	if len(name) <= len(first) {
		if c := strings.Compare(name, first[:len(name)]); c != 0 {
			return c
		}
		return -1 // second is not empty
	}
	if c := strings.Compare(name[:len(first)], first); c != 0 {
		return c
	}
	return strings.Compare(name[len(first):], second)
}
