// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/encode"
)

// member is a registry in a place of the tree that mounts make.
type member struct {
	registry *Registry
	contents *contents
	prefix   string
	labels   []Label   // that mounts add, sorted by name
	families []*placed // those of contents, in their order
}

// members returns a registry and everything that is mounted in it, directly or not, in the order of
// mounting. Each registry precedes those that are mounted in it.
func (r *Registry) members() []member {
	have := r.contents.Load()
	list := []member{{registry: r, contents: have}}
	for _, m := range have.mounts {
		list = append(list, m.members()...)
	}
	return list
}

// members returns the members that a mount adds.
func (m *mount) members() []member { return m.place(m.registry.members()) }

// place puts the members of the registry that is mounted where the mount shows them.
func (m *mount) place(list []member) []member {
	for i := range list {
		list[i].prefix = m.prefix + list[i].prefix
		list[i].labels = joined(list[i].labels, m.labels)
	}
	return list
}

// joined returns the labels of an inner mount and those of the mount around it, of which the inner
// ones win.
func joined(inner, outer []Label) []Label {
	if len(inner) == 0 {
		return outer
	}
	all := slices.Clone(inner)
	for _, l := range outer {
		if !hasLabel(inner, l.Name) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, compareNames)
	return all
}

func (m *member) isAt(other *member) bool {
	return m.registry == other.registry && m.prefix == other.prefix && slices.Equal(m.labels, other.labels)
}

func (m *member) isCurrent() bool { return m.registry.contents.Load() == m.contents }

// list is what walks of a registry go through. But for escaped it does not change.
type list struct {
	members        []member
	registries     []*member   // the first one of each registry
	past           *record     // of registries that have left the tree; nil if none has
	families       []*placed   // sorted by name and order
	groups         [][]*placed // those of one name
	clashes        []clash     // families that are left out
	withoutMetrics []supplier
	sources        []supplier
	placedSources  []placedSource

	escaped [encode.NoEscaping]atomic.Pointer[escaped] // made when it is first needed: see escapedBy
}

// placedSource is a source at a place: on the pages of its registry, or of one that has this
// registry mounted.
type placedSource struct {
	call   int // the index of the source in list.sources
	prefix string
	labels []Label // that mounts add
}

func (at placedSource) isAt(other placedSource) bool {
	return at.call == other.call && at.prefix == other.prefix && slices.Equal(at.labels, other.labels)
}

// isCurrent reports whether none of the registries has changed since the list was made.
func (l *list) isCurrent() bool {
	for i := range l.members {
		if !l.members[i].isCurrent() {
			return false
		}
	}
	return true
}

// sort brings the families into the order of pages and groups them by name.
func (l *list) sort() {
	slices.SortFunc(l.families, func(a, b *placed) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.order(), b.order()))
	})
	begin := 0
	for i, p := range l.families {
		if i+1 == len(l.families) || l.families[i+1].name != p.name {
			l.groups = append(l.groups, l.families[begin:i+1])
			begin = i + 1
		}
	}
}

// placeSources lists the sources of all members, each once, and the places where they are shown.
func (l *list) placeSources() {
	calls := make(map[supplier]int)
	for i := range l.members {
		m := &l.members[i]
		for _, s := range m.contents.sources {
			call, ok := calls[s]
			if !ok {
				call = len(l.sources)
				calls[s] = call
				l.sources = append(l.sources, s)
			}
			at := placedSource{call, m.prefix, m.labels}
			if !ok || !slices.ContainsFunc(l.placedSources, at.isAt) {
				l.placedSources = append(l.placedSources, at)
			}
		}
	}
}

// displaced are labels that mounts do not add to a metric, because it has them itself.
type displaced struct {
	fam    *family
	labels []string
}

// warnMounted logs the labels that mounts do not add. The caller holds no lock.
func warnMounted(list []displaced) {
	for _, d := range list {
		d.fam.warnMounted(d.labels)
	}
}

// tree is what a registry knows about its members: which of their families its pages show, in which
// places. Where families clash, the members decide, in their order: which one is left out does not
// depend on who was first. So the tree is made anew when a member has changed, and a mount adds to
// the end of it.
//
// The holder of mu reads and writes all of it. Walks take mu only when they find that a member has
// changed; definitions do not.
type tree struct {
	mu        sync.Mutex
	members   []member
	names     names     // of the families that are shown, if indexed is set
	indexed   bool      // not set if nothing is mounted
	families  []*placed // that are shown
	clashes   []clash   // between the others and them
	displaced []displaced
	ledger    ledger
}

// tree returns the tree of a registry, which the first walk or mount makes.
func (r *Registry) tree() *tree {
	if t := r.trees.Load(); t != nil {
		return t
	}
	r.trees.CompareAndSwap(nil, new(tree))
	return r.trees.Load()
}

