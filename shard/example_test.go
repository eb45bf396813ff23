// SPDX-License-Identifier: Apache-2.0

package shard_test

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/shard"
)

// hits is a series: its node is its first field, so that a pointer to the one is a pointer to the
// other.
type hits struct {
	node  shard.Node
	count atomic.Uint64
}

func hitsOf(n *shard.Node) *hits { return (*hits)(unsafe.Pointer(n)) }

func Example() {
	pages := shard.New(shard.Config{
		Names:     []string{"method", "path"},
		Const:     map[string]string{"server": "a"},
		MaxSeries: 2,
		Overflow:  "other",
		New:       func() *shard.Node { return &new(hits).node },
	})
	hit := func(values ...string) {
		n, key := pages.Find(values)
		if n == nil {
			n = pages.Insert(values, key)
		}
		hitsOf(n).count.Add(1)
	}
	hit("GET", "/")
	hit("GET", `/"quoted"`)
	hit("GET", "/")
	hit("POST", "/a series too many")
	for n := range pages.All() {
		fmt.Printf("{%s} %d\n", n.Labels, hitsOf(n).count.Load())
	}
	// Output:
	// {method="GET",path="/",server="a"} 2
	// {method="GET",path="/\"quoted\"",server="a"} 1
	// {method="other",path="other",server="a"} 1
}
