// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/block"
)

// builder makes messages of series. It must not be used concurrently.
type builder struct {
	metrics    block.Block[dto.Metric]
	counters   block.Block[dto.Counter]
	gauges     block.Block[dto.Gauge]
	summaries  block.Block[dto.Summary]
	quantiles  block.Block[dto.Quantile]
	histograms block.Block[dto.Histogram]
	buckets    block.Block[dto.Bucket]
	times      block.Block[timestamppb.Timestamp]
	pairs      block.Block[dto.LabelPair]
	strings    block.Block[string]
	floats     block.Block[float64]
	unsigned   block.Block[uint64]

	pairLists     block.Block[*dto.LabelPair]
	bucketLists   block.Block[*dto.Bucket]
	quantileLists block.Block[*dto.Quantile]

	drained bool      // whether summaries have what was observed before
	values  []string  // of a series' labels
	counts  []uint64  // of a histogram's buckets
	q       []float64 // estimates of a summary
}

// labels returns the labels of a series as a part of a view shows them. Names, and labels with
// constant values, are shared between series: messages do not change once they are gathered.
func (b *builder) labels(p *part, text string) []*dto.LabelPair {
	if len(p.labels) == 0 {
		return nil
	}
	b.values = values(b.values[:0], text)
	list := b.pairLists.List(len(p.labels))
	for i := range p.labels {
		l := &p.labels[i]
		if l.at < 0 {
			list[i] = l.pair
			continue
		}
		pair := b.pairs.One()
		pair.Name, pair.Value = &l.name, b.strings.Of(b.values[l.at])
		list[i] = pair
	}
	return list
}

func (b *builder) time(t time.Time) *timestamppb.Timestamp {
	m := b.times.One()
	m.Seconds, m.Nanos = t.Unix(), int32(t.Nanosecond())
	return m
}
