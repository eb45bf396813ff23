// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"hash/maphash"
	"math/rand/v2"
	"sync/atomic"
	"unsafe"

	"go.opentelemetry.io/otel/attribute"
)

// setWords are the words of an attribute.Set in the versions of OpenTelemetry since 1.39: a hash,
// and an interface that holds an array of attributes. Sets that share the array are equal, and
// comparing its address saves comparing the attributes, which costs as much as all the rest of a
// measurement (BenchmarkFind). knownLayout tells whether sets still have this layout. If they do
// not, they are compared by their own method.
type setWords struct {
	hash  uint64
	typ   unsafe.Pointer
	array unsafe.Pointer
}

var knownLayout = unsafe.Sizeof(attribute.Set{}) == unsafe.Sizeof(setWords{}) &&
	unsafe.Sizeof(attribute.Distinct{}) == unsafe.Sizeof(uint64(0)) && hasKnownLayout()

// hasKnownLayout compares the words of two sets that are equal and do not share their array.
func hasKnownLayout() bool {
	one := attribute.NewSet(attribute.String("k", "v"), attribute.Int("n", 1))
	two := attribute.NewSet(attribute.Int("n", 1), attribute.String("k", "v"))
	a, b, distinct := wordsOf(&one), wordsOf(&two), one.Equivalent()
	return a.hash == b.hash && a.hash == *(*uint64)(unsafe.Pointer(&distinct)) &&
		a.typ == b.typ && a.array != b.array
}

func wordsOf(s *attribute.Set) *setWords { return (*setWords)(unsafe.Pointer(s)) }

var hashSeed = maphash.MakeSeed()

// hashOf returns the hash of a set: equal sets have equal ones.
func hashOf(s *attribute.Set) uint64 {
	distinct := s.Equivalent()
	if knownLayout {
		return *(*uint64)(unsafe.Pointer(&distinct))
	}
	return maphash.Comparable(hashSeed, distinct)
}

// arrays are addresses of arrays that hold the attributes of one set. A program that prepares sets
// often has several equal ones, for one place in its code each. An address keeps its array alive as
// long as it is here, so nothing else can have the same address. Addresses are written under a
// mutex. A new one takes the place of the one that has been here longest, because the program may
// not have that any more. A reader finds the old one or the new one, and both are of equal sets.
type arrays struct {
	known     [4]unsafe.Pointer
	next      int            // where the next one comes; guarded by the mutex
	candidate atomic.Uintptr // the address of an array that was seen once, and may be gone
}

// has reports whether the attributes of a set are in one of the arrays.
func (a *arrays) has(s *attribute.Set) bool {
	if !knownLayout {
		return false
	}
	array := wordsOf(s).array
	if array == nil { // the zero value of a set
		return false
	}
	for i := range a.known {
		switch atomic.LoadPointer(&a.known[i]) {
		case array:
			return true
		case nil:
			return false
		}
	}
	return false
}

// seen is told of an equal set whose array is not known, and reports whether add is to be called.
// Sets that are made for one measurement are not worth remembering, so an array has to be seen
// twice. Only one of 16 calls looks at that, because goroutines would contend for the word.
func (a *arrays) seen(s *attribute.Set) bool {
	if !knownLayout || rand.Uint32()%16 != 0 {
		return false
	}
	array := uintptr(wordsOf(s).array)
	return a.candidate.Swap(array) == array
}

// add makes the array of an equal set known. The caller holds the mutex.
func (a *arrays) add(s *attribute.Set) {
	if !knownLayout || a.has(s) {
		return
	}
	atomic.StorePointer(&a.known[a.next], wordsOf(s).array)
	a.next = (a.next + 1) % len(a.known)
}
