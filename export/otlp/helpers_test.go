// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// request is a request as a receiver reads it, by the numbers of the fields in opentelemetry-proto.
// The official messages are the oracle in internal/parsers.
type request struct {
	resource map[string]string
	scope    string
	metrics  []metricRead
}

type metricRead struct {
	name, help, unit, typ string
	form                  uint64
	temporality           uint64
	monotonic             bool
	points                []pointRead
}

type pointRead struct {
	labels      string // as name=value, joined by commas
	ended       bool   // it has no value, and ends its series
	start, time uint64 // in nanoseconds
	value, sum  float64
	hasValue    bool
	count       uint64
	counts      []uint64
	bounds      []float64
	quantiles   []string
	scale       int
	zero        uint64
	threshold   float64
	positive    runRead
	negative    runRead
	exemplars   []string
}

type runRead struct {
	offset int
	counts []uint64
}

func fieldsOf(t testing.TB, message []byte) (all []wire.Field) {
	for f, err := range wire.Fields(message) {
		require.NoError(t, err)
		all = append(all, f)
	}
	return all
}

func readRequest(t testing.TB, message []byte) (r request) {
	all := fieldsOf(t, message)
	require.Len(t, all, 1, "one resource")
	r.resource = map[string]string{}
	for _, f := range fieldsOf(t, all[0].Bytes) {
		if f.Number == 1 {
			for _, a := range fieldsOf(t, f.Bytes) {
				name, value := attributeOf(t, a.Bytes)
				r.resource[name] = value
			}
			continue
		}
		require.Equal(t, uint64(2), f.Number)
		for _, s := range fieldsOf(t, f.Bytes) {
			if s.Number == 1 {
				r.scope = string(fieldsOf(t, s.Bytes)[0].Bytes)
				continue
			}
			require.Equal(t, uint64(2), s.Number)
			r.metrics = append(r.metrics, readMetric(t, s.Bytes))
		}
	}
	return r
}

func attributeOf(t testing.TB, message []byte) (name, value string) {
	for _, f := range fieldsOf(t, message) {
		if f.Number == 1 {
			name = string(f.Bytes)
		} else {
			value = string(fieldsOf(t, f.Bytes)[0].Bytes)
		}
	}
	return name, value
}

func readMetric(t testing.TB, message []byte) (m metricRead) {
	for _, f := range fieldsOf(t, message) {
		switch f.Number {
		case 1:
			m.name = string(f.Bytes)
		case 2:
			m.help = string(f.Bytes)
		case 3:
			m.unit = string(f.Bytes)
		case 12:
			var key string
			key, m.typ = attributeOf(t, f.Bytes)
			require.Equal(t, "prometheus.type", key)
		default:
			require.Zero(t, m.form, "a metric has one form")
			m.form = f.Number
			for _, d := range fieldsOf(t, f.Bytes) {
				switch d.Number {
				case 1:
					m.points = append(m.points, readPoint(t, m.form, d.Bytes))
				case 2:
					m.temporality = d.Value
				case 3:
					m.monotonic = d.Value == 1
				}
			}
		}
	}
	return m
}

// readPoint reads a point. Some numbers of fields mean other things in other forms.
func readPoint(t testing.TB, form uint64, message []byte) (p pointRead) {
	labels := map[uint64]uint64{5: 7, 7: 7, 9: 9, 10: 1, 11: 7}[form]
	exemplars := map[uint64]uint64{5: 5, 7: 5, 9: 8, 10: 11}[form]
	flags := map[uint64]uint64{5: 8, 7: 8, 9: 10, 10: 10, 11: 8}[form]
	var parts []string
	for _, f := range fieldsOf(t, message) {
		switch {
		case f.Number == labels:
			name, value := attributeOf(t, f.Bytes)
			parts = append(parts, name+"="+value)
		case f.Number == exemplars:
			p.exemplars = append(p.exemplars, readExemplar(t, f.Bytes))
		case f.Number == flags:
			p.ended = f.Value == 1
		case f.Number == 2:
			p.start = f.Value
		case f.Number == 3:
			p.time = f.Value
		case form == 5 || form == 7:
			require.Equal(t, uint64(4), f.Number)
			p.value, p.hasValue = math.Float64frombits(f.Value), true
		case f.Number == 4:
			p.count = f.Value
		case f.Number == 5:
			p.sum = math.Float64frombits(f.Value)
		case form == 11:
			var q [3]float64
			for _, v := range fieldsOf(t, f.Bytes) {
				q[v.Number] = math.Float64frombits(v.Value)
			}
			p.quantiles = append(p.quantiles, fmt.Sprint(q[1], "=", q[2]))
		case form == 9 && f.Number == 6:
			for at := 0; at < len(f.Bytes); at += 8 {
				p.counts = append(p.counts, binary.LittleEndian.Uint64(f.Bytes[at:]))
			}
		case form == 9 && f.Number == 7:
			for at := 0; at < len(f.Bytes); at += 8 {
				p.bounds = append(p.bounds, math.Float64frombits(binary.LittleEndian.Uint64(f.Bytes[at:])))
			}
		default:
			p.readExponential(t, f)
		}
	}
	p.labels = strings.Join(parts, ",")
	return p
}

