// SPDX-License-Identifier: Apache-2.0

package engine

import "sync"

// freeList keeps a few objects for the next scrape. It is not a sync.Pool: scrapes are many seconds
// apart, and a pool is emptied by the second garbage collection, so it would be empty at nearly
// every scrape of a busy program. It is not a channel: a channel that is made inside a
// testing/synctest bubble must not be used outside it. The zero value is an empty list.
//
// The object that has been kept longest is used first. So each has its turn, and one that has
// become too large is noticed then.
type freeList[T any] struct {
	mu   sync.Mutex
	kept [keptPages]T
	n    int // how many are kept
}

// keptPages is how many pages, of a little over 64 KiB each, a registry keeps. One is enough unless
// scrapes overlap.
const keptPages = 2

// fewSeries is the number of series whose buffer is kept in any case.
const fewSeries = 1000

// get returns a kept object, or a new one.
func (l *freeList[T]) get(make func() T) T {
	if object, ok := l.take(); ok {
		return object
	}
	return make()
}

func (l *freeList[T]) take() (object T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return object, false
	}
	var none T
	object = l.kept[0]
	copy(l.kept[:], l.kept[1:l.n])
	l.n--
	l.kept[l.n] = none
	return object, true
}

// put keeps an object, if there is room.
func (l *freeList[T]) put(object T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n < len(l.kept) {
		l.kept[l.n] = object
		l.n++
	}
}
