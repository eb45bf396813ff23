// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"hash/maphash"
	"unsafe"

	"go.opentelemetry.io/otel/attribute"
)

// setWords are the words of an attribute.Set in the versions of OpenTelemetry since 1.39: a hash,
// and an interface that holds an array of attributes. Sets that share the array are equal, and
// comparing its address saves comparing the attributes (BenchmarkSame). knownLayout finds out
// whether a set still is so; otherwise sets are compared by its own method.
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

// same reports whether two sets with equal hashes are equal. Hashes of different sets may be equal,
// by chance or because somebody chose the values.
func same(a, b *attribute.Set) bool {
	if knownLayout {
		if a, b := wordsOf(a), wordsOf(b); a.array == b.array && a.typ == b.typ {
			return true
		}
	}
	return a.Equals(b)
}
