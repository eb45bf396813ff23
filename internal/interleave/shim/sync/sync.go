// SPDX-License-Identifier: Apache-2.0

// Package sync has the API of the standard library's sync, as far as it is needed. Operations of a Mutex are steps of a
// run: see package interleave.
package sync

import (
	"sync"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// Mutex is sync.Mutex.
type Mutex struct{ _ byte }

func (m *Mutex) Lock()         { interleave.Lock(m) }
func (m *Mutex) TryLock() bool { return interleave.TryLock(m) }
func (m *Mutex) Unlock()       { interleave.Unlock(m) }

// These are used by code that no scenario runs concurrently.
type (
	Locker = sync.Locker
	Once   = sync.Once
	Pool   = sync.Pool
)
