// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// withdrawn holds the series that have expired and are not forgotten yet. Map.mu guards it, but for
// the counts, which are read without.
//
// # States of a series
//
//	listed     in the map and the roster, and counted against the limit
//	withdrawn  in none of them, but here, by a pointer that the garbage collector does not see
//	waiting    like withdrawn, but updated, and held by a pointer until there is room to be listed
//	forgotten  nobody can find it, and nobody has its handle
//	gone       deleted; there may be handles, but nobody sees what they count
//
// Only the holder of Map.mu moves a series to another state. An update moves nothing: it changes
// what Expiry.Updated looks at, and the next look notices it. A writer that stops before, within or
// after its update has the handle until the update is there to be noticed.
//
// # The pointer that the collector does not see
//
// A withdrawn series must be found as long as somebody has its handle, and must not be kept alive
// for that. When the last handle is dropped right after an update, the series must come back.
// Therefore a series gets a finalizer when it is withdrawn. The collector does not free an object
// that has a finalizer. It passes the object to the finalizer, and can free it in a later cycle.
// Here the finalizer first locks Map.mu, and then lists the series again or removes it from here.
// So while Map.mu is locked the memory of a series that is found here has not been freed: its
// finalizer is set, or queued, or waits for Map.mu.
//
// A weak.Pointer would not do. It is nil from the moment at which the finalizer is queued. Until
// the finalizer's turn, a lookup would have to begin a second series with the same labels, although
// the first one may have an update that nobody has seen. A function of runtime.AddCleanup does not
// get the object at all.
//
// The rules that make this right:
//
//   - Every withdrawal has a number, which its finalizer knows. A finalizer may run so late that
//     its series has been listed again, and even withdrawn again with another finalizer. Then it
//     finds another number and does nothing.
//   - A series that comes back is first stored where the collector sees it, and then loses its
//     finalizer. In the other order nothing would protect it in between: a collector that is
//     marking may have scanned the stack that holds the pointer already.
//   - A handle that a lookup returns while the series stays withdrawn, as there is no room, is
//     noted in looked. The collector may have found the series unreachable just before. Then the
//     finalizer sets itself again instead of forgetting the series.
//   - A listed or waiting series has no finalizer. Its handle is part of a cycle (family, map,
//     handle), and the collector does not free a cycle that has a finalizer in it.
//   - For the same reason nothing that a withdrawn series or its finalizer refers to may refer to
//     the series.
//
// If the operating system stops the holder of Map.mu, then creations, sweeps and finalizers wait.
// Updates, and lookups of listed series, do not.
type withdrawn struct {
	entries []entry
	byText  map[string]uint32 // positions in entries, by the text of the variable labels
	peak    int               // the most entries that byText ever had
	number  uint64            // of the last withdrawal

	count   atomic.Int64  // of entries
	waiting atomic.Int64  // of entries that wait
	total   atomic.Uint64 // of withdrawals
}

type entry struct {
	hidden  uintptr // the *Node, unless it waits
	waiting *Node
	text    string // its variable labels
	number  uint64 // of the withdrawal
	looked  bool   // a lookup returned the node since its finalizer was set
}

// node returns the entry's node. The caller holds Map.mu until it is through with it. To keep the
// node for longer, it stores the node where the collector sees it, or sets looked.
func (e *entry) node() *Node {
	if e.waiting != nil {
		return e.waiting
	}
	return *(**Node)(unsafe.Pointer(&e.hidden)) // a plain conversion would be reported by go vet and checkptr
}

// withdraw moves a listed series here. The caller holds mu.
func (m *Map) withdraw(n *Node) {
	if !m.unlist(n) {
		return // an overflow series that lookups do not find
	}
	m.strike(n, flagWithdrawn)
	w := &m.expiring.withdrawn
	w.number++
	w.total.Add(1)
	w.add(n, entry{hidden: uintptr(unsafe.Pointer(n)), text: m.variable(n), number: w.number})
	m.setFinalizer(n, w.number)
}

func (m *Map) setFinalizer(n *Node, number uint64) {
	runtime.SetFinalizer(n, func(n *Node) { m.finalize(n, number) })
}

