// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/encode"
)

// gauges is a family of so many gauges that appends itself where it fits.
type gauges struct {
	name string
	size int
	fits bool
}

func (g gauges) Name() string            { return g.name }
func (g gauges) Fits(encode.Format) bool { return g.fits }

func (g gauges) Append(w *page.Writer) {
	f := encode.NewFamily(g.name, "G.", "", encode.Gauge, nil)
	w.Begin(f)
	for range g.size {
		if !w.Next() {
			return
		}
		w.Buf = f.AppendGauge(w.Buf, w.Format, "", 1.5)
	}
	w.End()
}

func (g gauges) Message() *dto.MetricFamily {
	m := &dto.MetricFamily{Name: &g.name, Help: new("G."), Type: dto.MetricType_GAUGE.Enum()}
	for range g.size {
		m.Metric = append(m.Metric, &dto.Metric{Gauge: &dto.Gauge{Value: new(1.5)}})
	}
	return m
}

func written(t *testing.T, format expfmt.Format, families ...page.Family) string {
	var b bytes.Buffer
	page.Write(&b, families, page.Options{Format: format, Failed: func(err error) bool {
		require.NoError(t, err)
		return true
	}})
	return b.String()
}

func TestAPageIsTheSameWhetherFamiliesAppendThemselvesOrAreMessages(t *testing.T) {
	for _, typ := range []expfmt.FormatType{
		expfmt.TypeTextPlain, expfmt.TypeOpenMetrics,
		expfmt.TypeProtoDelim, expfmt.TypeProtoText, expfmt.TypeProtoCompact,
	} {
		f := expfmt.NewFormat(typ)
		own := written(t, f, gauges{"a", 1, true}, gauges{"b", 1, true}, gauges{"none", 0, false}, gauges{"c", 1, true})
		messages := written(t, f, gauges{"a", 1, false}, gauges{"b", 1, false}, gauges{"c", 1, false})
		mixed := written(t, f, gauges{"a", 1, true}, gauges{"b", 1, false}, gauges{"c", 1, true})
		require.NotEmpty(t, own)
		require.Equal(t, messages, own, "%v", f)
		require.Equal(t, messages, mixed, "%v", f)
	}
	end := written(t, expfmt.FmtOpenMetrics_1_0_0, gauges{"a", 1, true})
	require.Equal(t, 1, strings.Count(end, "# EOF\n"))
}

// Readers that keep messages by their names would lose all but the last one.
func TestALargeFamilyIsOneMessage(t *testing.T) {
	text := written(t, expfmt.FmtProtoDelim, gauges{"a", 50_000, true})
	dec := expfmt.NewDecoder(strings.NewReader(text), expfmt.FmtProtoDelim)
	var f dto.MetricFamily
	require.NoError(t, dec.Decode(&f))
	require.Len(t, f.Metric, 50_000)
	require.ErrorIs(t, dec.Decode(&f), io.EOF)
}

// counting counts writes, and fails from one of them on.
type counting struct{ writes, failsAt int }

func (c *counting) Write(p []byte) (int, error) {
	if c.writes++; c.failsAt > 0 && c.writes >= c.failsAt {
		return 0, errors.New("gone")
	}
	return len(p), nil
}

func TestATextIsWrittenInChunksAndEndsWithTheClient(t *testing.T) {
	all := &counting{}
	families := []page.Family{gauges{"a", 100_000, true}, gauges{"b", 100_000, false}}
	page.Write(all, families, page.Options{Format: expfmt.FmtText, Failed: func(error) bool { return true }})
	require.Greater(t, all.writes, 10)

	for _, stop := range []bool{true, false} { // who wants to go on is told of each error
		broken, failures := &counting{failsAt: 3}, 0
		page.Write(broken, families, page.Options{Format: expfmt.FmtText, Failed: func(error) bool {
			failures++
			return stop
		}})
		if stop {
			require.Equal(t, 1, failures)
			require.Equal(t, 3, broken.writes)
		} else {
			require.Equal(t, all.writes, broken.writes)
			require.Equal(t, all.writes-2, failures)
		}
	}
}
