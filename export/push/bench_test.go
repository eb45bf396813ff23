// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// BenchmarkCheckPage measures the search for labels of the group in a page that does not have them.
func BenchmarkCheckPage(b *testing.B) {
	reg := engine.NewRegistry()
	v := must(reg.NewCounterVec("requests_total", "Requests.", []string{"method", "code"}))
	for i := range 10_000 {
		v.With("GET", strconv.Itoa(i)).Inc()
	}
	var page bytes.Buffer
	must(reg.Expose(&page, engine.Exposition{}))
	labels := sorted("j", []label{{"instance", "127.0.0.1:1234"}})
	b.SetBytes(int64(page.Len()))
	for b.Loop() {
		if err := checkPage(page.Bytes(), labels); err != nil {
			b.Fatal(err)
		}
	}
}
