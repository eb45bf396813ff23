// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// field is a field of a message, read by the description of the wire format. Prometheus' own
// decoders are the oracle in internal/parsers.
type field struct {
	number int
	value  uint64 // of a varint or of eight bytes
	bytes  []byte
}

func fieldsOf(t testing.TB, message []byte) (list []field) {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		require.Positive(t, n)
		message = message[n:]
		f := field{number: int(tag >> 3)}
		switch tag & 7 {
		case 0:
			f.value, n = binary.Uvarint(message)
			require.Positive(t, n)
			message = message[n:]
		case 1:
			f.value, message = binary.LittleEndian.Uint64(message), message[8:]
		case 2:
			length, n := binary.Uvarint(message)
			require.Positive(t, n)
			f.bytes, message = message[n:n+int(length)], message[n+int(length):]
		default:
			t.Fatalf("wire type %d", tag&7)
		}
		list = append(list, f)
	}
	return list
}

// received is a series as a receiver reads it.
type received struct {
	labels    string // as name=value, joined by commas
	value     float64
	stale     bool
	millis    int64
	start     int64
	histogram []field
	exemplars []string
	about     string // type, help and unit
}

func (r *received) sample(t testing.TB, message []byte) {
	for _, f := range fieldsOf(t, message) {
		switch f.number {
		case 1:
			r.value, r.stale = math.Float64frombits(f.value), f.value == gone.Stale
		case 2:
			r.millis = int64(f.value)
		case 3:
			r.start = int64(f.value)
		}
	}
}

func (r *received) native(t testing.TB, message []byte) {
	r.histogram = fieldsOf(t, message)
	for _, f := range r.histogram {
		switch f.number {
		case 1:
			r.value = float64(f.value)
		case 3:
			r.stale = f.value == gone.Stale
		case 15:
			r.millis = int64(f.value)
		case 17:
			r.start = int64(f.value)
		}
	}
}

func exemplarOf(t testing.TB, labels string, fields []field) string {
	text := labels
	for _, f := range fields {
		switch f.number {
		case 2:
			text += fmt.Sprint(" ", math.Float64frombits(f.value))
		case 3:
			require.Positive(t, f.value)
		}
	}
	return text
}

func labelsV1(t testing.TB, fields []field) string {
	var parts []string
	for _, f := range fields {
		if f.number == 1 && f.bytes != nil {
			var pair [3]string
			for _, l := range fieldsOf(t, f.bytes) {
				pair[l.number] = string(l.bytes)
			}
			parts = append(parts, pair[1]+"="+pair[2])
		}
	}
	return strings.Join(parts, ",")
}

// readV1 reads a request of version 1.0.
func readV1(t testing.TB, message []byte) (list []received, about map[string]string) {
	about = map[string]string{}
	for _, f := range fieldsOf(t, message) {
		if f.number == 3 {
			var name, rest string
			for _, m := range fieldsOf(t, f.bytes) {
				switch m.number {
				case 1:
					rest = fmt.Sprint(m.value, rest)
				case 2:
					name = string(m.bytes)
				default:
					rest += "|" + string(m.bytes)
				}
			}
			about[name] = rest
			continue
		}
		require.Equal(t, 1, f.number)
		fields := fieldsOf(t, f.bytes)
		r := received{labels: labelsV1(t, fields)}
		for _, s := range fields {
			switch s.number {
			case 2:
				r.sample(t, s.bytes)
			case 3:
				e := fieldsOf(t, s.bytes)
				r.exemplars = append(r.exemplars, exemplarOf(t, labelsV1(t, e), e))
			case 4:
				r.native(t, s.bytes)
			}
		}
		list = append(list, r)
	}
	return list, about
}

