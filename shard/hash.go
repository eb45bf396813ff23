// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// The hash of a label set is the sum of the hashes of its labels. It does not depend on their
// order, so nothing is sorted to look up a Go map. The hash of a label multiplies its value by a
// number made of its name and a secret of this process.
//
// Most values have at most 16 bytes. They go into that multiplication directly, as two words. That
// is a hash by itself, and cheaper than xxhash for a few bytes (BenchmarkFindByValue). Values of up
// to 32 bytes take two multiplications, and longer ones go through xxhash first.
//
// Collisions can be made on purpose. xxhash has no key, so strings with equal xxhash can be
// computed in advance, whatever is mixed in afterwards. And a few short values of different lengths
// collide under every secret, because the length is only xored in. Both are harmless here. A slot
// of the map holds one series, and a label set whose slot is taken by another one uses its keyed
// hash instead (hash/maphash), which nobody outside the process can predict.
var (
	secret    = [2]uint64{rand.Uint64(), rand.Uint64() | 1}
	keyedSeed = maphash.MakeSeed()
)

// nameSeed returns the part of a label's hash that its name contributes.
func nameSeed(name string) uint64 { return labelHash(secret[0], name) }

// labelHash hashes one label.
func labelHash(seed uint64, value string) uint64 {
	n := len(value)
	switch {
	case n > 16:
		return longHash(seed, value)
	case n >= 8:
		return mix(labeltext.Load64(value)^seed, labeltext.Load64(value[n-8:])^secret[1]^uint64(n))
	case n >= 4:
		return mix(labeltext.Load32(value)^seed, labeltext.Load32(value[n-4:])^secret[1]^uint64(n))
	case n > 0:
		return mix(threeBytes(value)^seed, secret[1]^uint64(n))
	default:
		return mix(seed, secret[1])
	}
}

// threeBytes returns the bytes of a value of one to three bytes.
func threeBytes(value string) uint64 {
	n := len(value)
	return uint64(value[0]) | uint64(value[n/2])<<8 | uint64(value[n-1])<<16
}

// longHash hashes a label whose value has more than 16 bytes.
func longHash(seed uint64, value string) uint64 {
	n := len(value)
	if n > 32 {
		return mix(xxhash.Sum64String(value)^seed, secret[1]^16)
	}
	first := mix(labeltext.Load64(value)^seed, labeltext.Load64(value[8:])^secret[1]^uint64(n))
	return mix(labeltext.Load64(value[n-16:])^first, labeltext.Load64(value[n-8:])^secret[1])
}

// valuesHash hashes the values of declared labels. short is false if one has more than so many
// bytes. It is labelHash in a loop, written out: the calls were a tenth of a lookup
// (BenchmarkFind).
func valuesHash(names []labeltext.Name, values []string, most int) (hash uint64, short bool) {
	for i, value := range values {
		seed, n := names[i].Seed, len(value)
		switch {
		case n > most:
			return 0, false
		case n > 16:
			hash += longHash(seed, value)
		case n >= 8:
			hash += mix(labeltext.Load64(value)^seed, labeltext.Load64(value[n-8:])^secret[1]^uint64(n))
		case n >= 4:
			hash += mix(labeltext.Load32(value)^seed, labeltext.Load32(value[n-4:])^secret[1]^uint64(n))
		case n > 0:
			hash += mix(threeBytes(value)^seed, secret[1]^uint64(n))
		default:
			hash += mix(seed, secret[1])
		}
	}
	return hash, true
}

// keyedHash hashes one label of a series whose first hash collided.
func keyedHash(seed uint64, value string) uint64 {
	return mix(maphash.String(keyedSeed, value)^seed, seed|1)
}

// mix multiplies to 128 bits and folds: every bit of the operands reaches every bit of the result.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
