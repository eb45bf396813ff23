// SPDX-License-Identifier: Apache-2.0

//go:build explore

package shard

import (
	"fmt"
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// exploredLimit is a map whose one label may have one value. The series of values beyond it exists,
// so that lookups can end in it without the mutex.
type exploredLimit struct {
	*explored
	got []string
}

func newExploredLimit(value string) *exploredLimit {
	m := &exploredLimit{explored: &explored{Map: New(Config{
		Names: []string{"a"}, MaxSeries: 1 << 20, LabelLimits: map[string]int{"a": 1}, Overflow: "overflow",
		Budget: NewBudget(1 << 20), New: func() *Node { return new(Node) },
	})}}
	m.create("0")
	m.create("beyond")
	m.delete("0")
	if value != "" {
		m.create(value)
	}
	return m
}

func (m *exploredLimit) with(value string) { m.got = append(m.got, m.create(value).Labels) }

// check finds lookups that ended in the shared series, and values that are not counted as they are
// listed.
func (m *exploredLimit) check(mayShare bool) string {
	for _, labels := range m.got {
		if labels == text("overflow") && !mayShare {
			return "a value shares a series although there was room for it, or a series of its own, all the time"
		}
	}
	listed := 0
	for n := range m.All() {
		if n.Labels != text("overflow") {
			listed++
		}
	}
	label := &m.limits.labels[0]
	if int(label.count.Load()) != listed || listed > 1 {
		return fmt.Sprintf("%d values, %d of them counted", listed, label.count.Load())
	}
	if used := m.budget.Load().used.Load(); int(used) != m.Size() {
		return fmt.Sprintf("%d series, %d in the budget", m.Size(), used)
	}
	return ""
}

func TestEveryInterleavingOfALimitKeepsItsValues(t *testing.T) {
	scenario := func(name, value string, mayShare bool, setup func(w *world, m *exploredLimit)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			m := newExploredLimit(value)
			setup(w, m)
			w.Check(func() string { return m.check(mayShare) })
		}}
	}
	interleave.Run(t,
		scenario("two lookups of a value that there is room for", "", false, func(w *world, m *exploredLimit) {
			w.Go(0, func() { m.with("1") })
			w.Go(1, func() { m.with("1") })
		}),
		scenario("lookups of a value that is deleted meanwhile", "1", false, func(w *world, m *exploredLimit) {
			w.Go(0, func() { m.with("1") })
			w.Go(1, func() { m.delete("1"); m.with("1") })
		}),
		scenario("a value takes the place of another", "1", true, func(w *world, m *exploredLimit) {
			w.Go(0, func() { m.with("2") })
			w.Go(1, func() { m.delete("1"); m.with("1") })
		}),
		scenario("values come while all series are removed", "1", true, func(w *world, m *exploredLimit) {
			w.Go(0, func() { m.with("2") })
			w.Go(1, func() { m.Reset() })
		}),
	)
}