// finalize is called when nobody has the handle of a withdrawn series any more.
func (m *Map) finalize(n *Node, number uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.expiring.now()
	w := &m.expiring.withdrawn
	at, ok := w.position(n)
	if !ok || w.entries[at].number != number || w.entries[at].waiting != nil {
		return
	}
	switch {
	case m.expiring.Updated(n):
		m.restoreOrWait(at, Age{now, m.expiring.unshown()})
	case w.entries[at].looked:
		w.entries[at].looked = false
		m.setFinalizer(n, number)
	default:
		if m.expiring.forgotten != nil {
			m.expiring.forgotten(n)
		}
		w.remove(at)
	}
}

// sweepWithdrawn lists the series again that were updated. It goes from the last entry to the
// first. Where an entry is removed the last one takes its place, so that a series that is here all
// the time is not missed, whatever happens between the batches.
func (m *Map) sweepWithdrawn(s *sweep) {
	w := &m.expiring.withdrawn
	for i := int(w.count.Load()) - 1; i >= 0; {
		m.mu.Lock()
		for end := max(i-sweepBatch, -1); i > end; i-- {
			if i < len(w.entries) && (w.entries[i].waiting != nil || m.expiring.Updated(w.entries[i].node())) {
				m.restoreOrWait(i, Age{s.now, s.notice})
			}
		}
		m.mu.Unlock()
	}
}

// restoreOrWait lists a series again that was updated, or makes it wait. The caller holds mu.
func (m *Map) restoreOrWait(at int, age Age) {
	if m.restore(at, age) {
		return
	}
	w := &m.expiring.withdrawn
	if e := &w.entries[at]; e.waiting == nil {
		e.waiting = e.node()
		e.hidden, e.looked = 0, false
		w.waiting.Add(1)
		m.reveal(e.waiting)
	}
}

// restore lists a series again. It reports false if there is no room. The caller holds mu.
func (m *Map) restore(at int, age Age) bool {
	e := &m.expiring.entries[at]
	key, have, displaced := m.place(e.text, m.hashText(e.text, false))
	if have != nil || int(m.count.Load()) >= m.max {
		return false
	}
	if !m.limits.admits(e.text) || !m.budget.Load().take() {
		return false
	}
	n := e.node()
	m.add(key, n, displaced)
	if m.count.Add(1)%splitEvery == 0 {
		m.index.grow(key)
	}
	*m.expiring.Age(n) = age
	m.reveal(n)
	m.expiring.remove(at)
	return true
}

// reveal takes the finalizer away from a series that was hidden until just now. The caller holds mu
// and, if it needs the node any longer, has stored it where the collector sees it.
//
// That store has shown the node to a collector that is marking, as the write barrier shows it every
// pointer that is stored. What is promised (runtime/mbarrier.go) is a little less: it shows
// pointers that are overwritten, and those that are stored by a goroutine whose stack has not been
// scanned. Hence one store more, and one that overwrites it.
func (m *Map) reveal(n *Node) {
	m.expiring.revealed.Store(n)
	m.expiring.revealed.Store(nil)
	runtime.SetFinalizer(n, nil) // one that is queued already finds that the series has left
}

// recall returns the withdrawn series with these variable labels, or nil. It lists the series again
// if there is room. The caller holds mu.
func (m *Map) recall(variable []byte, now int64) *Node {
	at, ok := m.expiring.byText[string(variable)]
	if !ok {
		return nil
	}
	e := &m.expiring.entries[at]
	n := e.node()
	age := Age{now, 2 * m.expiring.walks} // a look will notice if it was updated
	if e.waiting != nil {
		age.notice = m.expiring.unshown()
	}
	e.looked = e.waiting == nil
	m.restore(int(at), age)
	return n
}

// forget makes a withdrawn series one that is gone. The caller holds mu.
func (m *Map) forget(at int) {
	n := m.expiring.entries[at].node()
	m.reveal(n)
	m.expiring.remove(at)
	n.slot.Store(n.slot.Load()&flagEscaped | flagGone)
}

// forgetAll is forget for every withdrawn series.
func (m *Map) forgetAll() {
	for at := len(m.expiring.entries) - 1; at >= 0; at-- {
		m.forget(at)
	}
}

// Forget removes the withdrawn series with these label values, which Find does not find, so that
// the next [Map.Insert] makes a new one. It removes a listed series too, if it has come back since,
// and reports whether there was one or the other.
func (m *Map) Forget(values []string) bool {
	if m.expiring == nil || len(values) != len(m.names) {
		return false
	}
	var text []byte
	for i, value := range values {
		text = m.names[i].Append(text, value)
	}
	return m.forgetText(string(text))
}

