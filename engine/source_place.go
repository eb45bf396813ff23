// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"hash/maphash"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// changes reports whether series of a kind show labels here that are not their own.
func (at *placedSource) changes(k *kind) bool {
	return len(at.labels) > 0 || k.states && at.prefix != ""
}

// displaces reports whether a series of this kind has a label itself, so that no mount adds it.
func (p *sourcePoint) displaces(name string) bool {
	k := p.header.kind
	return name == k.ownLabel || k.states && name == p.header.name || labeltext.Has(p.labels, name)
}

// labelsOf writes the labels that a series shows here into dst, which is empty. Unlike those of a
// metric they may have any names, so a label of a mount is left out where a series has one of that
// name. The label of a state is called as the family is.
func (at *placedSource) labelsOf(p *sourcePoint, dst []byte) []byte {
	if p.header.kind.states && at.prefix != "" {
		state := p.header.name
		for text := p.labels; text != ""; {
			name, value, _, rest, ok := labeltext.Next(text)
			if !ok {
				break
			}
			text = rest
			switch name {
			case state:
				name = at.prefix + state
			case at.prefix + state:
				continue // of two labels of one name the state is shown
			}
			if len(dst) > 0 {
				dst = append(dst, ',')
			}
			dst = labeltext.AppendName(dst, name)
			dst = append(append(append(dst, `="`...), value...), '"')
		}
	} else {
		dst = append(dst, p.labels...)
	}
	for _, l := range at.labels {
		if l.Value == "" || p.displaces(l.Name) || p.header.kind.states && l.Name == at.prefix+p.header.name {
			continue
		}
		dst = labeltext.Append(dst, l.Name, l.Value)
	}
	return dst
}

// idOf hashes a set of labels, in whatever order they stand.
func idOf(labels string) (id uint64) {
	for labels != "" {
		_, _, _, rest, ok := labeltext.Next(labels)
		if !ok {
			break
		}
		label := labels[:len(labels)-len(rest)]
		if rest != "" {
			label = label[:len(label)-1] // the comma
		}
		id += maphash.String(pointSeed, label)
		labels = rest
	}
	return id
}

// pointOf is a series by the index of its family in sourceWalk.shown and its own index in the
// buffer.
type pointOf struct{ shown, point int }

// duplicates holds the series of a walk that have the labels of an earlier one, where mounts change
// labels. Where they do not, the buffers tell.
type duplicates struct {
	ids   map[uint64]struct{}  // of the family under way
	found map[pointOf]struct{} // nearly always empty
	text  []byte
}

// findDuplicates looks for duplicates among the series of one name, which are shown[begin:end].
func (f *sourceWalk) findDuplicates(begin, end int) {
	if f.noneChanged(begin, end) {
		return
	}
	d := &f.duplicates
	if d.ids == nil {
		d.ids, d.found = make(map[uint64]struct{}), make(map[pointOf]struct{})
	}
	clear(d.ids)
	for i := begin; i < end; i++ {
		s := &f.shown[i]
		s.computed = true
		for n, p := range s.points {
			d.text = s.at.labelsOf(p, d.text[:0])
			id := idOf(stringOf(d.text))
			if _, ok := d.ids[id]; ok {
				d.found[pointOf{i, n}] = struct{}{}
			}
			d.ids[id] = struct{}{}
		}
	}
}

// noneChanged reports whether the buffers tell which series of one name are duplicates: no mount
// changes labels, or there is one source and no series of it has a label itself that a mount adds.
func (f *sourceWalk) noneChanged(begin, end int) bool {
	for i := begin; i < end; i++ {
		s := &f.shown[i]
		if !s.at.changes(s.header.kind) {
			continue
		}
		if end-begin > 1 || s.header.kind.states {
			return false
		}
		for _, p := range s.points {
			for _, l := range s.at.labels {
				if p.displaces(l.Name) {
					return false
				}
			}
		}
	}
	return true
}

// points walks the series of a family and their indices in the buffer.
func (s *shownSource) points(yield func(n int, p *sourcePoint) bool) {
	for n := s.buf.families[s.index].first; ; {
		p := &s.buf.points[n]
		if !yield(n, p) || p.next == 0 {
			return
		}
		n = p.next
	}
}

// isDuplicate reports whether a series has the labels of one that is shown before it.
func (f *sourceWalk) isDuplicate(i, n int, p *sourcePoint) bool {
	s := &f.shown[i]
	if s.computed {
		_, ok := f.duplicates.found[pointOf{i, n}]
		return ok
	}
	for j := s.first; j < i; j++ {
		other := &f.shown[j]
		id := p.id
		if s.at.prefix != other.at.prefix { // the name is a part of the hash
			id += nameID(other.buf.families[other.index].header.name) - nameID(p.header.name)
		}
		if other.buf.seen[id] {
			return true
		}
	}
	return false
}

func nameID(name string) uint64 { return maphash.String(pointSeed, name) }