func (p *pointRead) readExponential(t testing.TB, f wire.Field) {
	switch f.Number {
	case 6:
		p.scale = unzigzag(f.Value)
	case 7:
		p.zero = f.Value
	case 8:
		p.positive = readRun(t, f.Bytes)
	case 9:
		p.negative = readRun(t, f.Bytes)
	case 14:
		p.threshold = math.Float64frombits(f.Value)
	default:
		t.Fatalf("field %d", f.Number)
	}
}

func unzigzag(v uint64) int { return int(v>>1) ^ -int(v&1) }

func readRun(t testing.TB, message []byte) (r runRead) {
	for _, f := range fieldsOf(t, message) {
		if f.Number == 1 {
			r.offset = unzigzag(f.Value)
			continue
		}
		for packed := f.Bytes; len(packed) > 0; {
			v, n := binary.Uvarint(packed)
			require.Positive(t, n)
			r.counts, packed = append(r.counts, v), packed[n:]
		}
	}
	return r
}

func readExemplar(t testing.TB, message []byte) string {
	var parts []string
	value := 0.0
	for _, f := range fieldsOf(t, message) {
		switch f.Number {
		case 2:
			require.Positive(t, f.Value)
		case 3:
			value = math.Float64frombits(f.Value)
		case 4:
			parts = append(parts, fmt.Sprintf("span %x", f.Bytes))
		case 5:
			parts = append(parts, fmt.Sprintf("trace %x", f.Bytes))
		case 7:
			name, v := attributeOf(t, f.Bytes)
			parts = append(parts, name+"="+v)
		}
	}
	return fmt.Sprint(strings.Join(parts, ","), " ", value)
}

// receiver is a receiver of OTLP.
type receiver struct {
	t     testing.TB
	url   string
	fault func(n int, w http.ResponseWriter) bool // answers the n-th request, from 1, instead

	mu     sync.Mutex
	asked  int
	stored []request
	header http.Header
	path   string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.asked++
	n := r.asked
	r.header, r.path = req.Header, req.URL.Path
	r.mu.Unlock()
	if r.fault != nil && r.fault(n, w) {
		return
	}
	from := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		from = z
	}
	body, err := io.ReadAll(from)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stored = append(r.stored, readRequest(r.t, body))
}

// exporter returns an Exporter to the receiver.
func (r *receiver) exporter(reg *engine.Registry, opts ...Option) *Exporter {
	e, err := New(r.url, append([]Option{WithRegistry(reg)}, opts...)...)
	require.NoError(r.t, err)
	e.noSelf = true
	return e
}

// endings returns the series that have ended, in order, and forgets everything.
func (r *receiver) endings() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, req := range r.stored {
		for _, m := range req.metrics {
			for _, p := range m.points {
				if p.ended {
					names = append(names, m.name+"{"+p.labels+"}")
				}
			}
		}
	}
	r.stored = nil
	return names
}

// values returns the sums of the values that the receiver has stored, by metric and labels, and how
// many points they are of.
func (r *receiver) values() (sums map[string]float64, points int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sums = map[string]float64{}
	for _, req := range r.stored {
		for _, m := range req.metrics {
			for _, p := range m.points {
				if !p.ended {
					sums[m.name+"{"+p.labels+"}"] += p.value
					points++
				}
			}
		}
	}
	return sums, points
}

// counters returns a registry with a counter of so many series, each of which is 1.
func counters(size int) (*engine.Registry, *engine.CounterVec) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range size {
		c.With(strconv.Itoa(i)).Inc()
	}
	return reg, c
}

func total(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}
