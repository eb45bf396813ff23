// SPDX-License-Identifier: Apache-2.0

package shard_test

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/shard"
)

// hits is a series. Its Node is its first field, so both have the same address.
type hits struct {
	node  shard.Node
	count atomic.Uint64
}

// hitsOf returns the series that a Node is the first field of. It is sound because New makes all
// Nodes of the map that way.
func hitsOf(n *shard.Node) *hits { return (*hits)(unsafe.Pointer(n)) }

func newHits() *shard.Node { return &new(hits).node }

func Example() {
	pages := shard.New(shard.Config{
		Names:     []string{"method", "path"},
		Const:     map[string]string{"server": "a"},
		MaxSeries: 2,
		Overflow:  "other",
		New:       newHits,
	})
	hit := func(values ...string) {
		n, key := pages.Find(values)
		if n == nil {
			n, _ = pages.Insert(values, key)
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

// Without names, each series of a map has labels of its own.
func ExampleMap_FindSet() {
	events := shard.New(shard.Config{MaxSeries: 100, New: newHits})
	hit := func(labels map[string]string) {
		n, key := events.FindSet(labels)
		if n == nil {
			n, _ = events.InsertSet(labels, key)
		}
		hitsOf(n).count.Add(1)
	}
	hit(map[string]string{"kind": "login", "user": "ada"})
	hit(map[string]string{"kind": "crash"})
	hit(map[string]string{"kind": "crash", "user": ""}) // an empty label is no label
	for n := range events.All() {
		fmt.Printf("{%s} %d\n", n.Labels, hitsOf(n).count.Load())
	}
	// Output:
	// {kind="login",user="ada"} 1
	// {kind="crash"} 2
}

func ExampleMap_Delete() {
	m := shard.New(shard.Config{Names: []string{"user"}, MaxSeries: 100, New: newHits})
	_, key := m.Find([]string{"ada"})
	n, _ := m.Insert([]string{"ada"}, key)
	fmt.Println(m.Size(), n.Gone())
	m.Delete(n)
	fmt.Println(m.Size(), n.Gone())
	hitsOf(n).count.Add(1) // the series goes on working, and no walk shows it
	// Output:
	// 1 false
	// 0 true
}
