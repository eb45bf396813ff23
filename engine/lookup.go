// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// miss handles a failed lookup of label values: it creates the series, or reports the misuse.
func (f *family) miss(values []string, key shard.Key) *shard.Node {
	if len(values) != len(f.def.labels) {
		return f.wrongValues(len(values))
	}
	if !f.anyDirty(values) {
		return f.inserted(f.index.Insert(values, key))
	}
	cleaned := make([]string, len(values))
	for i, v := range values {
		cleaned[i] = f.repair(f.def.labels[i], strings.Clone(v))
	}
	n, key := f.index.Find(cleaned)
	if n != nil {
		return n
	}
	return f.inserted(f.index.Insert(cleaned, key))
}

// missLabels handles a failed lookup of a label set.
func (f *family) missLabels(set Labels, key shard.Key) *shard.Node {
	if !f.def.open {
		return f.missDeclared(set, key)
	}
	cleaned := make(Labels, len(set))
	for name, value := range set {
		if err := f.def.checkLabel(name); err != nil {
			return f.misuse(faultLabels, "%v", err)
		}
		if _, ok := f.def.consts[name]; ok {
			return f.misuse(faultLabels, "label %q is a constant label of the metric", name)
		}
		cleaned[name] = f.repair(name, value)
	}
	n, key := f.index.FindSet(cleaned)
	if n != nil {
		return n
	}
	return f.inserted(f.index.InsertSet(cleaned, key))
}

// missDeclared is missLabels for a metric with declared label names.
func (f *family) missDeclared(set Labels, key shard.Key) *shard.Node {
	if len(set) != len(f.def.labels) {
		return f.wrongNames(set)
	}
	for _, name := range f.def.labels {
		if _, ok := set[name]; !ok {
			return f.wrongNames(set)
		}
	}
	values := make([]string, len(f.def.labels))
	for i, name := range f.def.labels {
		values[i] = set[name]
	}
	return f.miss(values, key)
}

// inserted returns the series of a lookup that had to create it, and logs if it met a limit.
func (f *family) inserted(n *shard.Node, limit shard.Limit) *shard.Node {
	if limit != shard.NoLimit {
		f.overflowed(n, limit)
	}
	return n
}

// wrongValues reports a wrong number of label values.
func (f *family) wrongValues(n int) *shard.Node {
	switch {
	case f.countKnown(faultLabels):
		return f.discarded()
	case f.def.open:
		return f.misuse(faultLabels,
			"With takes the values of declared label names, and this metric has none: use WithLabels")
	case len(f.def.labels) == 0:
		return f.misuse(faultLabels, "got %d label values, want 0: the metric has no label names", n)
	}
	return f.misuse(faultLabels, "got %d label values, want %d (%s)", n, len(f.def.labels),
		strings.Join(f.def.labels, ", "))
}

// wrongNames reports a label set whose names are not the declared ones.
func (f *family) wrongNames(set Labels) *shard.Node {
	if f.countKnown(faultLabels) {
		return f.discarded()
	}
	got := strings.Join(slices.Sorted(maps.Keys(set)), ", ")
	want := strings.Join(f.def.labels, ", ")
	for _, name := range f.def.labels {
		if _, ok := set[name]; !ok {
			return f.misuse(faultLabels, "label %q is missing: got %d labels (%s), want %d (%s)",
				name, len(set), got, len(f.def.labels), want)
		}
	}
	return f.misuse(faultLabels, "got %d labels (%s), want %d (%s)", len(set), got, len(f.def.labels), want)
}

// isDirty reports whether a label value cannot be used as it is.
func (f *family) isDirty(v string) bool { return !labeltext.IsClean(v, f.core.maxValue) }

func (f *family) anyDirty(values []string) bool {
	for _, v := range values {
		if f.isDirty(v) {
			return true
		}
	}
	return false
}

// cleanAll returns label values that can be used as they are, with at most so many bytes each.
func cleanAll(values []string, most int) []string {
	cleaned := make([]string, len(values))
	for i, value := range values {
		cleaned[i] = labeltext.Clean(value, most)
	}
	return cleaned
}

// repairAll returns values that can be used as they are: the given slice if all of it can.
func (f *family) repairAll(values []string) []string {
	for i, value := range values {
		if f.isDirty(value) {
			cleaned := append([]string(nil), values...)
			for ; i < len(cleaned); i++ {
				if f.isDirty(cleaned[i]) {
					cleaned[i] = f.repair(f.def.labels[i], cleaned[i])
				}
			}
			return cleaned
		}
	}
	return values
}

// repair cleans a label value of a lookup, and counts the change.
func (f *family) repair(label, v string) string {
	if len(v) > f.core.maxValue {
		f.cut.Inc()
		if f.first(noticeCut) {
			f.notice(noticeCut, "a label value was cut", "label %q: of %d bytes, %d at most are kept", label, len(v),
				f.core.maxValue)
		}
		v = labeltext.Limit(v, f.core.maxValue)
	}
	if !utf8.ValidString(v) {
		f.repaired.Inc()
		if f.first(noticeRepaired) {
			f.notice(noticeRepaired, "a label value was repaired", "label %q: %.64q is not valid UTF-8", label, v)
		}
		v = labeltext.Clean(v, f.core.maxValue)
	}
	return v
}
