// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/otlpform"
)

func TestLabelsOfExemplarsAreIDsOnlyIfTheyAreSuch(t *testing.T) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, c := range []struct{ name, value, want string }{
		{"trace_id", trace, "trace " + trace},
		{"trace_id", strings.ToUpper(trace), "trace " + trace},
		{"trace_id", trace[1:], "trace_id=" + trace[1:]},
		{"trace_id", trace + "00", "trace_id=" + trace + "00"},
		{"trace_id", "x" + trace[1:], "trace_id=x" + trace[1:]},
		{"trace_id", strings.Repeat("0", 32), "trace_id=" + strings.Repeat("0", 32)},
		{"trace_id", span, "trace_id=" + span},
		{"trace_id", "", "trace_id="},
		{"span_id", span, "span " + span},
		{"span_id", trace, "span_id=" + trace},
		{"span_id", strings.Repeat("0", 16), "span_id=" + strings.Repeat("0", 16)},
		{"spanId", span, "spanId=" + span},
	} {
		p := point{exemplars: []engine.Exemplar{{Labels: []engine.Label{{Name: c.name, Value: c.value}}, Value: 2}}}
		fields := fieldsOf(t, p.appendExemplars(nil, 5))
		require.Len(t, fields, 1)
		require.Equal(t, c.want+" 2", readExemplar(t, fields[0].Bytes))
	}
}

func TestADifferenceHasTheExemplarsOfItsEventsOnly(t *testing.T) {
	old, recent := time.UnixMilli(1000), time.UnixMilli(2000)
	p := point{start: 2000, exemplars: []engine.Exemplar{{Value: 1, Time: old}, {Value: 2, Time: recent}, {Value: 3}}}
	p.onlyNew()
	require.Equal(t, []engine.Exemplar{{Value: 2, Time: recent}, {Value: 3}}, p.exemplars)
}

func TestNoValueOfAProgramEndsASeries(t *testing.T) {
	marker := math.Float64frombits(gone.Stale)
	q := &engine.SummarySample{Sum: marker, Estimates: []engine.Estimate{{Quantile: 0.5, Value: marker}}}
	var p point
	for name, message := range map[string][]byte{
		"number":      p.appendNumber(nil, marker),
		"summary":     p.appendSummary(nil, q),
		"histogram":   p.appendHistogram(nil, nil, []uint64{1}, 1, marker),
		"exponential": p.appendExponential(nil, &otlpform.Buckets{Sum: marker}),
	} {
		require.NotContains(t, string(message), string(binary.LittleEndian.AppendUint64(nil, gone.Stale)), name)
	}
}
