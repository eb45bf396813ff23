// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"math/rand/v2"
	"sync/atomic"
	"unsafe"

	"go.opentelemetry.io/otel/attribute"
)

// prepared finds the series of options that a program has made once, as in
//
//	option := metric.WithAttributeSet(set)
//
// by the address of their value. That saves making a configuration of the options, and finding its
// set, which together cost more than the rest of a measurement (BenchmarkFind).
//
// An interface value is two words: its type, and the address of a value that nothing changes. So
// options with the same words are the same. A slot keeps its option alive, so nothing else can come
// to lie at the address. Slots are immutable, and each store replaces one by another whole one: a
// reader sees the words of one option and its series, or none.
type prepared[M any] struct {
	slots     [preparedSlots]atomic.Pointer[option[M]]
	candidate atomic.Uintptr // the address of an option that was seen once, and may be gone
}

const preparedSlots = 64

// option is an option and its series.
type option[M any] struct {
	words optionWords
	entry *entry[M]
	alive any // the option itself
}

type optionWords struct{ typ, value unsafe.Pointer }

// knownOptions reports whether interfaces have two words.
var knownOptions = unsafe.Sizeof(any(nil)) == unsafe.Sizeof(optionWords{})

// wordsOfOption returns the words of the only option, and reports whether it is the only one. O is
// an interface.
func wordsOfOption[O any](options []O) (w optionWords, ok bool) {
	if len(options) != 1 || !knownOptions {
		return w, false
	}
	w = *(*optionWords)(unsafe.Pointer(&options[0]))
	return w, w.value != nil
}

// slot returns where an option may be.
func (p *prepared[M]) slot(w optionWords) *atomic.Pointer[option[M]] {
	address := uintptr(w.value)
	return &p.slots[(address>>4^address>>10)%preparedSlots]
}

// find returns the entry of an option, or nil.
func (p *prepared[M]) find(w optionWords) *entry[M] {
	if o := p.slot(w).Load(); o != nil && o.words == w {
		return o.entry
	}
	return nil
}

// seen is told of an option that find does not know. Options that are made for one measurement are
// not worth a slot, so an address has to be seen twice. Only one of 16 calls looks at that, because
// goroutines would contend for the word.
func (p *prepared[M]) seen(w optionWords, keep any, e *entry[M]) {
	if rand.Uint32()%16 != 0 {
		return
	}
	if address := uintptr(w.value); p.candidate.Swap(address) == address {
		p.slot(w).CompareAndSwap(nil, &option[M]{w, e, keep})
	}
}

// forget empties all slots.
func (p *prepared[M]) forget() {
	for i := range p.slots {
		p.slots[i].Store(nil)
	}
}

// seriesOf returns the series of a measurement with these options. attributes makes their set.
func seriesOf[M, O any](h *handles[M], options []O, attributes func([]O) attribute.Set) *M {
	w, single := wordsOfOption(options)
	if single {
		if e := h.prepared.find(w); e != nil {
			e.touch()
			return e.metric
		}
	}
	m, e := h.find(attributes(options))
	if single && e != nil {
		h.prepared.seen(w, options[0], e)
	}
	return m
}
