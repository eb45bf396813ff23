// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/promslog"

	"github.com/prometheus/statsd_exporter/pkg/event"
	"github.com/prometheus/statsd_exporter/pkg/exporter"
	"github.com/prometheus/statsd_exporter/pkg/line"
	"github.com/prometheus/statsd_exporter/pkg/listener"
	"github.com/prometheus/statsd_exporter/pkg/mapper"
)

const quipuMapping = `
mappings:
- match: timer.histogram.*
  observer_type: histogram
  histogram_options: {buckets: [0.01, 0.1, 1], native_histogram_bucket_factor: 1}
  name: timer_histogram
  labels: {route: $1}
- match: timer.native.*
  observer_type: histogram
  histogram_options: {buckets: [0.1], native_histogram_bucket_factor: 1.1, native_histogram_max_buckets: 100}
  name: timer_native
  labels: {route: $1}
- match: timer.summary.*
  observer_type: summary
  name: timer_summary
  labels: {route: $1}
- match: short.lived
  name: short_lived
  ttl: 1ns
`

func TestQuipuPages(t *testing.T) {
	m := &mapper.MetricMapper{
		Registerer: prometheus.DefaultRegisterer, MappingsCount: mappingsCount, Logger: promslog.NewNopLogger()}
	if err := m.InitFromYAMLString(quipuMapping); err != nil {
		t.Fatal(err)
	}
	e := exporter.NewExporter(prometheus.DefaultRegisterer, m, promslog.NewNopLogger(), eventsActions, eventsUnmapped,
		errorEventStats, eventStats, conflictingEventStats, metricsCount)
	events := make(chan event.Events, 100_000)
	parser := line.NewParser()
	parser.EnableDogstatsdParsing()
	l := &listener.StatsDUDPListener{
		EventHandler: &event.UnbufferedEventHandler{C: events}, Logger: promslog.NewNopLogger(), LineParser: parser,
		UDPPackets: udpPackets, UDPPacketDrops: udpPacketDrops, LinesReceived: linesReceived,
		EventsFlushed: eventsFlushed, SampleErrors: *sampleErrors, SamplesReceived: samplesReceived,
		TagErrors: tagErrors, TagsReceived: tagsReceived,
	}
	l.HandlePacket([]byte("short.lived:1|c"))
	for i := range 1000 {
		ms := i * 7 % 1000 // every value once
		for _, line := range []string{
			"requests:1|c", "requests:0.5|c|#code:200,path:/ü", "requests:1|c|#path:/,code:404", "requests:1|g",
			"depth:" + fmt.Sprint(i) + "|g", "depth:-3|g|#shard:a", "depth:+2|g|#shard:a", "plain:3|ms",
			fmt.Sprintf("timer.histogram.r%d:%d|ms", i%3, ms), fmt.Sprintf("timer.native.r%d:%d|ms", i%3, ms),
			fmt.Sprintf("timer.summary.one:%d|ms", ms), "broken", "broken:x|c", "a:1|c|#:bad", "requests_count:1|g",
			"negative:-1|c", "timer_histogram_sum:1|c",
		} {
			l.HandlePacket([]byte(line))
		}
	}
	close(events)
	e.Listen(events)
	e.Registry.RemoveStaleMetrics()
	summary, err := e.Registry.GetSummary("s", nil, "S.", &mapper.MetricMapping{}, metricsCount)
	if err != nil {
		t.Fatal(err)
	}
	histogram, err := e.Registry.GetHistogram("h", nil, "H.", &mapper.MetricMapping{
		HistogramOptions: &mapper.HistogramOptions{NativeHistogramBucketFactor: 1}}, metricsCount)
	if err != nil {
		t.Fatal(err)
	}
	quipuPages(t, promhttp.Handler(), prometheus.DefaultRegisterer, eventStats, eventsFlushed, mappingsCount, summary,
		histogram)
}
