// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestRenderWritesThePageOfTheHandler(t *testing.T) {
	reg := manySeries(t, 3000)
	for _, accept := range []string{"", "application/openmetrics-text", protobufType} {
		var b strings.Builder
		contentType, err := Render(&b, reg, accept)
		require.NoError(t, err)
		w := testkit.Get(Handler(reg), "/?name[]=http_requests_total", "Accept", accept)
		require.Equal(t, w.Header().Get("Content-Type"), contentType)
		require.Equal(t, contentType, ContentType(reg, accept))
		want := strings.TrimSuffix(w.Body.String(), "# EOF\n")
		require.Greater(t, len(want), 100_000)
		require.Contains(t, b.String(), want)
	}
	broken := fmt.Errorf("broken pipe")
	contentType, err := Render(writerFunc(func([]byte) (int, error) { return 0, broken }), reg, "")
	require.ErrorIs(t, err, broken)
	require.Equal(t, encode.Text.ContentType(), contentType)
}

func TestRenderTakesTheOptionsOfTheHandler(t *testing.T) {
	reg := manySeries(t, 10)
	const om = "application/openmetrics-text"
	for _, tt := range []struct {
		name   string
		accept string
		opts   []Option
	}{
		{"one format", om, []Option{WithFormats(encode.Text)}},
		{"two formats", protobufType, []Option{WithFormats(encode.OpenMetrics, encode.Text)}},
		{"no metrics of the registry", om, []Option{WithoutSelfMetrics()}},
		{"creation times", om, []Option{WithCreatedTimes(), WithoutSelfMetrics()}},
		{"no compression", "", []Option{WithoutCompression(), WithoutSelfMetrics()}},
		{"a time limit", "", []Option{WithScrapeTimeout(time.Minute), WithoutSelfMetrics()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			contentType, err := Render(&b, reg, tt.accept, tt.opts...)
			require.NoError(t, err)
			w := testkit.Get(Handler(reg, tt.opts...), "/", "Accept", tt.accept)
			require.Equal(t, w.Header().Get("Content-Type"), contentType)
			require.Equal(t, contentType, ContentType(reg, tt.accept, tt.opts...))
			own := regexp.MustCompile(`(?m)^quipu_scrape.*$`) // their values differ from page to page
			require.Equal(t, own.ReplaceAllString(w.Body.String(), ""), own.ReplaceAllString(b.String(), ""))
		})
	}
}

func TestRenderRefusesOptionsThatItCannotFollow(t *testing.T) {
	reg := manySeries(t, 10)
	for _, tt := range []struct {
		want string
		reg  *engine.Registry
		opts []Option
	}{
		{"needs a registry", nil, nil},
		{"option 2 of 2 is nil", reg, []Option{WithoutSelfMetrics(), nil}},
		{"WithWriteTimeout is for handlers", reg, []Option{WithWriteTimeout(time.Second)}},
		{"WithMaxConcurrent is for handlers", reg, []Option{WithMaxConcurrent(3), WithoutSelfMetrics()}},
	} {
		var b strings.Builder
		contentType, err := Render(&b, tt.reg, "application/openmetrics-text", tt.opts...)
		require.ErrorContains(t, err, "quipu: Render")
		require.ErrorContains(t, err, tt.want)
		require.Equal(t, encode.OpenMetrics.ContentType(), contentType)
		require.Zero(t, b.Len())
	}
	require.PanicsWithValue(t, "quipu: ContentType: option 1 of 1 is nil", func() { ContentType(reg, "", nil) })
	require.PanicsWithValue(t, "quipu: ContentType needs a registry", func() { ContentType(nil, "") })
}

func TestARenderedPageEndsAtItsTimeLimit(t *testing.T) {
	reg := manySeries(t, 20_000)
	started := time.Now()
	slow := writerFunc(func(b []byte) (int, error) {
		time.Sleep(5 * time.Millisecond)
		return len(b), nil
	})
	_, err := Render(slow, reg, "", WithScrapeTimeout(20*time.Millisecond))
	require.ErrorIs(t, err, errScrapeTimeout)
	require.GreaterOrEqual(t, time.Since(started), 20*time.Millisecond, "it was not too early")

	reg = engine.NewRegistry(quiet) // a small page, which is fast under the race detector too
	release := make(chan struct{})
	defer close(release)
	_, err = reg.NewGaugeFunc("hangs", "", func() float64 { <-release; return 1 })
	require.NoError(t, err)
	gauge(t, reg, "works", 2)
	var b strings.Builder
	_, err = Render(&b, reg, "", WithScrapeTimeout(400*time.Millisecond)) // less than the engine waits by default
	require.NoError(t, err)
	require.Contains(t, b.String(), "works 2\n")
	require.NotContains(t, b.String(), "hangs")
}
