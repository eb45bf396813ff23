// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/shard"

// made returns a new series of a family, with room for its life if it may expire.
func made[M any](f *family) *M {
	if f.def.expiry > 0 {
		return &new(mortal[M]).metric
	}
	return new(M)
}

// expiry returns what the map of the family needs to know, or nil.
func (f *family) expiry() *shard.Expiry {
	if f.def.expiry <= 0 {
		return nil
	}
	e := &shard.Expiry{
		After:   int64(f.def.expiry),
		Now:     f.core.sinceEpoch,
		Updated: f.kind.updated,
		Age:     func(n *shard.Node) *shard.Age { return &f.kind.life(n).age },
	}
	if f.kind.buffered {
		e.Flush = f.core.log.Drain
	}
	return e
}

// sweep makes series leave that are expired, and brings those back that were updated after they had
// left. Walks of the family call it first.
func (f *family) sweep() {
	if f.def.expiry > 0 {
		f.index.Sweep(f.core.sinceEpoch())
	}
}

// expired returns how many times a series has left, if the metric has an expiry.
func (f *family) expired() (n uint64, ok bool) {
	if f.def.expiry <= 0 {
		return 0, false
	}
	return f.index.Expired(), true
}

// waiting returns how many series wait for room, if the metric has an expiry.
func (f *family) waiting() (n uint64, ok bool) {
	if f.def.expiry <= 0 {
		return 0, false
	}
	return uint64(f.index.Waiting()), true
}
