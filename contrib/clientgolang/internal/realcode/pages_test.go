// SPDX-License-Identifier: Apache-2.0

package realcode

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/prototext"
)

// comparePages does the same work with the module as it is and with the import paths moved. Both
// pages must have the same content type, and the same lines or messages in the same order, and must
// parse. The metrics must be of client_golang's types before, and of ours after.
func comparePages(t *testing.T, before, after tree) {
	want, have := before.pages(t, false), after.pages(t, true)
	types := strings.Fields(want["types"])
	require.NotEmpty(t, types)
	require.Equal(t, slices.Repeat([]string{theirs}, len(types)), types)
	require.Equal(t, slices.Repeat([]string{ours}, len(types)), strings.Fields(have["types"]))
	for _, format := range []string{"text", "utf8", "openmetrics", "protobuf"} {
		w, h := lines(t, format, want[format]), lines(t, format, have[format])
		require.Greater(t, len(w), 100)
		require.Len(t, h, len(w), "%s: after:\n%s\nbefore:\n%s", format, have[format], want[format])
		for i := range w {
			requireSame(t, w[i], h[i])
		}
		t.Logf("%s: %d lines are equal", format, len(w))
	}
}

// pages runs the driver and returns what it wrote.
func (c tree) pages(t *testing.T, moved bool) map[string]string {
	t.Helper()
	c.add(t, "pages_test.go", moved)
	c.add(t, c.driver, moved)
	dir := t.TempDir()
	out, err := c.runWith([]string{"QUIPU_PAGES=" + dir},
		"test", "-vet=off", "-count=1", "-run=^TestQuipuPages$", c.packages[0])
	require.NoError(t, err, "%s", out)
	pages := map[string]string{}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		pages[f.Name()] = string(content)
	}
	return pages
}

// lines parses a page, and returns its lines, or those of its messages, without what depends on the
// moment. The last one is the content type.
func lines(t *testing.T, format, page string) []string {
	t.Helper()
	contentType, body, _ := strings.Cut(page, "\n")
	if format == "protobuf" {
		return append(messages(t, body), contentType)
	}
	if !strings.HasPrefix(contentType, "application/openmetrics-text") {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(body))
		require.NoError(t, err)
		require.NotEmpty(t, families)
	}
	all := strings.Split(body, "\n")
	for i, line := range all {
		line = exemplar.ReplaceAllString(line, "$1 ?")
		if volatile.MatchString(line) {
			line = line[:strings.LastIndexByte(line, ' ')] + " ?"
		}
		all[i] = line
	}
	return append(all, contentType)
}

var (
	// exemplar matches an exemplar, which has a time.
	exemplar = regexp.MustCompile(`( # \{[^}]*\}) .*`)

	// volatile matches series that depend on the process, or on how long something takes.
	volatile = regexp.MustCompile(
		`^(go_|process_|node_scrape_collector_duration_seconds|node_textfile_mtime_seconds|grpc_\w+_seconds_sum)`)
)

// messages returns the messages of a page in protobuf, and sums and estimates of quantiles as lines
// of text.
func messages(t *testing.T, body string) (all []string) {
	t.Helper()
	d := expfmt.NewDecoder(strings.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		var family dto.MetricFamily
		err := d.Decode(&family)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		name := family.GetName()
		head := name + " " + family.GetHelp() + " " + family.GetUnit() + " " + family.GetType().String()
		all = append(all, head)
		for _, m := range family.Metric {
			strip(m, volatile.MatchString(name))
			sum := 0.0
			if h := m.Histogram; h != nil {
				sum, h.SampleSum = h.GetSampleSum(), nil
			}
			if s := m.Summary; s != nil {
				sum, s.SampleSum = s.GetSampleSum(), nil
			}
			if !volatile.MatchString(name + "_sum") {
				all = append(all, fmt.Sprintf("%s_sum{%v} %v", name, m.Label, sum))
			}
			for _, q := range m.GetSummary().GetQuantile() {
				all = append(all, fmt.Sprintf(`%s{%v,quantile="%v"} %v`, name, m.Label, q.GetQuantile(), q.GetValue()))
				q.Value = nil
			}
			all = append(all, prototext.Format(m)) // it is the same for equal messages of one process
		}
	}
}

// strip removes times, and values that depend on the moment.
func strip(m *dto.Metric, value bool) {
	if c := m.Counter; c != nil {
		c.CreatedTimestamp = nil
		stripExemplar(c.Exemplar)
		if value {
			c.Value = nil
		}
	}
	if m.Gauge != nil && value {
		m.Gauge.Value = nil
	}
	if h := m.Histogram; h != nil {
		h.CreatedTimestamp = nil
		for _, b := range h.Bucket {
			stripExemplar(b.Exemplar)
		}
	}
	if s := m.Summary; s != nil {
		s.CreatedTimestamp = nil
		if value {
			s.Reset()
		}
	}
}

func stripExemplar(e *dto.Exemplar) {
	if e != nil {
		e.Timestamp, e.Value = nil, nil
	}
}

// objectives are the errors of the quantiles that statsd_exporter wants, by quantile. Its driver
// observes evenly from 0 to 1, so these are the errors of the estimates too.
var objectives = map[string]float64{"0.5": 0.05, "0.9": 0.01, "0.99": 0.001}

var (
	sample   = regexp.MustCompile(`^(\w+(?:\{.*\})?) (\S+)$`)
	total    = regexp.MustCompile(`^\w+_sum(\{.*\})?$`)
	quantile = regexp.MustCompile(`quantile="([^"]*)"\}$`)
)

// requireSame wants two equal lines. The same value may have other digits. Estimates of quantiles
// may differ, because each may have the error of the objective, and sums of fractions because they
// are rounded.
func requireSame(t *testing.T, before, after string) {
	t.Helper()
	b, a := sample.FindStringSubmatch(before), sample.FindStringSubmatch(after)
	if before == after || b == nil || a == nil {
		require.Equal(t, before, after)
		return
	}
	series, want, have := b[1], number(t, b[2]), number(t, a[2])
	require.Equal(t, series, a[1])
	q := quantile.FindStringSubmatch(series)
	switch {
	case q != nil:
		require.Contains(t, objectives, q[1])
		require.InDelta(t, want, have, 2*objectives[q[1]]+0.001, series)
	case total.MatchString(series):
		require.InEpsilon(t, want, have, 1e-12, series)
	default:
		require.Equal(t, want, have, series)
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}
