// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/atomicf"
)

// testSeries is what a metric type makes of a Node.
type testSeries struct {
	Node
	hits atomicf.Count
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// render returns the text of labels as the engine renders it.
func render(names, values []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%s="%s"`, name, escaper.Replace(values[i]))
	}
	return b.String()
}

func renderSet(set map[string]string) string {
	var names, values []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] != "" {
			names, values = append(names, name), append(values, set[name])
		}
	}
	return render(names, values)
}

// family is a Map with the steps that the engine takes around it.
type family struct {
	*Map
	names      []string
	rejections *atomicf.Count
	consts     string
}

func newFamily(max int, names ...string) *family {
	rejected := new(atomicf.Count)
	return &family{Map: NewMap(names, names == nil, 0, max, rejected), names: names, rejections: rejected}
}

// withConsts gives all series of a family a text of constant labels at the end.
func (f *family) withConsts(text string) *family {
	f.Map = NewMap(f.names, f.open, len(text)+1, f.max, f.rejections)
	f.consts = text
	return f
}

func (f *family) labelText(variable string) string {
	if f.consts == "" {
		return variable
	}
	if variable == "" {
		return f.consts
	}
	return variable + "," + f.consts
}

func (f *family) overflowNode() *Node {
	values := make([]string, len(f.names))
	for i := range values {
		values[i] = "overflow"
	}
	if f.open {
		return &Node{Labels: f.labelText(`overflow="true"`)}
	}
	return &Node{Labels: f.labelText(render(f.names, values))}
}

func (f *family) overflowSeries() *Node {
	s := new(testSeries)
	s.Labels = f.overflowNode().Labels
	return &s.Node
}

func (f *family) insert(text string) *Node {
	s := new(testSeries)
	s.Labels = f.labelText(text)
	return f.Insert(&s.Node, f.overflowSeries)
}

// with finds or creates.
func (f *family) with(values ...string) *Node {
	if n := f.Find(values); n != nil {
		return n
	}
	if n := f.Full(); n != nil {
		f.Reject()
		return n
	}
	return f.insert(render(f.names, values))
}

func (f *family) withSet(set map[string]string) *Node {
	if n := f.FindSet(set); n != nil {
		return n
	}
	if n := f.Full(); n != nil {
		f.Reject()
		return n
	}
	if f.open {
		return f.insert(renderSet(set))
	}
	values := make([]string, len(f.names))
	for i, name := range f.names {
		values[i] = set[name]
	}
	return f.insert(render(f.names, values))
}

func (f *family) delete(values ...string) bool {
	n := f.Find(values)
	return n != nil && f.Delete(n)
}

// walk returns the labels of all series and fails when one comes twice.
func (f *family) walk(t testing.TB) []string {
	t.Helper()
	var all []string
	seen := make(map[string]bool)
	for n := range f.All() {
		require.False(t, seen[n.Labels], "%s comes twice", n.Labels)
		seen[n.Labels] = true
		all = append(all, n.Labels)
	}
	return all
}

// collidingValues returns n strings of 24 bytes with the same xxhash, made by turning the hash's arithmetic round: the
// first eight bytes are free, and the next eight undo what they have done.
func collidingValues(t testing.TB, n int) []string {
	t.Helper()
	const (
		prime1 = 11400714785074694791
		prime2 = 14029467366897019727
		prime4 = 9650029242287828579
		prime5 = 2870177450012600261
	)
	// The inverse of an odd number modulo 2^64, by Newton's iteration.
	invert := func(a uint64) uint64 {
		x := a
		for range 6 {
			x *= 2 - a*x
		}
		return x
	}
	round := func(k uint64) uint64 { return bits.RotateLeft64(k*prime2, 31) * prime1 }
	unround := func(k uint64) uint64 { return bits.RotateLeft64(k*invert(prime1), -31) * invert(prime2) }
	const length = 24
	state := uint64(prime5)
	state += length
	after := func(first uint64) uint64 { return bits.RotateLeft64(state^round(first), 27)*prime1 + prime4 }
	values := make([]string, n)
	for i := range values {
		first := uint64(i + 1)
		b := binary.LittleEndian.AppendUint64(nil, first)
		b = binary.LittleEndian.AppendUint64(b, unround(after(first)^42))
		b = append(b, "the rest"...)
		values[i] = string(b)
		require.Equal(t, xxhash.Sum64String(values[0]), xxhash.Sum64String(values[i]))
	}
	return values
}

func long() bool { return os.Getenv("QUIPU_LONG") != "" }

// seriesOf returns the series that a node is the beginning of.
func seriesOf(n *Node) *testSeries { return (*testSeries)(unsafe.Pointer(n)) }
