// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"maps"
	"slices"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/encode"
)

// exemplar is an exemplar in the form of messages and in that of pages. It does not change.
type exemplar struct {
	message *dto.Exemplar
	page    encode.Exemplar
}

// anyCounter carries exemplars to client_golang, which checks them.
var anyCounter = client.MustNewConstMetric(client.NewDesc("any", "", nil, nil), client.CounterValue, 0)

// newExemplar returns an exemplar of this moment. It panics if the labels are not valid.
func newExemplar(v float64, labels Labels) *exemplar {
	now := time.Now()
	m, err := client.NewMetricWithExemplars(anyCounter, Exemplar{Value: v, Labels: labels, Timestamp: now})
	if err != nil {
		panic(err)
	}
	var to dto.Metric
	if err := m.Write(&to); err != nil {
		panic(err)
	}
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		text = encode.AppendLabel(text, name, labels[name])
	}
	return &exemplar{to.Counter.Exemplar, encode.Exemplar{
		Labels: string(text), Value: v, Timestamp: float64(now.UnixNano()) / 1e9,
	}}
}

// proto and sample return nil for nil. In OpenMetrics, client_golang writes no exemplar without
// labels.
func (e *exemplar) proto() *dto.Exemplar {
	if e == nil {
		return nil
	}
	return e.message
}

func (e *exemplar) sample(f encode.Format) *encode.Exemplar {
	if e == nil || e.page.Labels == "" && f == encode.OpenMetrics {
		return nil
	}
	return &e.page
}
