// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"math"

	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/otlpform"
)

// deltas is what an Exporter keeps of each counter and histogram to send differences: what it was
// when the last request with it arrived. Only the send under way uses it.
//
// A series goes through these steps:
//
//   - The walk comes to it. The difference between now and what is kept is appended to the request,
//     and its start is the time of what is kept. If nothing is kept, the difference is all of it.
//     The state of now goes on the list of this request (pending), and nothing else changes.
//   - The request arrives: its list is kept from now on (commit). The next difference begins where
//     this one ends, so differences add up to the value.
//   - The request does not arrive: the list is dropped (drop). The next difference is from what was
//     kept before, so this one is part of it.
//   - The series began again: its time of creation, in tenths of a second, is another one, or is
//     known only now and later than what is kept, or a count is lower than the one that is kept.
//     The difference is all of it, and never negative.
//   - The walk does not come to it, because it has gone, or because its function failed. It is kept
//     for some more walks (patience): a function that fails once comes back with all that it has
//     counted since it began. After that it is dropped. A walk that ended early says nothing about
//     the series that it did not reach.
//
// So the number of series that are kept is bounded by those of the last walks (endWalk).
//
// A request without an answer may have arrived. It counts as one that has not: a receiver that has
// stored it gets these differences twice. Otherwise they would be lost if it has not.
type deltas struct {
	numbers    map[key]*number
	histograms map[key]*distribution

	walk    uint32 // the number of the walk under way
	touched int    // series that are kept, and that this walk has come to
	before  int64  // the time of the send before, or of New

	pendingNumbers    []pendingNumber
	pendingHistograms []pendingHistogram
	spare             []*distribution // of which none is kept
	text              []byte
	buckets           otlpform.Buckets
	counts            []uint64
}

// key names a series: two hashes of its family, its form, its labels and its bounds. With 128 bits,
// two of a million series have the same key with a probability below 1 in 10^26.
type key [2]uint64

// seeds are those of all keys.
var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// kept is what is kept of a series of any form.
type kept struct {
	at      int64  // the time of the send, in milliseconds
	created int64  // when the series began; 0 if unknown
	walk    uint32 // the last one that has come to it
}

// beganAgain reports whether a series that was created then is a later one than what is kept. A
// source may tell the time in some walks only.
func (k *kept) beganAgain(created int64) bool {
	if created == 0 || k.created == 0 {
		return created > k.at
	}
	return created != k.created
}

// number is what is kept of a counter.
type number struct {
	kept
	value float64
}

// pendingNumber is what will be kept of a counter if the request arrives.
type pendingNumber struct {
	key  key
	was  *number // is overwritten; nil if nothing is kept
	next number
}

const (
	// patience is how many complete walks may miss a series before it is dropped.
	patience = 8

	// maxMissing is how many missing series may be kept in addition to as many as there are others.
	maxMissing = 1024
)

func newDeltas(now int64) *deltas {
	return &deltas{numbers: map[key]*number{}, histograms: map[key]*distribution{}, walk: patience + 1, before: now}
}

// keyOf returns the key of a series with this text of labels. A histogram with other bounds is
// another series.
func (d *deltas) keyOf(family string, f form, labels []byte, bounds []float64) key {
	d.text = append(gone.AppendPart(d.text[:0], family, ""), byte(f))
	d.text = append(d.text, labels...)
	for _, b := range bounds {
		d.text = binary.LittleEndian.AppendUint64(d.text, math.Float64bits(b))
	}
	return key{maphash.Bytes(seeds[0], d.text), maphash.Bytes(seeds[1], d.text)}
}

// startOf returns when the difference begins of a series of which nothing is kept, or that began
// again after a time.
func (d *deltas) startOf(created, after int64) int64 {
	if created == 0 && after == 0 {
		return d.before // all that is known is that the send before did not have it
	}
	return max(created, after)
}

// number returns the difference of a counter and its start. Nothing is sent of a value that is not
// a number, after which no difference would be one either.
func (d *deltas) number(k key, now, created int64, value float64) (grown float64, start int64, ok bool) {
	was := d.numbers[k]
	if was != nil {
		d.touch(&was.kept)
	}
	if value != value {
		return 0, 0, false
	}
	next := number{kept{now, created, d.walk}, value}
	d.pendingNumbers = append(d.pendingNumbers, pendingNumber{k, was, next})
	switch {
	case was == nil:
		return value, d.startOf(created, 0), true
	case was.beganAgain(created) || value < was.value:
		return value, d.startOf(created, was.at), true
	}
	return otlpform.Difference(value, was.value), was.at, true
}

func (d *deltas) touch(k *kept) {
	if k.walk != d.walk {
		k.walk = d.walk
		d.touched++
	}
}

// commit keeps what is on the list of a request that has arrived.
func (d *deltas) commit() {
	for i := range d.pendingNumbers {
		p := &d.pendingNumbers[i]
		if p.was == nil {
			p.was = new(number)
			d.numbers[p.key] = p.was
			d.touched++
		}
		*p.was = p.next
	}
	for i := range d.pendingHistograms {
		p := &d.pendingHistograms[i]
		if was := d.histograms[p.key]; was != nil {
			d.spare = append(d.spare, was)
		} else {
			d.touched++
		}
		d.histograms[p.key], p.next = p.next, nil
	}
	d.drop()
}

// drop empties the list of a request.
func (d *deltas) drop() {
	for i := range d.pendingHistograms {
		if next := d.pendingHistograms[i].next; next != nil {
			d.spare = append(d.spare, next)
		}
	}
	clear(d.pendingNumbers)
	d.pendingNumbers, d.pendingHistograms = d.pendingNumbers[:0], d.pendingHistograms[:0]
}

// endWalk ends a walk that has come to all series. It drops those that have been missing for too
// long, and if there are many of them, all that are missing.
func (d *deltas) endWalk() {
	before := len(d.numbers) + len(d.histograms)
	if missing := before - d.touched; missing > 0 {
		oldest := d.walk - patience
		if missing > d.touched+maxMissing {
			oldest = d.walk
		}
		maps.DeleteFunc(d.numbers, func(_ key, n *number) bool { return n.walk < oldest })
		maps.DeleteFunc(d.histograms, func(_ key, h *distribution) bool { return h.walk < oldest })
	}
	if left := len(d.numbers) + len(d.histograms); before-left > left+maxMissing {
		d.numbers, d.histograms = copied(d.numbers), copied(d.histograms) // a map does not give memory back
	}
	d.walk++
	d.touched = 0
}

func copied[V any](from map[key]V) map[key]V {
	to := make(map[key]V, len(from))
	maps.Copy(to, from)
	return to
}
