// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// escapedBy returns what pages with an escaping know about names.
func (l *list) escapedBy(e encode.Escaping) *escaped {
	if e >= encode.NoEscaping {
		return &unescaped
	}
	if have := l.escaped[e].Load(); have != nil {
		return have
	}
	made := l.newEscaped(e)
	l.escaped[e].Store(made)
	return made
}

// unescaped is what there is to know without an escaping. It does not change.
var unescaped escaped

// newEscaped decides which families are left out, because they would have the names or the labels
// of others. Names that do not change win, then the members in their order, then earlier
// definitions.
func (l *list) newEscaped(e encode.Escaping) *escaped {
	var changing []*placed
	for _, p := range l.families {
		if p.quoted != 0 {
			changing = append(changing, p)
		}
	}
	if changing == nil {
		return &unescaped
	}
	made := &escaped{make(map[*placed]fault), make(map[string]*placed)}
	member := make(map[*placed]int)
	for i, m := range l.members {
		for _, p := range m.families {
			member[p] = i
		}
	}
	slices.SortStableFunc(changing, func(a, b *placed) int {
		return cmp.Or(cmp.Compare(member[a], member[b]), cmp.Compare(a.fam.number, b.fam.number))
	})
	decided := make(map[string][]*placed) // those that stay, by name
	for _, group := range l.groups {
		for _, p := range group {
			if p.quoted == 0 {
				decided[p.name] = append(decided[p.name], p)
			}
		}
	}
	for _, p := range changing {
		switch {
		case p.alike&(1<<e) != 0,
			slices.ContainsFunc(decided[p.name], func(other *placed) bool { return !p.staysApart(other, e) }):
			made.left[p] = faultLabels
		case p.quoted&quotedName != 0 && made.clashes(l, p, e):
			made.left[p] = faultName
		default:
			made.claim(p, e)
			decided[p.name] = append(decided[p.name], p)
		}
	}
	return made
}

// clashes reports whether an escaped family has a sample name of another one.
func (x *escaped) clashes(l *list, p *placed, e encode.Escaping) bool {
	return slices.ContainsFunc(p.enc.Escaped(e).Samples(), func(sample string) bool {
		other := x.claims[sample]
		return other != nil && other.name != p.name || hasName(l.families, sample) || isSelf(l.families, sample)
	})
}

func (x *escaped) claim(p *placed, e encode.Escaping) {
	if p.quoted&quotedName == 0 {
		return
	}
	for _, sample := range p.enc.Escaped(e).Samples() {
		x.claims[sample] = p
	}
}

// staysApart reports whether no label set belongs to both of two families of one name if the names
// of labels are escaped.
func (p *placed) staysApart(other *placed, e encode.Escaping) bool {
	if (p.quoted|other.quoted)&quotedLabels == 0 {
		return true // as it was when they were defined
	}
	here, there := p.escapedLabels(e), other.escapedLabels(e)
	return here.apart(&there)
}

// escapedLabels returns a place of a definition with nothing but the escaped names of the labels.
func (p *placed) escapedLabels(e encode.Escaping) place {
	d := &definition{open: p.def.open, consts: make(Labels)}
	for _, name := range p.def.labels {
		d.labels = append(d.labels, e.LabelName(name))
	}
	for name, value := range p.constants {
		d.consts[e.LabelName(name)] = value
	}
	return place{def: d, name: p.name}
}

// escapes reports whether the page may have to escape names of a family.
func (w *walk) escapes(p *placed) bool {
	return w.escaping < encode.NoEscaping && (p.quoted != 0 || p.fam.quotedExemplars.Load())
}

// escapesSeries reports whether the page has to look at the labels of each series of a family.
func (w *walk) escapesSeries(p *placed) bool {
	return p.quoted&quotedSeries != 0 && w.escaping < encode.NoEscaping
}

// escapedName returns the name of a family on the page.
func (w *walk) escapedName(p *placed) string {
	if w.escaping >= encode.NoEscaping || p.quoted&quotedName == 0 {
		return p.name
	}
	return p.enc.Escaped(w.escaping).Name()
}

// showsSource reports whether the page shows a family of a source.
func (w *walk) showsSource(s *shownSource) bool {
	return w.showsName(s.header.name) || w.escaping < encode.NoEscaping && s.hasQuotedName() &&
		w.showsName(s.header.enc.Escaped(w.escaping).Name())
}

// leavesOut reports whether the page leaves a family out because of its escaped names, and counts
// it.
func (w *walk) leavesOut(p *placed) bool {
	reason, left := w.escaped.left[p]
	if left && !w.isEmpty(p.fam) {
		w.dropEscaped(p, reason)
	}
	return left
}

// escape leaves out the families of sources that would have the names of others. Metrics of the
// registry win, then families whose names do not change, then sources that were attached earlier.
func (f *sourceWalk) escape(w *walk) {
	quoted := slices.ContainsFunc(f.shown, func(s shownSource) bool { return s.hasQuotedName() })
	if w.escaping >= encode.NoEscaping || !quoted && len(w.escaped.claims) == 0 {
		return
	}
	if f.escaped == nil {
		f.escaped = make(map[string]*sourceHeader)
	}
	f.shown = slices.DeleteFunc(f.shown, func(s shownSource) bool {
		h := s.header
		clashes := f.clashesEscaped(w, &s, h)
		if clashes {
			w.dropEscapedSource(&s, faultName)
		} else if s.hasQuotedName() {
			for _, sample := range s.escapedSamples(w.escaping) {
				f.escaped[sample] = h
			}
		}
		return clashes
	})
}

