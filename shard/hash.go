// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

// The hash of a label set is the sum of the hashes of its labels, so it does not depend on the order in which they come
// and a map need not be sorted to be looked up. The hash of a label is xxhash of its value, multiplied into a number made
// of its name and a secret of this process.
//
// xxhash has no key, so strings with the same xxhash can be computed beforehand, whatever is mixed in afterwards. That
// is harmless here: a slot of the map holds one series, and a label set that finds its slot taken by another goes by its
// keyed hash instead (hash/maphash), which nobody outside the process can predict.
var (
	secret    = [2]uint64{rand.Uint64(), rand.Uint64() | 1}
	keyedSeed = maphash.MakeSeed()
)

// nameSeed is what the name of a label contributes to its hash.
func nameSeed(name string) uint64 {
	return mix(xxhash.Sum64String(name)^secret[0], secret[1])
}

// labelHash hashes one label.
func labelHash(seed uint64, value string) uint64 {
	return mix(xxhash.Sum64String(value)^seed, seed|1)
}

// keyedHash is the hash of a label whose first hash collided.
func keyedHash(seed uint64, value string) uint64 {
	return mix(maphash.String(keyedSeed, value)^seed, seed|1)
}

// mix multiplies to 128 bits and folds: every bit of the operands reaches every bit of the result.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
