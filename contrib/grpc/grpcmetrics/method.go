// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/quipu-metrics/quipu/engine"
)

// method holds the handles of one method. Each is nil until its first update, so that a series
// appears with it. Several goroutines may set a handle at once, because the engine gives them all
// the same series.
//
// The handles remain usable whatever happens to the families, but after Registry.Clear or
// Unregister no page shows them.
type method struct {
	families *families
	labels   [3]string // the values of labelNames

	started, received, sent     atomic.Pointer[engine.Counter]
	seconds                     atomic.Pointer[engine.Histogram]
	receiveSeconds, sendSeconds atomic.Pointer[engine.Histogram]
	receivedSize, sentSize      atomic.Pointer[engine.Histogram]
	handled                     [codeLabels]atomic.Pointer[engine.Counter] // by the number of the code's label
}

func newMethod(f *families, typ callType, service, name string) *method {
	return &method{families: f, labels: [3]string{typeLabels[typ], service, name}}
}

// counter returns the handle of a counter.
func (m *method) counter(at *atomic.Pointer[engine.Counter], family *engine.CounterVec) *engine.Counter {
	c := at.Load()
	if c == nil {
		c = family.With(m.labels[:]...)
		at.Store(c)
	}
	return c
}

// histogram returns the handle of a histogram. The family must not be nil.
func (m *method) histogram(at *atomic.Pointer[engine.Histogram], family *engine.HistogramVec) *engine.Histogram {
	h := at.Load()
	if h == nil {
		h = family.With(m.labels[:]...)
		at.Store(h)
	}
	return h
}

// byCode returns the counter of the calls that ended with a code.
func (m *method) byCode(code codes.Code) *engine.Counter {
	i := m.families.codes.index(code)
	c := m.handled[i].Load()
	if c == nil {
		c = m.families.handled.With(m.labels[0], m.labels[1], m.labels[2], m.families.codes.label(i))
		m.handled[i].Store(c)
	}
	return c
}

// begin counts a call that has begun and returns the time, if a histogram of times needs it.
func (m *method) begin() (start time.Time) {
	if m.families.timed {
		start = time.Now()
	}
	m.counter(&m.started, m.families.started).Inc()
	return start
}

// end counts a call that has ended.
func (m *method) end(ctx context.Context, code codes.Code, start time.Time) {
	f := m.families
	handled := m.byCode(code)
	if f.exemplars {
		handled.AddContext(ctx, 1)
	} else {
		handled.Inc()
	}
	if f.seconds == nil {
		return
	}
	h, seconds := m.histogram(&m.seconds, f.seconds), time.Since(start).Seconds()
	if f.exemplars {
		h.ObserveContext(ctx, seconds)
	} else {
		h.Observe(seconds)
	}
}

// countSent counts a message that was sent.
func (m *method) countSent() { m.counter(&m.sent, m.families.sent).Inc() }

// countReceived counts a message that was received.
func (m *method) countReceived() { m.counter(&m.received, m.families.received).Inc() }

// now returns the time, if the times of messages are wanted.
func (m *method) now() (t time.Time) {
	if m.families.sendSeconds != nil {
		t = time.Now()
	}
	return t
}

// timeSent observes the time since a message began to be sent, if it is wanted.
func (m *method) timeSent(start time.Time) {
	if family := m.families.sendSeconds; family != nil {
		m.histogram(&m.sendSeconds, family).Observe(time.Since(start).Seconds())
	}
}

// timeReceived observes the time since somebody began to wait for a message, if it is wanted.
func (m *method) timeReceived(start time.Time) {
	if family := m.families.receiveSeconds; family != nil {
		m.histogram(&m.receiveSeconds, family).Observe(time.Since(start).Seconds())
	}
}

// observeSent observes the size of a message in bytes.
func (m *method) observeSent(size int) {
	m.histogram(&m.sentSize, m.families.sentSize).Observe(float64(size))
}

// observeReceived observes the size of a message in bytes.
func (m *method) observeReceived(size int) {
	m.histogram(&m.receivedSize, m.families.receivedSize).Observe(float64(size))
}

// create creates all series that the calls of a method have, one for each code of gRPC among them.
func (m *method) create() {
	f := m.families
	m.counter(&m.started, f.started)
	m.counter(&m.received, f.received)
	m.counter(&m.sent, f.sent)
	for code := range codes.Code(standardCodes) {
		m.byCode(code)
	}
	for _, h := range []struct {
		at     *atomic.Pointer[engine.Histogram]
		family *engine.HistogramVec
	}{
		{&m.seconds, f.seconds},
		{&m.receiveSeconds, f.receiveSeconds}, {&m.sendSeconds, f.sendSeconds},
		{&m.receivedSize, f.receivedSize}, {&m.sentSize, f.sentSize},
	} {
		if h.family != nil {
			m.histogram(h.at, h.family)
		}
	}
}
