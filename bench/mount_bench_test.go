// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"io"
	"strconv"
	"testing"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

const (
	mountedMetrics = 10 // of each registry
	mountedSeries  = 10_000
)

// library defines metrics with series in a registry, all with the same options.
func library(reg *engine.Registry, series int, options ...engine.MetricOption) {
	for i := range mountedMetrics {
		v := must(reg.NewCounterVec("requests_"+strconv.Itoa(i)+"_total", "Requests.", []string{"path"}, options...))
		for j := range series / mountedMetrics {
			v.With("/api/v1/item/" + strconv.Itoa(j)).Add(float64(j))
		}
	}
}

// pages returns registries that show the same 10 000 series of 10 names, which registries that are
// mounted hold, or the registry itself.
func pages(registries int) map[string]*engine.Registry {
	mounted, direct := engine.NewRegistry(), engine.NewRegistry()
	for i := range registries {
		pool := engine.WithConstLabels(engine.Labels{"pool": strconv.Itoa(i)})
		lib := engine.NewRegistry()
		library(lib, mountedSeries/registries)
		if err := mounted.Mount(lib, pool); err != nil {
			panic(err)
		}
		library(direct, mountedSeries/registries, pool)
	}
	return map[string]*engine.Registry{"mounted": mounted, "direct": direct}
}

// BenchmarkScrapeMounted writes the page of registries that are mounted with a label, and the page
// of one registry that has all of their series itself.
func BenchmarkScrapeMounted(b *testing.B) {
	for _, registries := range []int{10, 1000} {
		all := pages(registries)
		for _, f := range []encode.Format{encode.Text, encode.Protobuf} {
			e := engine.Exposition{Format: f, NoSelf: true}
			for _, name := range []string{"mounted", "direct"} {
				b.Run(fmt.Sprintf("registries=%d/%s/%s", registries, formatName[f], name), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, err := all[name].Expose(io.Discard, e); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/mountedSeries, "ns/series")
				})
			}
		}
	}
}

// BenchmarkMount mounts one more registry of ten metrics beside a number of others, and ends the
// mount.
func BenchmarkMount(b *testing.B) {
	for _, registries := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("registries=%d", registries), func(b *testing.B) {
			reg := pages(registries)["mounted"]
			one := engine.NewRegistry()
			library(one, mountedMetrics)
			b.ReportAllocs()
			for b.Loop() {
				if err := reg.Mount(one, engine.WithConstLabels(engine.Labels{"pool": "one"})); err != nil {
					b.Fatal(err)
				}
				reg.Unmount(one)
			}
		})
	}
}
