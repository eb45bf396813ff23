// SPDX-License-Identifier: Apache-2.0

// Package sync has the part of the API of the standard library's sync that scenarios need.
// Operations of a Mutex are steps of a run: see package interleave.
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

// Only code that scenarios do not run concurrently uses these.
type (
	Locker = sync.Locker
	Once   = sync.Once
	Pool   = sync.Pool
)