func (f *sourceWalk) clashesEscaped(w *walk, s *shownSource, h *sourceHeader) bool {
	if !s.hasQuotedName() {
		return slices.ContainsFunc(h.samples, func(sample string) bool { return w.escaped.claims[sample] != nil })
	}
	return slices.ContainsFunc(s.escapedSamples(w.escaping), func(sample string) bool {
		other := f.escaped[sample]
		return other != nil && other.name != h.name || w.escaped.claims[sample] != nil ||
			w.hasName(sample) || isSelf(w.list.families, sample)
	})
}

// escapedSamples returns the escaped names of the family's samples, without the name that
// OpenMetrics gives to an info: where that is taken, it shows a gauge (see hasSourceBase).
func (s *shownSource) escapedSamples(e encode.Escaping) []string {
	samples := s.header.enc.Escaped(e).Samples()
	if s.header.kind.ending != "" {
		return samples[:len(samples)-1]
	}
	return samples
}

func (s *shownSource) hasQuotedName() bool { return !labeltext.ValidMetricName(s.header.name) }

// needsQuotes reports whether a name of the family, or of a label of its series, needs quotes.
func (s *shownSource) needsQuotes() bool {
	return s.buf.families[s.index].quoted || s.hasQuotedName() ||
		slices.ContainsFunc(s.at.labels, func(l Label) bool { return !labeltext.ValidName(l.Name) })
}

// dropEscapedSource counts that a family of a source, or a series of it, is left out, tells the
// caller of Expose, and logs it the first time.
func (w *walk) dropEscapedSource(s *shownSource, reason fault) {
	if w.leftOut != nil {
		w.leftOut(s.header.name)
	}
	name := labeltext.Clean(s.header.name, MaxLabelValue)
	w.self.registry.tally.named.add(eventEscapingDrop, name, reason)
	s.source.warnOnce(&w.self.registry.core, noticeEscaped,
		"left a family or a series of a source out of a page with escaped names", name, reason, errAlike)
}

// dropEscaped counts that a family, or a series of it, is left out, tells the caller of Expose, and
// logs it the first time.
func (w *walk) dropEscaped(p *placed, reason fault) {
	if w.leftOut != nil {
		w.leftOut(p.name)
	}
	w.self.registry.tally.named.add(eventEscapingDrop, labeltext.Clean(p.name, MaxLabelValue), reason)
	if p.fam.first(noticeEscaped) {
		p.fam.log("left a metric or a series out of a page with escaped names (further ones are only counted)", reason,
			"", "%v", errAlike)
	}
}

var errAlike = errors.New("its names become those of another one, or two of its labels become one: " +
	"rename one, or scrape with escaping=allow-utf-8 or escaping=values")

// hasEscaped reports whether a family whose name is escaped has this name or a sample of this name.
func (w *walk) hasEscaped(name string) bool {
	return w.escaped.claims[name] != nil || w.sources.escaped[name] != nil
}

// hasBase reports whether OpenMetrics would give the name of another family on the page to this
// counter.
func (w *walk) hasBase(p *placed, base string) bool {
	if p.quoted&quotedName != 0 && w.escaping < encode.NoEscaping {
		base = strings.TrimSuffix(w.escapedName(p), p.def.trimmed)
	}
	return w.hasName(base) || w.hasEscaped(base)
}

// hasSourceBase is hasBase for a family of a source, of which OpenMetrics leaves a suffix out.
func (w *walk) hasSourceBase(s *shownSource) bool {
	h := s.header
	base, counter := h.base, h.counter
	if base == "" {
		return false
	}
	if w.escaping < encode.NoEscaping && s.hasQuotedName() {
		base = strings.TrimSuffix(h.enc.Escaped(w.escaping).Name(), h.kind.trimmed+h.kind.ending) // one is empty
		if counter != "" {
			counter = base + counterRules.trimmed
		}
	}
	return w.hasName(base) || w.hasEscaped(base) || w.hasCounter(counter) || w.hasEscapedCounter(counter)
}

// hasEscapedCounter reports whether a counter has this name, once it is escaped.
func (w *walk) hasEscapedCounter(name string) bool {
	p, h := w.escaped.claims[name], w.sources.escaped[name]
	return p != nil && p.def.trimmed != "" || h != nil && h.kind.trimmed != ""
}

// seriesSet holds hashes of the escaped labels of the series of one family.
type seriesSet struct {
	seen map[uint64]bool
	text []byte
}

// reset begins another family.
func (s *seriesSet) reset() { clear(s.seen) }

// add adds a series. It reports false for a series whose labels become those of another one, and
// for one of which two labels become one.
func (s *seriesSet) add(e encode.Escaping, labels string) bool {
	if labeltext.Alike(labels)&(1<<e) != 0 {
		return false
	}
	s.text = labeltext.AppendEscapedNames(s.text[:0], labels, labeltext.Escaping(e))
	id := idOf(stringOf(s.text))
	if s.seen[id] {
		return false
	}
	if s.seen == nil {
		s.seen = make(map[uint64]bool)
	}
	s.seen[id] = true
	return true
}
