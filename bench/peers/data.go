// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// The numbers and names that all libraries get. They come from fixed seeds: every run has the same
// ones.

// DefaultBuckets are the bounds of the histograms, the default ones of quipu and client_golang.
var DefaultBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

const (
	latencies = 1 << 12
	sizes     = 1 << 16
	triples   = 10_000
	long      = 5_000
	lookups   = 1 << 16
)

// Latencies returns 4096 different values, in seconds, spread over all the default buckets:
// lognormal around 100 ms.
var Latencies = sync.OnceValue(func() []float64 { return lognormal(1, latencies, math.Log(0.1), 1.5) })

// Sizes returns 65 536 different values: lognormal around 10 000.
var Sizes = sync.OnceValue(func() []float64 { return lognormal(2, sizes, math.Log(10_000), 2) })

func lognormal(seed uint64, n int, mean, deviation float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Exp(mean + deviation*r.NormFloat64())
	}
	return values
}

// Triples returns 65 536 label sets of three labels, 10 000 different ones in random order. Every
// string is a copy of its own, as strings that come from requests are: no comparison is cut short
// because two strings are the same memory.
var Triples = sync.OnceValue(func() [][3]string { return randomTriples(triples, triple) })

// LongTriples returns as many label sets, 5 000 different ones, whose third label has 25 bytes.
var LongTriples = sync.OnceValue(func() [][3]string { return randomTriples(long, longTriple) })

func randomTriples(different int, triple func(i int) [3]string) [][3]string {
	r := rand.New(rand.NewPCG(3, 0))
	list := make([][3]string, lookups)
	for i := range list {
		t := triple(r.IntN(different))
		for j := range t {
			list[i][j] = strings.Clone(t[j])
		}
	}
	return list
}

// longTriple returns label set i of the 5 000.
func longTriple(i int) [3]string {
	t := triple(i)
	t[2] = fmt.Sprintf("/api/v1/resource/%08d", i/20)
	return t
}

// triple returns label set i of the 10 000.
func triple(i int) [3]string {
	methods := []string{"GET", "POST", "PUT", "DELETE"}
	codes := []string{"200", "204", "301", "404", "500"}
	return [3]string{methods[i%4], codes[i/4%5], "/api/v1/resource/" + strconv.Itoa(i/20)}
}

// Labels of the series that Fill makes: a tenant of ten, and a path.
func fillLabels(i int) (tenant, path string) {
	return "tenant-" + strconv.Itoa(i%10), "/api/v1/item/" + strconv.Itoa(i)
}

// names returns labels of new series. Each goroutine takes ids in blocks, so that handing them out
// costs nothing, and the strings are made beforehand, outside the measured time, by [Prepare].
type names struct {
	next atomic.Int64
}

// createBlock is how many names a goroutine takes at once.
const createBlock = 256

// block returns the first id of the next block.
func (n *names) block() int { return int(n.next.Add(createBlock)) - createBlock }

// MaxCreate is the most series that may be created in one registry by CreateSeries, with room for
// the last blocks.
const MaxCreate = 100_000

var createPaths = sync.OnceValue(func() []string {
	paths := make([]string, 2*MaxCreate)
	for i := range paths {
		paths[i] = fmt.Sprintf("/api/v1/item/%d", i)
	}
	return paths
})

// creating turns a function that creates series i into Work. The path is made beforehand for all
// libraries.
func creating(create func(path string)) Work {
	n, paths := new(names), createPaths()
	return Work{Start: func() func(int) {
		id, left := 0, 0
		return func(count int) {
			for range count {
				if left == 0 {
					id, left = n.block(), createBlock
				}
				create(paths[id])
				id++
				left--
			}
		}
	}}
}
