// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
)

// names is an index of definitions: of those of a registry, which the registry's mutex guards, or
// of all that stand on its pages, which the mutex of its tree guards.
//
// Definitions of one name stand side by side when no label set can belong to both of them. They
// have one type, help and unit, because a page shows them as one family, and so they have the same
// sample names too.
type names struct {
	reserved func(*place) string // describes the registry's own metric that has one of its sample names

	groups map[string]*group // by the name as exposed
	claims map[string]string // from the sample names of all metrics to the names of these
}

// group holds the families of one name, in the order of their definition.
//
// A registry may have a thousand others mounted, each with another value of one label. Comparing
// each family with all others of its name would take a million comparisons. So a group of more than
// fewFamilies is indexed by the value of one constant label.
type group struct {
	list []*placed

	label   string               // by which the families are indexed; empty if they are not
	byValue map[string][]*placed // those in which it is constant
	rest    []*placed            // the others
}

// fewFamilies of one name are compared one by one.
const fewFamilies = 8

// add enters a family, which stands beside those of its name.
func (n *names) add(p *placed) {
	if n.groups == nil { // an empty registry costs little
		n.groups, n.claims = make(map[string]*group), make(map[string]string)
	}
	g := n.groups[p.name]
	if g == nil {
		g = new(group)
		n.groups[p.name] = g
		for _, sample := range p.def.samples(p.name) {
			n.claims[sample] = p.name
		}
	}
	g.add(p)
}

// remove takes a family out. Its sample names are free with the last family of the name.
func (n *names) remove(p *placed) {
	g := n.groups[p.name]
	g.remove(p)
	if len(g.list) > 0 {
		return
	}
	delete(n.groups, p.name)
	for _, sample := range p.def.samples(p.name) {
		delete(n.claims, sample)
	}
}

// claimant returns a family of another name that has one of the definition's sample names, and that
// sample name.
func (n *names) claimant(p *place) (other *placed, sample string) {
	if n.groups[p.name] != nil {
		return nil, "" // its sample names are those of its group
	}
	for _, sample := range p.def.samples(p.name) {
		if name, ok := n.claims[sample]; ok && name != p.name {
			return n.groups[name].list[0], sample
		}
	}
	return nil, ""
}

// sharing returns the family of the definition's name that may have a label set in common with it,
// or nil. differs lists the fields in which that family, or any other of the name, differs so that
// both cannot be defined: it is empty if they are the same metric.
func (n *names) sharing(p *place) (other *placed, differs []difference) {
	g := n.groups[p.name]
	if g == nil {
		return nil, nil
	}
	if differs = p.def.differsInHeader(g.list[0].def); differs != nil {
		return g.list[0], differs
	}
	if other := g.sharing(p); other != nil {
		return other, p.def.differsInSeries(other.def)
	}
	return nil, nil
}

// clash says why a definition cannot stand beside those of the index: detail is empty if it can.
// other is the definition that is in its way, or nil if that is one of the registry's own metrics.
func (n *names) clash(p *place) (other *placed, detail string) {
	if own := n.reserved(p); own != "" {
		return nil, "the registry itself has the " + own
	}
	if other, sample := n.claimant(p); other != nil {
		return other, fmt.Sprintf("both would have series %s", sample)
	}
	g := n.groups[p.name]
	if g == nil {
		return nil, ""
	}
	if differs := p.def.differsInHeader(g.list[0].def); differs != nil {
		return g.list[0], differs[0].String()
	}
	if other := g.sharing(p); other != nil {
		return other, "a label set may belong to both"
	}
	return nil, ""
}

func (g *group) add(p *placed) {
	g.list = append(g.list, p)
	if g.label != "" {
		g.enter(p)
		return
	}
	if n := len(g.list); n > fewFamilies && n&(n-1) == 0 { // now and then, in case no label will do
		g.index(p)
	}
}

// index indexes the families by a constant label of p that has another value in the one before.
func (g *group) index(p *placed) {
	before := g.list[len(g.list)-2]
	for name, value := range p.constants {
		if theirs, ok := before.constant(name); ok && theirs != value {
			g.label, g.byValue = name, make(map[string][]*placed)
			for _, p := range g.list {
				g.enter(p)
			}
			return
		}
	}
}

func (g *group) enter(p *placed) {
	if value, ok := p.constant(g.label); ok {
		g.byValue[value] = append(g.byValue[value], p)
	} else {
		g.rest = append(g.rest, p)
	}
}

func (g *group) remove(p *placed) {
	without := func(list []*placed) []*placed {
		return slices.DeleteFunc(list, func(other *placed) bool { return other == p })
	}
	g.list = without(g.list)
	if g.label == "" {
		return
	}
	g.rest = without(g.rest)
	if value, ok := p.constant(g.label); ok {
		if g.byValue[value] = without(g.byValue[value]); len(g.byValue[value]) == 0 {
			delete(g.byValue, value)
		}
	}
}

// sharing returns a family of the group that may have a label set in common with a definition.
func (g *group) sharing(p *place) *placed {
	among := func(list []*placed) *placed {
		for _, other := range list {
			if !p.apart(&other.place) {
				return other
			}
		}
		return nil
	}
	if g.label == "" {
		return among(g.list)
	}
	value, ok := p.constant(g.label)
	if !ok || value == "" {
		return among(g.list)
	}
	if other := among(g.byValue[value]); other != nil {
		return other
	}
	return among(g.rest)
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