// newList makes the list of the registry's walks, which show these families of its own too. count
// returns the record of a registry.
func (r *Registry) newList(own []*family, count func(*Registry, string) *record) (*list, []displaced) {
	t := r.tree()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh(r)
	l := &list{members: t.members, clashes: t.clashes}
	l.families = make([]*placed, 0, len(t.families)+len(own))
	l.families = append(l.families, t.families...)
	for _, f := range own {
		l.families = append(l.families, &f.home)
	}
	l.sort()
	seen := make(map[*Registry]bool)
	for i := range t.members {
		m := &t.members[i]
		if seen[m.registry] {
			continue
		}
		seen[m.registry] = true
		l.registries = append(l.registries, m)
		l.withoutMetrics = append(l.withoutMetrics, m.contents.withoutMetrics...)
	}
	l.placeSources()
	l.past = t.ledger.settle(l.registries, count)
	r.lists.Store(l)
	return l, t.takeDisplaced()
}

func (t *tree) takeDisplaced() []displaced {
	list := t.displaced
	t.displaced = nil
	return list
}

// refresh brings the tree up to date. The caller holds mu.
func (t *tree) refresh(r *Registry) {
	members := r.members()
	if slices.EqualFunc(members, t.members, func(a, b member) bool { return a.isAt(&b) && a.contents == b.contents }) {
		return
	}
	t.place(members, t.members)
	t.members, t.families, t.clashes = members, nil, nil
	t.names, t.indexed = names{reserved: r.names.reserved}, false
	if len(members) == 1 { // the registry has seen to it that nothing clashes
		t.families = members[0].families
		return
	}
	t.indexed = true
	for i := range members {
		for _, p := range members[i].families {
			t.show(p)
		}
	}
}

// show shows a family, or adds a clash and returns it. A family that is shown in this very place
// already, because mounts lead there in several ways, is no clash.
func (t *tree) show(p *placed) *clash {
	if other, detail := t.names.clash(&p.place); detail != "" {
		if other != nil && other.isAt(p) {
			return nil
		}
		t.clashes = append(t.clashes, clash{p, other, detail})
		return &t.clashes[len(t.clashes)-1]
	}
	t.names.add(p)
	t.families = append(t.families, p)
	return nil
}

// index enters the families of a registry that has had nothing mounted.
func (t *tree) index() {
	if t.indexed {
		return
	}
	t.indexed = true
	t.families = slices.Clip(t.families) // they are those of the member too
	for _, p := range t.families {
		t.names.add(p)
	}
}

// add shows the families of a mount, or returns a clash and changes nothing. Families that are left
// out of the pages of the registry that is mounted, too, do not prevent the mount. The caller holds
// mu, has brought the tree up to date, and calls extend next.
func (t *tree) add(m *mount) ([]member, *clash) {
	alone := m.registry.members()
	left := leftOut(alone, m.registry.names.reserved)
	more := m.place(slices.Clone(alone))
	t.index()
	families, clashes, noted := len(t.families), len(t.clashes), len(t.displaced)
	t.place(more, nil)
	for i := range more {
		for j, p := range more[i].families {
			c := t.show(p)
			if c == nil || left[familyOf{i, j}] {
				continue
			}
			found := *c
			for _, p := range t.families[families:] {
				t.names.remove(p)
			}
			t.families, t.clashes, t.displaced = t.families[:families], t.clashes[:clashes], t.displaced[:noted]
			return nil, &found
		}
	}
	return more, nil
}

// extend notes that the members that add has returned are among the contents now, of which it gets
// those before and after the change. The caller holds mu.
func (t *tree) extend(more []member, before, after *contents) {
	t.members = slices.Concat(t.members, more) // the slice before is that of a list
	if t.members[0].contents == before {
		t.members[0].contents = after
	} // else a definition came in between, and the tree is made anew
}

// familyOf is a family by the index of its member and its own index there.
type familyOf struct{ member, family int }

// leftOut returns the families that the first of these members leaves out of its own pages.
func leftOut(members []member, reserved func(*place) string) map[familyOf]bool {
	if len(members) == 1 {
		return nil
	}
	left := map[familyOf]bool{}
	t := tree{names: names{reserved: reserved}}
	members = slices.Clone(members)
	t.place(members, nil)
	for i := range members {
		for j, p := range members[i].families {
			if t.show(p) != nil {
				left[familyOf{i, j}] = true
			}
		}
	}
	return left
}

// place sets the families of members. Those of the members before stay what they are, so that their
// headers are not rendered again.
func (t *tree) place(members, before []member) {
	known := make(map[*Registry][]*member, len(before))
	for i := range before {
		m := &before[i]
		known[m.registry] = append(known[m.registry], m)
	}
	for i := range members {
		m := &members[i]
		old := new(member)
		for _, o := range known[m.registry] {
			if o.isAt(m) {
				old = o
			}
		}
		if old.contents == m.contents {
			m.families = old.families
		} else {
			t.placeAnew(m, old)
		}
	}
}

// placeAnew sets the families of a member that was not there before, or has changed since.
func (t *tree) placeAnew(m, old *member) {
	known := make(map[*family]*placed, len(old.families))
	for _, p := range old.families {
		known[p.fam] = p
	}
	m.families = make([]*placed, len(m.contents.families))
	for i, f := range m.contents.families {
		p := known[f]
		if p == nil {
			var own []string
			if p, own = f.at(m.prefix, m.labels); len(own) > 0 {
				t.displaced = append(t.displaced, displaced{f, own})
			}
		}
		m.families[i] = p
	}
}
