// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Escaped returns the family as a page with this escaping shows it: with its own name escaped, and
// with an escaping of the names in label text and in exemplars. It is made once for each escaping
// and shared. A name of a label that becomes equal to another one of the same series, or to
// __name__, is left out with its value.
func (f *Family) Escaped(e Escaping) *Family {
	if e >= NoEscaping || f.escaping != NoEscaping {
		return f
	}
	have := f.variants.Load()
	if have != nil && have[e] != nil {
		return have[e]
	}
	made := new([NoEscaping]*Family)
	if have != nil {
		*made = *have
	}
	made[e] = f.newEscaped(e)
	// If another goroutine was faster, this variant is made again by the next page.
	f.variants.CompareAndSwap(have, made)
	return made[e]
}

func (f *Family) newEscaped(e Escaping) *Family {
	variant := func(plain *Family) *Family {
		to := &Family{
			name: e.MetricName(f.name), help: f.help, unit: f.unit, typ: f.typ, unknown: f.unknown, bounds: f.bounds,
			escaping: e, plain: plain, headers: f.headers, text: f.text,
		}
		if to.name != f.name {
			to.renderAll()
		}
		to.samples = to.sampleNames()
		return to
	}
	return variant(variant(nil))
}

// escape returns label text with escaped names. If it has to change something, the result lies in
// dst behind the given length; the caller appends to the returned slice and then calls unscratch.
func (e Escaping) escape(dst []byte, labels string) (_ []byte, escaped string) {
	if e == NoEscaping || !labeltext.HasQuotedNames(labels) {
		return dst, labels
	}
	from := len(dst)
	dst = labeltext.AppendEscapedNames(dst, labels, labeltext.Escaping(e))
	text := dst[from:]
	// A string without a copy of the bytes. They do not change while the caller appends: that
	// writes behind them, or copies them into a larger slice, and then the string keeps the old one
	// alive.
	return dst, unsafe.String(unsafe.SliceData(text), len(text))
}

// unscratch removes the label text that escape has put between the lengths from and to of dst.
func unscratch(dst []byte, from, to int) []byte {
	if from == to {
		return dst
	}
	n := copy(dst[from:], dst[to:])
	return dst[:from+n]
}
