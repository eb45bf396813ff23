// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// difference is a field in which two definitions of one name differ.
type difference struct{ field, here, there string }

// addDifference appends a difference if there is one.
func addDifference(list []difference, differ bool, field, here, there string) []difference {
	if differ {
		list = append(list, difference{field, here, there})
	}
	return list
}

// differsInHeader compares the fields that are equal in all definitions of one name. Where the
// types differ, nothing else is compared.
func (d *definition) differsInHeader(other *definition) []difference {
	if d.typ != other.typ {
		return []difference{{"type", d.typ.String(), other.typ.String()}}
	}
	if d.help == other.help && d.unit == other.unit {
		return nil // as it nearly always is: nothing is quoted
	}
	list := addDifference(nil, d.help != other.help, "help", quote(d.help), quote(other.help))
	return addDifference(list, d.unit != other.unit, "unit", quote(d.unit), quote(other.unit))
}

// differsInSeries compares the other fields, except for limits.
func (d *definition) differsInSeries(other *definition) (list []difference) {
	labels := d.vec != other.vec || d.open != other.open || !slices.Equal(d.labels, other.labels)
	list = addDifference(list, labels, "label names", d.labelNames(), other.labelNames())
	list = addDifference(list, !maps.Equal(nonEmpty(d.consts), nonEmpty(other.consts)), "constant labels",
		fmt.Sprint(map[string]string(d.consts)), fmt.Sprint(map[string]string(other.consts)))
	here, there := d.origin(), other.origin()
	if here == there && d.supplier != other.supplier {
		there = "another collector"
	}
	list = addDifference(list, here != there, "origin", here, there)
	if d.differs != nil {
		list = append(list, d.differs(d, other)...)
	}
	return addDifference(list, (d.exemplarsFrom == nil) != (other.exemplarsFrom == nil), "exemplars from contexts",
		strconv.FormatBool(d.exemplarsFrom != nil), strconv.FormatBool(other.exemplarsFrom != nil))
}

// differsInLimits compares limits. Two definitions that differ in nothing else are the same metric.
func (d *definition) differsInLimits(other *definition) []difference {
	list := addDifference(nil, d.maxSeries != other.maxSeries, "series limit",
		strconv.Itoa(d.maxSeries), strconv.Itoa(other.maxSeries))
	list = addDifference(list, !maps.Equal(d.labelLimits, other.labelLimits), "label limits",
		limitsText(d.labelLimits), limitsText(other.labelLimits))
	list = addDifference(list, d.overflow != other.overflow, "overflow label",
		fmt.Sprintf("%q", d.overflow), fmt.Sprintf("%q", other.overflow))
	list = addDifference(list, d.timeout != other.timeout, "timeout", d.timeout.String(), other.timeout.String())
	return addDifference(list, d.expiry != other.expiry, "expiry", d.expiry.String(), other.expiry.String())
}

func (d *definition) labelNames() string {
	switch {
	case d.open:
		return "any"
	case len(d.labels) == 0:
		if d.vec {
			return "none of a Vec"
		}
		return "none"
	default:
		return "(" + strings.Join(d.labels, ", ") + ")"
	}
}

// origin says where the metric's values come from.
func (d *definition) origin() string {
	if d.supplier == nil {
		return "the program"
	}
	return d.supplier.String()
}

func nonEmpty(set Labels) Labels {
	set = maps.Clone(set)
	maps.DeleteFunc(set, func(_, value string) bool { return value == "" })
	return set
}

// brief shortens a long text for error messages.
func brief(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func quote(s string) string { return strconv.Quote(brief(s)) }

// String says how two definitions differ, without saying which is which.
func (d difference) String() string {
	return fmt.Sprintf("the %s is %s in one and %s in the other", d.field, d.here, d.there)
}

// describe says how a definition differs from the first one, which was made at the given line.
func describe(list []difference, firstAt string) string {
	var b strings.Builder
	for _, d := range list {
		verb := "differs"
		if strings.HasSuffix(d.field, "s") {
			verb = "differ"
		}
		fmt.Fprintf(&b, "%s %s: %s, but %s in the first definition; ", d.field, verb, d.here, d.there)
	}
	return strings.TrimSuffix(b.String(), "; ") + ", at " + firstAt
}
