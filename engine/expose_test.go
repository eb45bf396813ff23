// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// A piece of a protobuf family has the family's help text. One larger than a chunk was there once for each series: 3 GB
// for 3000 of them.
func TestAHelpTextLargerThanAChunkIsNotRepeatedForEverySeries(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewGaugeVec("g", strings.Repeat("x", 100<<10), []string{"a"})
	require.NoError(t, err)
	for i := range 10_000 {
		v.With(fmt.Sprint("series ", i))
	}
	page := expose(t, r, engine.Exposition{Format: encode.Protobuf, NoSelf: true})
	require.Less(t, len(page), 1<<20)
	require.Equal(t, 10_000, readMessages(t, page)["g"].metrics)
}

// Nanoseconds since 1970 in one float64 are off by some hundred, and a quarter of a second became .2499998.
func TestTimesAreTheNearestFloats(t *testing.T) {
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return time.Unix(1_700_000_000, 250e6) }))
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	c.AddWithExemplar(1, engine.Labels{"id": "x"})
	require.Equal(t, "# TYPE c counter\nc_total 1 # {id=\"x\"} 1 1700000000.25\nc_created 1700000000.25\n# EOF\n",
		strings.ReplaceAll(string(expose(t, r, engine.Exposition{Format: openMetrics, NoSelf: true, Created: true})), "1.70000000025e+09", "1700000000.25"))
}
