// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/export/remote"
)

// quipuSending is quipu with one of its two packages that send.
type quipuSending struct {
	reg  *engine.Registry
	send func(context.Context) error
}

func newQuipuRemote1(receiver string) Sending { return newQuipuRemote(receiver, remote.V1) }
func newQuipuRemote2(receiver string) Sending { return newQuipuRemote(receiver, remote.V2) }

func newQuipuRemote(receiver string, p remote.Protocol) Sending {
	reg := engine.NewRegistry()
	w := must(remote.New(receiver+writePath, remote.WithRegistry(reg), remote.WithProtocol(p),
		remote.WithTimeout(sendTimeout)))
	return &quipuSending{reg, w.Send}
}

func newQuipuOTLP(receiver string) Sending { return newQuipuExporter(receiver) }

func newQuipuPlainOTLP(receiver string) Sending {
	return newQuipuExporter(receiver, otlp.WithoutCompression())
}

func newQuipuExporter(receiver string, opts ...otlp.Option) Sending {
	reg := engine.NewRegistry()
	e := must(otlp.New(receiver, append(opts, otlp.WithRegistry(reg), otlp.WithTimeout(sendTimeout))...))
	return &quipuSending{reg, e.Send}
}

func (q *quipuSending) Fill(counters, histograms int) func(int) {
	limit := engine.WithMaxSeries(engine.NoLimit)
	if histograms > 0 {
		h := must(q.reg.NewHistogramVec(sentHistogram, "Durations.", sentLabels, limit))
		fillHistograms(histograms, func(host, path, code string) *engine.Histogram { return h.With(host, path, code) },
			(*engine.Histogram).Observe)
	}
	c := must(q.reg.NewCounterVec(sentCounter, "Requests.", sentLabels, limit))
	return fillCounters(counters, func(host, path, code string) *engine.Counter { return c.With(host, path, code) },
		(*engine.Counter).Add)
}

func (q *quipuSending) Send(ctx context.Context) error { return q.send(ctx) }

func (q *quipuSending) Close() {}
