// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/atomicf"
)

// testSeries is a series as a metric type has it.
type testSeries struct {
	Node
	hits atomicf.Count
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// render returns the text of labels. It is written independently of package labeltext.
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

// family is a Map with the lookups of the engine.
type family struct {
	*Map
	config     Config
	rejections *atomicf.Count
}

func newFamily(max int, names ...string) *family {
	rejected := new(atomicf.Count)
	f := &family{rejections: rejected, config: Config{
		Names: names, MaxSeries: max, Overflow: "overflow", Rejected: rejected,
		New: func() *Node { return &new(testSeries).Node },
	}}
	f.Map = New(f.config)
	return f
}

// withConsts gives all series of a family the same constant labels.
func (f *family) withConsts(labels map[string]string) *family {
	f.config.Const = labels
	f.Map = New(f.config)
	return f
}

func (f *family) find(values []string) *Node {
	n, _ := f.Find(values)
	return n
}

func (f *family) findSet(set map[string]string) *Node {
	n, _ := f.FindSet(set)
	return n
}

// taker returns what a full map answers with.
func (f *family) taker() *Node {
	n, _ := f.full()
	return n
}

// Len returns the number of series, without the overflow series.
func (f *family) Len() int { return int(f.count.Load()) }

// insert calls Insert without looking the series up.
func (f *family) insert(values ...string) *Node {
	var hash uint64
	for i, value := range values {
		hash += labelHash(f.names[i].Seed, value)
	}
	n, _ := f.Insert(values, Key(hash))
	return n
}

// with returns the series with these values, which it creates if there is none.
func (f *family) with(values ...string) *Node {
	n, key := f.Find(values)
	if n != nil {
		return n
	}
	n, _ = f.Insert(values, key)
	return n
}

func (f *family) withSet(set map[string]string) *Node {
	n, key := f.FindSet(set)
	if n != nil {
		return n
	}
	n, _ = f.InsertSet(set, key)
	return n
}

func (f *family) delete(values ...string) bool {
	n := f.find(values)
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

// collidingValues returns n strings of 56 bytes with the same xxhash. It runs the arithmetic of the
// hash backwards: the first eight bytes are free, and the next eight undo their effect.
func collidingValues(t testing.TB, n int) []string {
	t.Helper()
	const (
		prime1 = 11400714785074694791
		prime2 = 14029467366897019727
		prime4 = 9650029242287828579
	)
	// This is the inverse of an odd number modulo 2^64, by Newton's iteration.
	invert := func(a uint64) uint64 {
		x := a
		for range 6 {
			x *= 2 - a*x
		}
		return x
	}
	round := func(k uint64) uint64 { return bits.RotateLeft64(k*prime2, 31) * prime1 }
	unround := func(k uint64) uint64 { return bits.RotateLeft64(k*invert(prime1), -31) * invert(prime2) }
	const length = 56
	block := strings.Repeat("8 bytes.", 4)
	word := binary.LittleEndian.Uint64([]byte(block))
	state := uint64(0)
	lanes := [4]uint64{prime1, prime2, 0, prime1}
	lanes[0] += prime2
	lanes[3] = -lanes[3]
	for i, shift := range []int{1, 7, 12, 18} {
		lanes[i] = bits.RotateLeft64(lanes[i]+word*prime2, 31) * prime1
		state += bits.RotateLeft64(lanes[i], shift)
	}
	for _, lane := range lanes {
		state = (state^round(lane))*prime1 + prime4
	}
	state += length
	after := func(first uint64) uint64 { return bits.RotateLeft64(state^round(first), 27)*prime1 + prime4 }
	values := make([]string, n)
	for i := range values {
		first := uint64(i + 1)
		b := binary.LittleEndian.AppendUint64([]byte(block), first)
		b = binary.LittleEndian.AppendUint64(b, unround(after(first)^42))
		b = append(b, "the rest"...)
		values[i] = string(b)
		require.Equal(t, xxhash.Sum64String(values[0]), xxhash.Sum64String(values[i]))
	}
	return values
}

func long() bool { return os.Getenv("QUIPU_LONG") != "" }

// seriesOf returns the series that a node is the first field of.
func seriesOf(n *Node) *testSeries { return seriesAs[testSeries](n) }

func seriesAs[S any](n *Node) *S { return (*S)(unsafe.Pointer(n)) }
