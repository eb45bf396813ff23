// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"strings"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Limit says why a lookup did not get a series of its own.
type Limit uint8

const (
	NoLimit     Limit = iota // it did
	LabelLimit               // a label has as many values as [Config.LabelLimits] allows
	SeriesLimit              // the map has as many series as [Config.MaxSeries] allows
	BudgetLimit              // all maps of the [Budget] have
)

// limits bounds the values of labels. The values of a label are those that listed series have. One
// beyond the limit is replaced by Config.Overflow, so the lookup ends in a series that all such
// values share. The overflow value itself is not counted, and neither is the empty value, which is
// the same as an absent label.
//
// # Lookups without a lock
//
// A lookup whose value has no series must know that the value is not there and that there is no
// room for it, at one moment. Otherwise it could end in the shared series although its value was
// there all the time: it may find the value missing, then another goroutine adds this very value,
// and then the lookup finds the label full. Therefore changes is odd while a value comes or goes,
// and different afterwards. A lookup that finds it odd or changed decides again under Map.mu.
//
// Only the holder of Map.mu changes anything here. If it stops half-way, lookups of values that
// have no series wait for Map.mu, as they do if it stops elsewhere. Lookups that find a series do
// not come here.
type limits struct {
	labels   []limitedLabel
	overflow string
	changes  atomic.Uint64
}

// limitedLabel is a label with a limit.
type limitedLabel struct {
	name   string
	at     int // its position among the declared names
	seed   uint64
	max    int
	count  atomic.Int64 // of values
	values atomic.Pointer[valueMap]
}

// valueMap maps the keyed hashes of values, which nobody outside the process can predict. If two
// values had one hash, the second would share the series of those beyond the limit.
type valueMap = xsync.MapOf[uint64, *limitedValue]

type limitedValue struct {
	value  string
	series int // that have it; Map.mu guards it
}

// newLimits returns nil if there is nothing to limit.
func newLimits(c *Config) *limits {
	if len(c.LabelLimits) == 0 {
		return nil
	}
	l := &limits{overflow: c.Overflow, labels: make([]limitedLabel, 0, len(c.LabelLimits))}
	add := func(name string, at, most int) {
		l.labels = append(l.labels, limitedLabel{name: name, at: at, seed: nameSeed(name), max: most})
	}
	for at, name := range c.Names {
		if most, ok := c.LabelLimits[name]; ok {
			add(name, at, most)
		}
	}
	if c.Names == nil {
		for name, most := range c.LabelLimits {
			add(name, 0, most)
		}
	}
	return l
}

// over reports whether a value is beyond the limit of its label.
func (l *limits) over(label *limitedLabel, value string) bool {
	if value == "" || value == l.overflow {
		return false
	}
	if v := label.load(keyedHash(label.seed, value)); v != nil {
		return v.value != value
	}
	return int(label.count.Load()) >= label.max
}

func (l *limitedLabel) load(hash uint64) *limitedValue {
	m := l.values.Load()
	if m == nil {
		return nil
	}
	v, _ := m.Load(hash)
	return v
}

// label returns the limit of a label, or nil.
func (l *limits) label(name string) *limitedLabel {
	for i := range l.labels {
		if l.labels[i].name == name {
			return &l.labels[i]
		}
	}
	return nil
}

// begin and end enclose the reading of several values without Map.mu. end reports whether they were
// all as they were at one moment.
func (l *limits) begin() (version uint64) { return l.changes.Load() }

func (l *limits) end(version uint64) bool {
	return version%2 == 0 && l.changes.Load() == version
}

// admits reports whether no value of a series is beyond a limit, given the text of its variable
// labels. A map without limits has none. The caller holds Map.mu.
func (l *limits) admits(text string) bool {
	if l == nil {
		return true
	}
	for name, value := range labeltext.All(text) {
		if label := l.label(name); label != nil && l.over(label, value) {
			return false
		}
	}
	return true
}

// shared returns the text with the overflow value for all values that are beyond a limit. The
// caller holds Map.mu.
func (l *limits) shared(text string) (variable []byte) {
	for name, value := range labeltext.All(text) {
		if label := l.label(name); label != nil && l.over(label, value) {
			value = l.overflow
		}
		variable = labeltext.Append(variable, name, value)
	}
	return variable
}

// enter counts the values of a series that is listed from now on. None of them is beyond a limit.
// The caller holds Map.mu.
func (l *limits) enter(text string) {
	for name, value := range labeltext.All(text) {
		label := l.label(name)
		if label == nil || value == "" || value == l.overflow {
			continue
		}
		hash := keyedHash(label.seed, value)
		if v := label.load(hash); v != nil {
			v.series++
			continue
		}
		v := &limitedValue{strings.Clone(value), 1}
		l.changes.Add(1)
		m := label.values.Load()
		if m == nil {
			m = xsync.NewMapOfWithHasher[uint64, *limitedValue](func(key, _ uint64) uint64 { return key })
			label.values.Store(m)
		}
		m.Store(hash, v)
		label.count.Add(1)
		l.changes.Add(1)
	}
}

// leave is the opposite of enter: a value leaves with its last series.
func (l *limits) leave(text string) {
	for name, value := range labeltext.All(text) {
		label := l.label(name)
		if label == nil || value == "" || value == l.overflow {
			continue
		}
		hash := keyedHash(label.seed, value)
		v := label.load(hash)
		if v.series--; v.series > 0 {
			continue
		}
		l.changes.Add(1)
		if label.count.Add(-1) == 0 {
			label.values.Store(nil) // with the table that so many values needed
		} else {
			label.values.Load().Delete(hash)
		}
		l.changes.Add(1)
	}
}

// clear forgets all values.
func (l *limits) clear() {
	l.changes.Add(1)
	for i := range l.labels {
		l.labels[i].values.Store(nil)
		l.labels[i].count.Store(0)
	}
	l.changes.Add(1)
}

// findShared returns the series that a lookup of values shares with others, because one of them is
// beyond the limit of its label. It returns nil if the caller must decide under the mutex, or if no
// value is beyond a limit. It takes no lock, but for a sweep of a map with [Expiry].
func (m *Map) findShared(values []string) *Node {
	// The values of a lookup may lie on its stack, and so must this copy. With append or copy,
	// escape analysis would move both to the heap.
	var room [2 * few]string
	if len(values) > len(room) {
		return nil
	}
	for i, value := range values {
		room[i%len(room)] = value
	}
	shared, over := room[:len(values)], false
	version := m.limits.begin()
	for i := range m.limits.labels {
		if label := &m.limits.labels[i]; m.limits.over(label, values[label.at]) {
			shared[label.at], over = m.limits.overflow, true
		}
	}
	if !over || !m.limits.end(version) || m.mayFindRoom() {
		return nil
	}
	n, _ := m.Find(shared)
	return n
}

// findSharedSet is findShared for a label set of an open map.
func (m *Map) findSharedSet(set map[string]string) *Node {
	var shared map[string]string
	version := m.limits.begin()
	for i := range m.limits.labels {
		label := &m.limits.labels[i]
		if !m.limits.over(label, set[label.name]) {
			continue
		}
		if shared == nil {
			shared = make(map[string]string, len(set))
			for name, value := range set {
				shared[name] = value
			}
		}
		shared[label.name] = m.limits.overflow
	}
	if shared == nil || !m.limits.end(version) || m.mayFindRoom() {
		return nil
	}
	n, _ := m.FindSet(shared)
	return n
}
