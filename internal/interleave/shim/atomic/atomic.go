// SPDX-License-Identifier: Apache-2.0

// Package atomic has the API of sync/atomic. Its operations are steps of a run: see package
// interleave.
package atomic

import "github.com/quipu-metrics/quipu/internal/interleave"

// LoadUint64 is atomic.LoadUint64.
func LoadUint64(p *uint64) uint64 { return interleave.Load(p) }

// StoreUint64 is atomic.StoreUint64.
func StoreUint64(p *uint64, v uint64) {
	interleave.Write(p)
	*p = v
}

// AddUint64 is atomic.AddUint64.
func AddUint64(p *uint64, n uint64) uint64 {
	interleave.Write(p)
	*p += n
	return *p
}

// SwapUint64 is atomic.SwapUint64.
func SwapUint64(p *uint64, v uint64) uint64 {
	interleave.Write(p)
	old := *p
	*p = v
	return old
}

// CompareAndSwapUint64 is atomic.CompareAndSwapUint64.
func CompareAndSwapUint64(p *uint64, old, new uint64) bool {
	interleave.Write(p)
	if *p != old {
		return false
	}
	*p = new
	return true
}

// Uint64 is atomic.Uint64.
type Uint64 struct{ v uint64 }

func (x *Uint64) Load() uint64                      { return interleave.Load(&x.v) }
func (x *Uint64) Store(v uint64)                    { StoreUint64(&x.v, v) }
func (x *Uint64) Add(n uint64) uint64               { return AddUint64(&x.v, n) }
func (x *Uint64) Swap(v uint64) uint64              { return SwapUint64(&x.v, v) }
func (x *Uint64) CompareAndSwap(old, v uint64) bool { return CompareAndSwapUint64(&x.v, old, v) }

func (x *Uint64) Or(mask uint64) uint64 {
	interleave.Write(&x.v)
	old := x.v
	x.v |= mask
	return old
}

func (x *Uint64) And(mask uint64) uint64 {
	interleave.Write(&x.v)
	old := x.v
	x.v &= mask
	return old
}

// integer has the methods that Uint32, Int32, Int64 and Bool share.
type integer[T comparable] struct{ v T }

func (x *integer[T]) Load() T {
	interleave.Read(&x.v)
	return x.v
}

func (x *integer[T]) Store(v T) {
	interleave.Write(&x.v)
	x.v = v
}

func (x *integer[T]) Swap(v T) T {
	interleave.Write(&x.v)
	old := x.v
	x.v = v
	return old
}

func (x *integer[T]) CompareAndSwap(old, v T) bool {
	interleave.Write(&x.v)
	if x.v != old {
		return false
	}
	x.v = v
	return true
}

// Uint32 is atomic.Uint32.
type Uint32 struct{ integer[uint32] }

func (x *Uint32) Add(n uint32) uint32 {
	interleave.Write(&x.v)
	x.v += n
	return x.v
}

func (x *Uint32) Or(mask uint32) uint32 {
	interleave.Write(&x.v)
	old := x.v
	x.v |= mask
	return old
}

func (x *Uint32) And(mask uint32) uint32 {
	interleave.Write(&x.v)
	old := x.v
	x.v &= mask
	return old
}

// Int32 is atomic.Int32.
type Int32 struct{ integer[int32] }

func (x *Int32) Add(n int32) int32 {
	interleave.Write(&x.v)
	x.v += n
	return x.v
}

// Int64 is atomic.Int64.
type Int64 struct{ integer[int64] }

func (x *Int64) Add(n int64) int64 {
	interleave.Write(&x.v)
	x.v += n
	return x.v
}

// Bool is atomic.Bool.
type Bool struct{ integer[bool] }

// Pointer is atomic.Pointer.
type Pointer[T any] struct{ integer[*T] }
