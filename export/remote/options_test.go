// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestOptionsThatCannotWorkAreErrors(t *testing.T) {
	for name, opts := range map[string][]Option{
		"no registry":       {WithRegistry(nil)},
		"no client":         {WithClient(nil)},
		"no logger":         {WithLogger(nil)},
		"no time":           {WithTimeout(0)},
		"no version":        {WithProtocol(9)},
		"no compressor":     {WithCompressor("zstd", nil)},
		"no encoding":       {WithCompressor("z\nstd", func(dst, text []byte) []byte { return append(dst, text...) })},
		"a colon":           {WithBasicAuth("a:b", "c")},
		"a header of ours":  {WithHeader("content-type", "x")},
		"no header name":    {WithHeader("a b", "x")},
		"a line":            {WithHeader("a", "x\ny")},
		"the name":          {WithLabels(engine.Labels{"__name__": "x"})},
		"a bound":           {WithLabels(engine.Labels{"le": "x"})},
		"an empty label":    {WithLabels(engine.Labels{"a": ""})},
		"an invalid label":  {WithLabels(engine.Labels{"a": "\xff"})},
		"two credentials":   {WithBasicAuth("a", "b"), WithHeader("Authorization", "c")},
		"an option is nil":  {nil},
		"a name is invalid": {WithLabels(engine.Labels{"\xff": "a"})},
	} {
		_, err := New("http://r.example/write", opts...)
		require.Error(t, err, name)
	}
	for _, receiver := range []string{"", "ftp://x", "http://", "http://user:se%cret@x", "r.example:9090"} {
		_, err := New(receiver)
		require.Error(t, err, receiver)
		require.NotContains(t, err.Error(), "cret")
	}
}

func TestOptionsThatCannotWorkSayWhy(t *testing.T) {
	for want, opts := range map[string][]Option{
		`WithHeader("content-language"): each request sets it`: {WithHeader("content-language", "x")},
		`WithHeader("x-prometheus-remote-write-version"): each request sets it`: {
			WithHeader(strings.ToLower(versionHeader), "3")},
		"option 2 of 2 is nil":                                {WithTimeout(time.Second), nil},
		"basic auth: a user name with a colon cannot be sent": {WithBasicAuth("a:b", "c")},
		`basic auth and WithHeader("Authorization") exclude each other`: {
			WithBasicAuth("a", "b"), WithHeader("authorization", "c")},
	} {
		_, err := New("http://r.example/write", opts...)
		require.EqualError(t, err, "quipu: remote: "+want)
	}
}

func TestRequestsHaveWhatOptionsSay(t *testing.T) {
	s := testkit.NewRecorder(t, nil)
	target := strings.Replace(s.URL, "http://", "http://me:secret@", 1) + "/write?tenant=abcdefgh"
	w, err := New(target, WithRegistry(one()), WithProtocol(V1),
		WithHeader("X-Scope-OrgID", "team"), WithHeader("Host", "other.example"))
	require.NoError(t, err)
	require.NoError(t, w.Send(t.Context()))
	got := s.One(t)
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, "/write?tenant=abcdefgh", got.URI)
	require.Equal(t, "team", got.Header.Get("X-Scope-Orgid"))
	require.Equal(t, "snappy", got.Header.Get("Content-Encoding"))
	require.Equal(t, "application/x-protobuf", got.Header.Get("Content-Type"))
	require.Equal(t, "0.1.0", got.Header.Get("X-Prometheus-Remote-Write-Version"))
	require.Equal(t, "Basic bWU6c2VjcmV0", got.Header.Get("Authorization"))
	require.Equal(t, "quipu", got.Header.Get("User-Agent"))
	require.Equal(t, "other.example", got.Host)
}
