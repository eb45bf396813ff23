// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"strconv"
	"testing"
)

// BenchmarkFind finds series by 1, 2 and 3 labels: the same series again and again (hit), a random
// one of 10 000 (whose cost depends on the caches of the machine), and one that is not there.
func BenchmarkFind(b *testing.B) {
	all := []string{"method", "code", "path"}
	tuple := func(n, i int) []string {
		return []string{[]string{"GET", "POST", "PUT"}[i%3] + strconv.Itoa(i), strconv.Itoa(200 + i%5),
			"/api/v1/" + strconv.Itoa(i%11)}[:n]
	}
	const series = 10_000
	for n := 1; n <= 3; n++ {
		f := newFamily(series, all[:n]...)
		values := make([][]string, 1<<14)
		for i := range values {
			values[i] = tuple(n, i*7919%series)
			f.with(values[i]...)
		}
		name := fmt.Sprintf("%d labels", n)
		b.Run(name+"/hit", func(b *testing.B) {
			hit := tuple(n, 3)
			for b.Loop() {
				if f.find(hit) == nil {
					b.Fatal("not found")
				}
			}
		})
		b.Run(name+"/random", func(b *testing.B) {
			for i := range b.N {
				if f.find(values[i%len(values)]) == nil {
					b.Fatal("not found")
				}
			}
		})
		b.Run(name+"/miss", func(b *testing.B) {
			absent := tuple(n, series)
			for b.Loop() {
				if f.find(absent) != nil {
					b.Fatal("found")
				}
			}
		})
		b.Run(name+"/hit parallel", func(b *testing.B) {
			hit := tuple(n, 3)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if f.find(hit) == nil {
						b.Error("not found")
					}
				}
			})
		})
	}
}

// BenchmarkFindByValue shows that the cost of hash and comparison depends on the value: short,
// long, escaped or colliding.
func BenchmarkFindByValue(b *testing.B) {
	colliding := collidingValues(b, 2)
	for name, values := range map[string][]string{
		"short":     {"GET", "200"},
		"9 bytes":   {"user-1234", "status-ok"},
		"32 bytes":  {"/api/v1/objects/by-name/of/owner", "content-type: application/json; "},
		"escaped":   {`C:\Windows`, "200"},
		"displaced": {colliding[1], "200"},
	} {
		b.Run(name, func(b *testing.B) {
			f := newFamily(100, "a", "b")
			f.with(colliding[0], "200")
			if name != "displaced" {
				f.delete(colliding[0], "200")
			}
			f.with(values...)
			for b.Loop() {
				if f.find(values) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkFindSet(b *testing.B) {
	set := map[string]string{"method": "GET", "code": "200"}
	declared, open, shapes, others := newFamily(100, "method", "code"), newFamily(100), newFamily(100), newFamily(100)
	for i := range maxShapes + 1 {
		other := map[string]string{"method": "GET", "code" + strconv.Itoa(i): "200"}
		others.withSet(other)
		if i > 0 && i < maxShapes {
			shapes.withSet(other)
		}
	}
	for name, f := range map[string]*family{
		"declared":                   declared,
		"open":                       open,
		"open, last of three shapes": shapes,
		"open, many sets of names":   others,
	} {
		f.withSet(set)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if f.findSet(set) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

// BenchmarkInsert creates series with two labels, and includes the lookup that does not find them.
func BenchmarkInsert(b *testing.B) {
	b.ReportAllocs()
	f := newFamily(1<<30, "a", "b")
	values := make([]string, b.N)
	for i := range values {
		values[i] = strconv.Itoa(i)
	}
	b.ResetTimer()
	for _, value := range values {
		f.with(value, "200")
	}
}

// BenchmarkOverflow looks up a label set that finds the map full.
func BenchmarkOverflow(b *testing.B) {
	f := newFamily(1, "a", "b")
	f.with("the", "only")
	f.with("one", "more")
	for b.Loop() {
		f.with("absent", "200")
	}
}

func BenchmarkWalk(b *testing.B) {
	f := newFamily(1<<20, "a")
	const series = 100_000
	for i := range series {
		f.with(strconv.Itoa(i))
	}
	b.ResetTimer()
	for range b.N {
		for range f.All() {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/series, "ns/series")
}
