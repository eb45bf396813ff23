// SPDX-License-Identifier: Apache-2.0

package engine

import "slices"

// names is the index of a registry's definitions. The registry's mutex guards it.
//
// Definitions of one name stand side by side when no label set can belong to both of them. They
// have one type, help and unit, because a page shows them as one family, and so they have the same
// sample names too.
type names struct {
	reserved func(*definition) string // describes the registry's own metric that has one of its sample names

	families map[string][]*family // by the name as exposed, in the order of their definition
	claims   map[string]string    // from the sample names of all metrics to the names of these
}

// add enters a family, which stands beside those of its name.
func (n *names) add(f *family) {
	if n.families == nil { // an empty registry costs little
		n.families, n.claims = make(map[string][]*family), make(map[string]string)
	}
	n.families[f.def.name] = append(n.families[f.def.name], f)
	for _, sample := range f.def.samples() {
		n.claims[sample] = f.def.name
	}
}

// remove takes a family out. Its sample names are free with the last family of the name.
func (n *names) remove(f *family) {
	rest := slices.DeleteFunc(n.families[f.def.name], func(other *family) bool { return other == f })
	if len(rest) > 0 {
		n.families[f.def.name] = rest
		return
	}
	delete(n.families, f.def.name)
	for _, sample := range f.def.samples() {
		delete(n.claims, sample)
	}
}

// claimant returns a family of another name that has one of the definition's sample names, and that
// sample name.
func (n *names) claimant(d *definition) (f *family, sample string) {
	for _, sample := range d.samples() {
		if name, ok := n.claims[sample]; ok && name != d.name {
			return n.families[name][0], sample
		}
	}
	return nil, ""
}

// sharing returns the family of the definition's name that may have a label set in common with it,
// or nil. differs lists the fields in which that family, or any other of the name, differs so that
// both cannot be defined: it is empty if they are the same metric.
func (n *names) sharing(d *definition) (f *family, differs []difference) {
	list := n.families[d.name]
	if len(list) == 0 {
		return nil, nil
	}
	if differs = d.differsInHeader(&list[0].def); differs != nil {
		return list[0], differs
	}
	for _, f := range list {
		if !d.apart(&f.def) {
			return f, d.differsInSeries(&f.def)
		}
	}
	return nil, nil
}

// JoinName joins the parts of a metric name with underscores, leaving out empty ones:
// JoinName("db", "pool", "waits_total") is "db_pool_waits_total". Libraries that let the program
// choose a namespace and a subsystem use it.
func JoinName(namespace, subsystem, name string) string {
	if name == "" {
		return ""
	}
	for _, part := range [...]string{subsystem, namespace} {
		if part != "" {
			name = part + "_" + name
		}
	}
	return name
}
