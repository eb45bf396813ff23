// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"unsafe"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// prepared finds the series of options that a program has made once, as in
//
//	option := metric.WithAttributeSet(set)
//
// by the address of their value. That saves making a configuration of the options, and finding its
// set, which together cost more than the rest of a measurement (BenchmarkFind).
//
// The value is a set, which the program may replace by another one: the options implement the
// experimental interface x.Settable. So find also compares the array of the set that the option has
// now with that of the set whose series it knows. A slot keeps both alive, so nothing else can come
// to lie at their addresses. Slots are immutable, and each store replaces one by another whole one:
// a reader sees the words of one option and its series, or none.
type prepared[M any] struct {
	slots     [preparedSlots]atomic.Pointer[option[M]]
	candidate atomic.Uintptr // the address of an option that was seen once, and may be gone
}

const preparedSlots = 64

// option is an option and its series.
type option[M any] struct {
	words optionWords
	set   attribute.Set // that the option had when it was measured
	entry *entry[M]     // of set
	alive any           // the option itself
}

type optionWords struct{ typ, value unsafe.Pointer }

// attributeOption is the type of the options with attributes, or nil if they are not pointers to a
// set. Then they are not known by their address.
var attributeOption = typeOfAttributeOption()

func typeOfAttributeOption() unsafe.Pointer {
	set := attribute.NewSet(attribute.Int("n", 1))
	var o any = metric.WithAttributeSet(set)
	t := reflect.TypeOf(o)
	if !knownLayout || unsafe.Sizeof(o) != unsafe.Sizeof(optionWords{}) || t.Kind() != reflect.Pointer ||
		t.Elem().Kind() != reflect.Struct || t.Elem().NumField() != 1 || t.Elem().Field(0).Type != reflect.TypeOf(set) {
		return nil
	}
	return (*optionWords)(unsafe.Pointer(&o)).typ
}

// wordsOfOption returns the words of the only option, and reports whether it is the only one, and
// one with attributes. O is an interface.
func wordsOfOption[O any](options []O) (w optionWords, ok bool) {
	if len(options) != 1 || attributeOption == nil {
		return w, false
	}
	o := any(options[0])
	w = *(*optionWords)(unsafe.Pointer(&o))
	return w, w.typ == attributeOption && w.value != nil
}

// slot returns where an option may be.
func (p *prepared[M]) slot(w optionWords) *atomic.Pointer[option[M]] {
	address := uintptr(w.value)
	return &p.slots[(address>>4^address>>10)%preparedSlots]
}

// find returns the entry of an option, or nil.
func (p *prepared[M]) find(w optionWords) *entry[M] {
	o := p.slot(w).Load()
	if o == nil || o.words != w {
		return nil
	}
	before, now := wordsOf(&o.set), wordsOf((*attribute.Set)(w.value))
	if before.hash != now.hash || before.array != now.array {
		return nil
	}
	return o.entry
}

// seen is told of an option that find does not know. Options that are made for one measurement are
// not worth a slot, so an address has to be seen twice. Only one of 16 calls looks at that, because
// goroutines would contend for the word.
func (p *prepared[M]) seen(w optionWords, keep any, set attribute.Set, e *entry[M]) {
	if rand.Uint32()%16 != 0 {
		return
	}
	if address := uintptr(w.value); p.candidate.Swap(address) == address {
		p.slot(w).CompareAndSwap(nil, &option[M]{w, set, e, keep})
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
	set := attributes(options)
	m, e := h.find(set)
	if single && e != nil {
		h.prepared.seen(w, options[0], set, e)
	}
	return m
}