// ForgetSet is Forget for a label set.
func (m *Map) ForgetSet(set map[string]string) bool {
	if m.expiring == nil || !m.open && !m.declares(set) {
		return false
	}
	if m.open {
		return m.forgetText(string(labeltext.AppendSet(nil, set, false)))
	}
	var text []byte
	for i := range m.names {
		text = m.names[i].Append(text, set[m.names[i].Text])
	}
	return m.forgetText(string(text))
}

func (m *Map) forgetText(variable string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.expiring.byText[variable]; ok {
		m.forget(int(at))
		return true
	}
	_, have, _ := m.place(variable, m.hashText(variable, false))
	return have != nil && m.variable(have) == variable && m.deleteLocked(have)
}

// known returns what a lookup gets without a new series: a withdrawn one, or one that it shares
// with other lookups because of a limit. It returns nil if the caller must look for itself.
func (m *Map) known(variable []byte, key Key) (*Node, Limit) {
	if m.expiring.count.Load() == 0 {
		return nil, NoLimit
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.expiring.now()
	if n := m.recall(variable, now); n != nil {
		return n, NoLimit
	}
	if m.load(uint64(key)) != nil || m.displaced.Load() != 0 {
		return nil, NoLimit // perhaps another goroutine has created it
	}
	if m.limits != nil {
		if n := m.knownOver(string(variable), now); n != nil {
			m.rejected.Inc()
			return n, LabelLimit
		}
	}
	over, limit := m.full()
	if over != nil {
		m.rejected.Inc()
	}
	return over, limit
}

// knownOver is knownShared for the labels of a lookup. It returns nil if none of them is beyond a
// limit.
func (m *Map) knownOver(text string, now int64) *Node {
	if m.limits.admits(text) {
		return nil
	}
	return m.knownShared(m.limits.shared(text), now)
}

// knownShared returns the series with these labels, one of which has the overflow value, or nil.
// The caller holds mu.
func (m *Map) knownShared(variable []byte, now int64) *Node {
	text := string(variable)
	if _, n, _ := m.place(text, m.hashText(text, false)); n != nil && m.variable(n) == text {
		return n
	}
	if m.expiring == nil {
		return nil
	}
	return m.recall(variable, now)
}

// withdrawnOrNew returns the withdrawn series with these variable labels and the position of its
// entry, or a new series and -1.
func (m *Map) withdrawnOrNew(variable []byte) (n *Node, at int) {
	if m.expiring != nil {
		if at, ok := m.expiring.byText[string(variable)]; ok {
			return m.expiring.entries[at].node(), int(at)
		}
	}
	return m.newSeries(variable), -1
}

// position returns the position of a node's entry, if it has one.
func (w *withdrawn) position(n *Node) (at int, ok bool) {
	slot := n.slot.Load()
	return int(slot & slotMask), slot&flagWithdrawn != 0
}

func (w *withdrawn) add(n *Node, e entry) {
	if w.byText == nil {
		w.byText = make(map[string]uint32)
	}
	w.entries = append(w.entries, e)
	w.place(n, len(w.entries)-1)
	w.peak = max(w.peak, len(w.entries))
	w.count.Store(int64(len(w.entries)))
}

// place notes the position of a node's entry.
func (w *withdrawn) place(n *Node, at int) {
	w.byText[w.entries[at].text] = uint32(at)
	n.slot.Store(n.slot.Load()&flagEscaped | flagWithdrawn | uint32(at))
}

// remove removes an entry. The last one takes its place. The flags of the node are the caller's.
func (w *withdrawn) remove(at int) {
	if w.entries[at].waiting != nil {
		w.waiting.Add(-1)
	}
	delete(w.byText, w.entries[at].text)
	last := len(w.entries) - 1
	if at != last {
		w.entries[at] = w.entries[last]
		w.place(w.entries[at].node(), at)
	}
	w.entries[last] = entry{}
	w.entries = w.entries[:last]
	w.count.Store(int64(last))
	if w.peak > 64 && last < w.peak/4 {
		w.shrink()
	}
}

// shrink gives back the memory of a time with more entries. A Go map does not do that by itself.
func (w *withdrawn) shrink() {
	w.entries = append([]entry(nil), w.entries...)
	w.byText = make(map[string]uint32, len(w.entries))
	for at := range w.entries {
		w.byText[w.entries[at].text] = uint32(at)
	}
	w.peak = len(w.entries)
}
