// SPDX-License-Identifier: Apache-2.0

package bridge_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func textOf(t testing.TB, reg *engine.Registry) string {
	t.Helper()
	var page strings.Builder
	_, err := reg.Expose(&page, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	return page.String()
}

// messagesOf decodes a protobuf page of a registry.
func messagesOf(t testing.TB, reg *engine.Registry) (families []*dto.MetricFamily) {
	t.Helper()
	var page bytes.Buffer
	_, err := reg.Expose(&page, engine.Exposition{
		Format: encode.Protobuf, Escaping: encode.NoEscaping, NoSelf: true, WholeFamilies: true})
	require.NoError(t, err)
	for {
		f := new(dto.MetricFamily)
		err := protodelim.UnmarshalFrom(&page, f)
		if errors.Is(err, io.EOF) {
			return families
		}
		require.NoError(t, err)
		families = append(families, f)
	}
}

// requireSame compares families, whatever the order of metrics and labels, and whether a bucket up
// to +Inf is written out. To native histograms without other buckets client_golang adds one, for an
// exemplar that is among the native ones too.
func requireSame(t testing.TB, want, have []*dto.MetricFamily) {
	t.Helper()
	w, h := normal(want), normal(have)
	if to := times(h); len(to) == len(times(w)) {
		for i, at := range times(w) { // quipu's are floats of seconds, which pages show in microseconds
			if d := at.AsTime().Sub(to[i].AsTime()); d.Abs() <= time.Microsecond {
				to[i].Seconds, to[i].Nanos = at.Seconds, at.Nanos
			}
		}
	}
	for i := range min(len(w), len(h)) {
		require.True(t, proto.Equal(w[i], h[i]), "want:\n%s\nhave:\n%s", prototext.Format(w[i]), prototext.Format(h[i]))
	}
	require.Len(t, h, len(w))
}

func normal(families []*dto.MetricFamily) (all []*dto.MetricFamily) {
	key := func(m *dto.Metric) string { return prototext.Format(&dto.Metric{Label: m.Label}) }
	for _, f := range families {
		f = proto.Clone(f).(*dto.MetricFamily)
		for _, m := range f.Metric {
			slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int {
				return strings.Compare(a.GetName(), b.GetName())
			})
			if h := m.Histogram; h != nil {
				h.Bucket = slices.DeleteFunc(h.Bucket, func(b *dto.Bucket) bool {
					alone := len(h.Bucket) == 1 && h.Schema != nil
					return math.IsInf(b.GetUpperBound(), 1) && (b.Exemplar == nil || alone)
				})
			}
		}
		slices.SortFunc(f.Metric, func(a, b *dto.Metric) int {
			return strings.Compare(key(a), key(b))
		})
		if f.Help == nil {
			f.Help = new("")
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

// times returns all times of creation and of exemplars.
func times(families []*dto.MetricFamily) (all []*timestamppb.Timestamp) {
	add := func(list ...*timestamppb.Timestamp) {
		all = append(all, slices.DeleteFunc(list, func(t *timestamppb.Timestamp) bool { return t == nil })...)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			add(m.GetCounter().GetCreatedTimestamp(), m.GetCounter().GetExemplar().GetTimestamp(),
				m.GetSummary().GetCreatedTimestamp(), m.GetHistogram().GetCreatedTimestamp())
			for _, b := range m.GetHistogram().GetBucket() {
				add(b.GetExemplar().GetTimestamp())
			}
			for _, e := range m.GetHistogram().GetExemplars() {
				add(e.GetTimestamp())
			}
		}
	}
	return all
}
