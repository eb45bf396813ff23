// SPDX-License-Identifier: Apache-2.0

package engine

// freeList keeps a few objects for the next scrape. Scrapes are many seconds apart, and a sync.Pool is emptied by the
// second garbage collection: it would be empty at nearly every scrape of a busy program.
type freeList[T any] chan T

// keptPages is how many pages, of 64 KiB and some, a registry keeps. One is enough but where scrapes overlap.
const keptPages = 2

// get returns a kept object, or a new one.
func (l freeList[T]) get(make func() T) T {
	select {
	case kept := <-l:
		return kept
	default:
		return make()
	}
}

// put keeps an object, if there is room.
func (l freeList[T]) put(object T) {
	select {
	case l <- object:
	default:
	}
}
