// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// mount is another registry among the contents of a registry.
type mount struct {
	registry *Registry
	placement
	labels []Label // those of placement, sorted by name
}

// mounting is held while a registry is mounted, whichever it is: two registries that mount each
// other at the same time would not see the cycle otherwise. It is never held while a page is
// written or a metric is defined.
var mounting sync.Mutex

// Mount makes the pages of r show everything that other holds, now and later: metrics, collectors,
// sources, and the registries that are mounted there. It is for libraries that keep a registry of
// their own. [WithPrefix] puts a prefix before all of its names on these pages, and
// [WithConstLabels] adds labels to all of its series. The metrics of other are defined and updated
// as before, its own pages stay as they are, and it may be mounted in several places. The settings
// of r, such as its prefix and its constant labels, apply to its own metrics only.
//
// A registry that is mounted in two others, which are mounted here, is shown once if it comes to
// the same place by both ways. Names that only [WithUTF8Names] allows are shown if other has that
// option.
//
// Families of one name stand under one header. As in one registry, no label set may belong to two
// of them: see [WithConstLabels]. Where a metric has a label of a mount itself, its own label is
// shown, and the log says so once. Of a metric with open label sets, series that have such a label
// themselves are left out and counted.
//
// Mount returns an error and changes nothing if an option is impossible, if r would contain itself,
// or if a metric of other clashes with one of r: [ErrTaken] names both and where they were defined.
// A later definition, in any of the registries, does not fail because of a mount. If it clashes,
// one of the two metrics is left out of the pages of r: the one of the registry that was mounted
// later, and never one of r itself. The metric quipu_mount_drops_total counts that for each page,
// and the log says so the first time.
//
// Mount may be called concurrently. It takes time in proportion to what other holds, and makes the
// next page of r put its families in order again (BenchmarkMount).
func (r *Registry) Mount(other *Registry, options ...MountOption) error {
	switch {
	case r == nil:
		return fmt.Errorf("quipu: Mount: %w", errNilRegistry)
	case other == nil:
		return fmt.Errorf("quipu: Mount: %w: the registry to mount is nil", ErrOption)
	}
	m := &mount{registry: other}
	if err := m.apply(r.naming, options); err != nil {
		return fmt.Errorf("quipu: Mount: %w", err)
	}
	for name, value := range m.consts {
		m.labels = append(m.labels, Label{name, value})
	}
	slices.SortFunc(m.labels, compareNames)
	displaced, err := r.mount(m)
	warnMounted(displaced)
	return err
}

func compareNames(a, b Label) int { return strings.Compare(a.Name, b.Name) }

// mount adds a mount, or returns an error. It returns the metrics whose own labels displace some of
// the mount.
func (r *Registry) mount(m *mount) ([]displaced, error) {
	mounting.Lock()
	defer mounting.Unlock()
	if m.registry.contains(r) {
		return nil, fmt.Errorf("quipu: Mount: %w: the registry would contain itself", ErrOption)
	}
	if slices.ContainsFunc(r.contents.Load().mounts, m.isLike) {
		return nil, fmt.Errorf("quipu: Mount: %w: it is mounted with this prefix and these labels already", ErrTaken)
	}
	t := r.tree()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh(r)
	more, clash := t.add(m)
	if clash != nil {
		return nil, fmt.Errorf("quipu: Mount: %w: %s", ErrTaken, clash)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.contents.Load()
	r.change(func(c *contents) { c.mounts = append(slices.Clip(c.mounts), m) })
	t.extend(more, have, r.contents.Load())
	return t.takeDisplaced(), nil
}

// isLike reports whether another mount shows the same registry in the same place.
func (m *mount) isLike(other *mount) bool {
	return m.registry == other.registry && m.prefix == other.prefix && slices.Equal(m.labels, other.labels)
}

// contains reports whether other is r, or mounted in it, or in a registry that is mounted there.
func (r *Registry) contains(other *Registry) bool {
	return r == other || slices.ContainsFunc(r.contents.Load().mounts, func(m *mount) bool {
		return m.registry.contains(other)
	})
}

// Unmount ends all mounts of other in r, and reports whether there was one. The metrics of other go
// on working, and so do its mounts in other registries. A page under way may still show it, and r
// keeps it in memory until its next page.
func (r *Registry) Unmount(other *Registry) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.contents.Load().mounts
	left := slices.DeleteFunc(slices.Clone(have), func(m *mount) bool { return m.registry == other })
	if len(left) == len(have) {
		return false
	}
	r.change(func(c *contents) { c.mounts = left })
	return true
}

// clash says that a metric cannot be shown beside another one.
type clash struct {
	left   *placed // that is left out
	other  *placed // that is in its way; nil if that is one of the registry's own metrics
	detail string
}

func (c *clash) String() string {
	s := fmt.Sprintf("%s, defined at %s", c.left, c.left.fam.where)
	if c.other != nil {
		s += fmt.Sprintf(", and %s, defined at %s", c.other, c.other.fam.where)
	}
	return s + ": " + c.detail
}

// clashed counts that a page lacks a metric, and logs it the first time.
func (r *Registry) clashed(c *clash) {
	if !r.tally.named.add(eventMountDrop, c.left.name, faultClash) {
		return
	}
	other, where := "", ""
	if c.other != nil {
		other, where = c.other.String(), c.other.fam.where
	}
	r.warn("quipu: left a mounted metric out of a page (further ones of this name are only counted)",
		"metric", c.left.String(), "defined", c.left.fam.where, "other", other, "otherDefined", where,
		"detail", c.detail)
}

// hidden counts that a page lacks a series of an open label set that has a label of a mount itself,
// and logs it the first time.
func (r *Registry) hidden(p *placed) {
	if r.tally.named.add(eventMountDrop, p.name, faultLabels) {
		r.warn("quipu: left a series of a mounted metric out of a page (further ones are only counted)",
			"metric", p.name, "reason", faultLabels.String(), "detail", "it has a label itself that the mount adds")
	}
}
