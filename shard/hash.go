// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

// The hash of a label set is the sum of the hashes of its labels. It does not depend on their
// order, so nothing is sorted to look up a Go map. The hash of a label multiplies its value by a
// number made of its name and a secret of this process.
//
// Most values have at most 16 bytes. They go into that multiplication directly, as two words. That
// is a hash by itself, and cheaper than xxhash for a few bytes (BenchmarkFindByValue). Longer
// values go through xxhash first.
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
		return mix(xxhash.Sum64String(value)^seed, secret[1]^16)
	case n >= 8:
		return mix(load64(value)^seed, load64(value[n-8:])^secret[1]^uint64(n))
	case n >= 4:
		return mix(load32(value)^seed, load32(value[n-4:])^secret[1]^uint64(n))
	case n > 0:
		first, middle, last := uint64(value[0]), uint64(value[n/2]), uint64(value[n-1])
		return mix((first|middle<<8|last<<16)^seed, secret[1]^uint64(n))
	default:
		return mix(seed, secret[1])
	}
}

// load64 and load32 return the first bytes of s. They compile to one instruction each.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load32(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
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
