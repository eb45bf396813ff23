// SPDX-License-Identifier: Apache-2.0

// Package block hands out values in blocks. The messages of client_golang consist of many small
// values behind pointers, and an allocation for each would be most of the cost of gathering.
package block

// Block hands out values of one type. It must not be used concurrently. The zero value is ready. A
// value keeps the block that it is part of alive.
type Block[T any] struct {
	left []T
	size int
}

// lastBlock is the number of values in the largest block. The first block has one value, for those
// who need only that, and later ones double.
const lastBlock = 512

// List returns n zero values.
func (b *Block[T]) List(n int) []T {
	if n > len(b.left) {
		b.size = min(max(1, 2*b.size), lastBlock)
		b.left = make([]T, max(b.size, n))
	}
	part := b.left[:n:n]
	b.left = b.left[n:]
	return part
}

// One returns a zero value.
func (b *Block[T]) One() *T { return &b.List(1)[0] }

// Of returns a copy of v.
func (b *Block[T]) Of(v T) *T {
	p := b.One()
	*p = v
	return p
}