// readV2 reads a request of version 2.0.
func readV2(t testing.TB, message []byte) (list []received) {
	var symbols []string
	all := fieldsOf(t, message)
	for _, f := range all {
		if f.number == 4 {
			symbols = append(symbols, string(f.bytes))
		}
	}
	require.Equal(t, "", symbols[0])
	refs := func(packed []byte) string {
		var parts []string
		for len(packed) > 0 {
			name, n := binary.Uvarint(packed)
			value, m := binary.Uvarint(packed[n:])
			packed = packed[n+m:]
			parts = append(parts, symbols[name]+"="+symbols[value])
		}
		return strings.Join(parts, ",")
	}
	for _, f := range all {
		if f.number != 5 {
			continue
		}
		var r received
		for _, s := range fieldsOf(t, f.bytes) {
			switch s.number {
			case 1:
				r.labels = refs(s.bytes)
			case 2:
				r.sample(t, s.bytes)
			case 3:
				r.native(t, s.bytes)
			case 4:
				e := fieldsOf(t, s.bytes)
				r.exemplars = append(r.exemplars, exemplarOf(t, refs(e[0].bytes), e))
			case 5:
				for _, m := range fieldsOf(t, s.bytes) {
					if m.number == 1 {
						r.about = fmt.Sprint(m.value)
					} else {
						r.about += "|" + symbols[m.value]
					}
				}
			}
		}
		list = append(list, r)
	}
	return list
}

// receiver is a receiver in the place of the network.
type receiver struct {
	t       testing.TB
	knowsV2 bool                // and confirms what it has written
	lies    func(h http.Header) // changes an answer
	stored  []received          // what it has stored, in order
	about   map[string]string   // by the metadata of version 1.0
	asked   []string            // the versions of all requests

	// refuse answers a request instead, unless it returns neither. batch has its series.
	refuse func(n int, batch []received) (*http.Response, error)
}

// writer returns a Writer that sends to the receiver.
func (r *receiver) writer(reg *engine.Registry, opts ...Option) *Writer {
	opts = append([]Option{WithRegistry(reg), WithClient(&http.Client{Transport: r})}, opts...)
	w, err := New("http://receiver.example/write", opts...)
	require.NoError(r.t, err)
	w.noSelf = true
	w.compress = func(dst, text []byte) []byte { return append(dst, text...) }
	return w
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	require.NoError(r.t, err)
	r.asked = append(r.asked, q.Header.Get(versionHeader))
	v2 := r.asked[len(r.asked)-1] == "2.0.0"
	var list []received
	var about map[string]string
	if v2 {
		list = readV2(r.t, body)
	} else {
		list, about = readV1(r.t, body)
	}
	if r.refuse != nil {
		if answer, err := r.refuse(len(r.asked), list); answer != nil || err != nil {
			return answer, err
		}
	}
	if err := q.Context().Err(); err != nil {
		return nil, err
	}
	answer := testkit.HTTPAnswer(http.StatusNoContent, "")
	if v2 && !r.knowsV2 {
		return answer, nil // and nothing stored
	}
	r.stored = append(r.stored, list...)
	if r.about == nil {
		r.about = about
	}
	if v2 {
		confirmation(answer.Header, list)
		if r.lies != nil {
			r.lies(answer.Header)
		}
	}
	return answer, nil
}

// confirmation sets the headers in which a receiver says what it has written.
func confirmation(answer http.Header, list []received) {
	natives, exemplars := 0, 0
	for _, s := range list {
		exemplars += len(s.exemplars)
		if s.histogram != nil {
			natives++
		}
	}
	answer.Set(samplesWritten, strconv.Itoa(len(list)-natives))
	answer.Set(histogramsWritten, strconv.Itoa(natives))
	answer.Set(exemplarsWritten, strconv.Itoa(exemplars))
}

// refuses answers a status and a text.
func refuses(status int, text string, header ...string) (*http.Response, error) {
	return testkit.HTTPAnswer(status, text, header...), nil
}

// isAway answers as a network without a receiver.
func isAway(int, []received) (*http.Response, error) { return nil, errors.New("connection refused") }

// markersOnly refuses stale markers, as answer does.
func markersOnly(answer func() (*http.Response, error)) func(int, []received) (*http.Response, error) {
	return func(_ int, batch []received) (*http.Response, error) {
		if batch[0].stale {
			return answer()
		}
		return nil, nil
	}
}

// latest returns the last value of each series, and forgets all.
func (r *receiver) latest() map[string]string {
	last := map[string]string{}
	for _, s := range r.stored {
		last[s.labels] = fmt.Sprint(s.value)
		if s.stale {
			last[s.labels] = "stale"
		}
	}
	r.stored = nil
	return last
}
