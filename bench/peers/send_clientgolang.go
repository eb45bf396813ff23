// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// clientGolangRemote is client_golang with its API of remote write, which takes messages and leaves
// it to its users to make them of what a registry gathers. This is done as somebody does it who
// knows that a million series are to be sent: the messages and the table of symbols are used again.
type clientGolangRemote struct {
	reg   *prometheus.Registry
	api   *remote.API
	table writev2.SymbolsTable

	request writev2.Request
	series  [perRequest]writev2.TimeSeries
	samples [perRequest]writev2.Sample
	about   [perRequest]writev2.Metadata
}

func newClientGolangRemote(receiver string) Sending {
	api := must(remote.NewAPI(receiver, remote.WithAPIPath(writePath), remote.WithAPIHTTPClient(&http.Client{})))
	return &clientGolangRemote{reg: prometheus.NewRegistry(), api: api, table: writev2.NewSymbolTable()}
}

func (p *clientGolangRemote) Fill(counters, histograms int) func(int) {
	if histograms > 0 {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: sentHistogram, Help: "Durations.", Buckets: DefaultBuckets,
		}, sentLabels)
		p.reg.MustRegister(h)
		fillHistograms(histograms, func(host, path, code string) prometheus.Observer {
			return h.WithLabelValues(host, path, code)
		}, prometheus.Observer.Observe)
	}
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: sentCounter, Help: "Requests."}, sentLabels)
	p.reg.MustRegister(c)
	return fillCounters(counters, func(host, path, code string) prometheus.Counter {
		return c.WithLabelValues(host, path, code)
	}, prometheus.Counter.Add)
}

func (p *clientGolangRemote) Send(ctx context.Context) error {
	families, err := p.reg.Gather()
	if err != nil {
		return err
	}
	millis := time.Now().UnixMilli()
	for _, f := range families {
		for _, m := range f.Metric {
			if err := p.metric(ctx, f, m, millis); err != nil {
				return err
			}
		}
	}
	return p.flush(ctx)
}

// metric adds the samples of a metric.
func (p *clientGolangRemote) metric(ctx context.Context, f *dto.MetricFamily, m *dto.Metric, millis int64) error {
	name := f.GetName()
	if c := m.Counter; c != nil {
		return p.sample(ctx, f, m, name, "", c.GetValue(), c.GetCreatedTimestamp().AsTime().UnixMilli(), millis)
	}
	h := m.Histogram
	if h == nil {
		return fmt.Errorf("%s: neither a counter nor a histogram", name)
	}
	created := h.GetCreatedTimestamp().AsTime().UnixMilli()
	for _, b := range h.Bucket {
		le := strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64)
		n := float64(b.GetCumulativeCount())
		if err := p.sample(ctx, f, m, name+"_bucket", le, n, created, millis); err != nil {
			return err
		}
	}
	count := float64(h.GetSampleCount())
	if n := len(h.Bucket); n == 0 || !math.IsInf(h.Bucket[n-1].GetUpperBound(), 1) {
		if err := p.sample(ctx, f, m, name+"_bucket", "+Inf", count, created, millis); err != nil {
			return err
		}
	}
	if err := p.sample(ctx, f, m, name+"_sum", "", h.GetSampleSum(), created, millis); err != nil {
		return err
	}
	return p.sample(ctx, f, m, name+"_count", "", count, created, millis)
}

// sample adds one series, and sends the request if it is full. Labels are in order: code, host, le,
// path, after the name, which sorts before them.
func (p *clientGolangRemote) sample(ctx context.Context, f *dto.MetricFamily, m *dto.Metric, name, le string,
	v float64, created, millis int64) error {
	i := len(p.request.Timeseries)
	s := &p.series[i]
	refs := append(s.LabelsRefs[:0], p.table.Symbolize("__name__"), p.table.Symbolize(name))
	for _, l := range m.Label {
		if le != "" && l.GetName() > "le" {
			refs = append(refs, p.table.Symbolize("le"), p.table.Symbolize(le))
			le = ""
		}
		refs = append(refs, p.table.Symbolize(l.GetName()), p.table.Symbolize(l.GetValue()))
	}
	if le != "" {
		refs = append(refs, p.table.Symbolize("le"), p.table.Symbolize(le))
	}
	p.samples[i].Value, p.samples[i].Timestamp = v, millis
	p.about[i].HelpRef, p.about[i].Type = p.table.Symbolize(f.GetHelp()), writev2.Metadata_METRIC_TYPE_COUNTER
	if f.GetType() == dto.MetricType_HISTOGRAM {
		p.about[i].Type = writev2.Metadata_METRIC_TYPE_HISTOGRAM
	}
	s.LabelsRefs, s.CreatedTimestamp, s.Metadata = refs, created, &p.about[i]
	s.Samples = append(s.Samples[:0], &p.samples[i])
	p.request.Timeseries = append(p.request.Timeseries, s)
	if i+1 == perRequest {
		return p.flush(ctx)
	}
	return nil
}

func (p *clientGolangRemote) flush(ctx context.Context) error {
	n := len(p.request.Timeseries)
	if n == 0 {
		return nil
	}
	p.request.Symbols = p.table.Symbols()
	stats, err := p.api.Write(ctx, remote.WriteV2MessageType, &p.request)
	if err == nil && stats.Samples != n {
		err = fmt.Errorf("%d samples of %d were written", stats.Samples, n)
	}
	p.request.Timeseries = p.request.Timeseries[:0]
	p.table.Reset()
	return err
}

func (p *clientGolangRemote) Close() {}
