// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// FuzzNamesAndValues takes texts through a constructor, a lookup and pages of both packages.
func FuzzNamesAndValues(f *testing.F) {
	for _, s := range [][5]string{
		{"x_total", "Help.", "a", "k", "1"}, {"ü", "", "b.c", "", "\xff"}, {"x", "\n\\\"", "a", "a", "\"\\\n"},
		{"", "\x00", "\x00", "\xff", "\x00"},
		{"x\x00y", "H", "le", "quantile", "\u2028"}, {"x_total", "\xff", "__a", "b", ""},
	} {
		f.Add(s[0], s[1], s[2], s[3], s[4])
	}
	f.Fuzz(func(t *testing.T, name, help, label, constant, value string) {
		var got [2]string
		for i, a := range []api{ours, theirs} {
			got[i], _ = attempt(&side{api: a}, func(s *side) string {
				return throughPages(s, name, help, label, constant, value)
			})
		}
		require.Equal(t, got[1], got[0])
	})
}

// throughPages returns what there is to see of a counter with these texts.
func throughPages(s *side, name, help, label, constant, value string) string {
	v := s.newCounterVec(client.CounterVecOpts{CounterOpts: client.CounterOpts{
		Name: name, Help: help, ConstLabels: client.Labels{constant: value},
	}, VariableLabels: client.UnconstrainedLabels{label}})
	r := s.newRegistry()
	all := described(v) + errorText(r.Register(v))
	m, err := v.getLabelValues(value)
	all += errorText(err)
	if err == nil {
		m.(client.Counter).Inc()
		_, err = v.get(client.Labels{label: value})
		all += errorText(err)
	}
	families, err := r.Gather()
	all += familiesText(families) + errorText(err)
	for _, typ := range []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics} {
		all += sameNumbers(pageText(r, expfmt.NewFormat(typ)))
	}
	all += messages(r)
	return all + fmt.Sprint(v.DeletePartialMatch(client.Labels{label: value}))
}

// infinite is the last bucket. In protobuf our pages always have it, and client_golang's only if it
// has an exemplar; Prometheus adds it otherwise.
var infinite = regexp.MustCompile(` le\+Inf=\d+`)

// messages returns what a page in protobuf says.
func messages(r registry) string {
	f := expfmt.NewFormat(expfmt.TypeProtoDelim)
	decoder := expfmt.NewDecoder(strings.NewReader(pageText(r, f)), f)
	var families []*dto.MetricFamily
	for {
		f := new(dto.MetricFamily)
		err := decoder.Decode(f)
		if err == io.EOF {
			return infinite.ReplaceAllString(familiesText(families), "")
		} else if err != nil {
			return familiesText(families) + err.Error()
		}
		families = append(families, f)
	}
}

// pageText returns the page of either package's registry.
func pageText(r registry, f expfmt.Format) string {
	var b bytes.Buffer
	failed := func(err error) bool {
		fmt.Fprintln(&b, "error:", err)
		return false
	}
	if own, ok := r.(*prometheus.Registry); ok {
		families, _ := own.Families()
		page.Write(&b, families, page.Options{Format: f, Failed: failed})
		return b.String()
	}
	families, _ := r.Gather()
	enc := expfmt.NewEncoder(&b, f)
	for _, mf := range families {
		if err := enc.Encode(mf); err != nil {
			failed(err)
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		_ = c.Close()
	}
	return b.String()
}
