// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"sync"
)

const maxKeys = 10_000

var errStoreFull = errors.New("the store is full")

// store keeps values in memory. It keeps its own statistics, like a cache or a connection pool of a
// package without metrics. exposeStore makes metrics of them.
type store struct {
	mu     sync.Mutex
	values map[string][]byte
	stats  storeStats
}

type storeStats struct {
	Keys, Bytes  int
	Hits, Misses uint64
}

func newStore() *store { return &store{values: map[string][]byte{}} }

func (s *store) get(key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[key]
	if ok {
		s.stats.Hits++
	} else {
		s.stats.Misses++
	}
	return value, ok
}

// put stores value and reports whether the key is new. The caller must not change value afterwards.
func (s *store) put(key string, value []byte) (created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.values[key]
	if !exists && len(s.values) >= maxKeys {
		return false, errStoreFull
	}
	s.values[key] = value
	s.stats.Keys = len(s.values)
	s.stats.Bytes += len(value) - len(old)
	return !exists, nil
}

func (s *store) delete(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.values[key]
	delete(s.values, key)
	s.stats.Keys = len(s.values)
	s.stats.Bytes -= len(old)
	return exists
}

func (s *store) statistics() storeStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}
