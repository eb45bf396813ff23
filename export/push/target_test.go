// SPDX-License-Identifier: Apache-2.0

package push

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// urlOf returns the URL to which a Pusher sends its requests, or the error of New.
func urlOf(t testing.TB, server, job string, opts ...Option) (u *url.URL, err error) {
	client := testkit.RoundTrip(func(r *http.Request) (*http.Response, error) {
		u = r.URL
		return testkit.HTTPAnswer(200, ""), nil
	}).Client()
	p, err := New(server, job, append(opts, WithRegistry(engine.NewRegistry()), WithClient(client))...)
	if err != nil {
		return nil, err
	}
	require.NoError(t, p.Add(t.Context()))
	return u, nil
}

func TestGroupPath(t *testing.T) {
	for name, tc := range map[string]struct {
		url, job string
		opts     []Option
		want     string
	}{
		"job":             {"http://gw:9091", "my-job", nil, "/metrics/job/my-job"},
		"trailing slash":  {"http://gw:9091/", "my-job", nil, "/metrics/job/my-job"},
		"URL's own path":  {"http://gw/push/gateway/", "j", nil, "/push/gateway/metrics/job/j"},
		"escaped prefix":  {"http://gw/a%2Fb%20c", "j", nil, "/a%2Fb%20c/metrics/job/j"},
		"URL's own query": {"http://gw/?tenant=7", "j", nil, "/metrics/job/j?tenant=7"},
		"instance": {"http://gw", "my-job", []Option{WithGrouping("instance", "127.0.0.1:1234")},
			"/metrics/job/my-job/instance/127.0.0.1:1234"},
		"value with a slash": {"http://gw", "directory_cleaner", []Option{WithGrouping("path", "/var/tmp")},
			"/metrics/job/directory_cleaner/path@base64/L3Zhci90bXA"},
		"empty value": {"http://gw", "example", []Option{WithGrouping("first_label", "")},
			"/metrics/job/example/first_label@base64/="},
		"job with a slash":  {"http://gw", "/var/tmp", nil, "/metrics/job@base64/L3Zhci90bXA"},
		"URL-safe alphabet": {"http://gw", "/\u03ff>>?", nil, "/metrics/job@base64/L8-_Pj4_"},
		"dot": {"http://gw", ".", []Option{WithGrouping("dir", "..")},
			"/metrics/job@base64/Lg/dir@base64/Li4"},
		"dots in a value": {"http://gw", "...", []Option{WithGrouping("f", "a.b")}, "/metrics/job/.../f/a.b"},
		"percent-encoding": {"http://gw", "a b",
			[]Option{WithGrouping("x", "50%?#;\n\\"), WithGrouping("y", "a+b=c&d@e")},
			"/metrics/job/a%20b/x/50%25%3F%23%3B%0A%5C/y/a+b=c&d@e"},
		"other scripts": {"http://gw", "Προμηθεύς", nil,
			"/metrics/job/%CE%A0%CF%81%CE%BF%CE%BC%CE%B7%CE%B8%CE%B5%CF%8D%CF%82"},
		"an escaped name": {"http://gw", "j", []Option{WithGrouping("U__data_2e_center", "a")},
			"/metrics/job/j/U__data_2e_center/a"},
		"names in order": {"http://gw", "j",
			[]Option{WithGrouping("b", "2"), WithGrouping("c", "3"), WithGrouping("a", "1")},
			"/metrics/job/j/a/1/b/2/c/3"},
		"custom path": {"http://vm:8428/", "j",
			[]Option{WithPath("/api/v1/import/prometheus"), WithGrouping("path", "/var/tmp")},
			"/api/v1/import/prometheus?extra_label=job%3Dj&extra_label=path%3D%2Fvar%2Ftmp"},
		"custom path with a query": {"http://vm/p?a=1", "j", []Option{WithPath("/import?b=2")},
			"/p/import?a=1&b=2&extra_label=job%3Dj"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := urlOf(t, tc.url, tc.job, tc.opts...)
			require.NoError(t, err)
			require.Equal(t, tc.want, u.RequestURI())
		})
	}
}

func TestTheSameGroupIsTheSameURLInAnyOrder(t *testing.T) {
	a, err := urlOf(t, "http://gw", "j", WithGrouping("x", "1"), WithGrouping("y", "2"))
	require.NoError(t, err)
	b, err := urlOf(t, "http://gw", "j", WithGrouping("y", "2"), WithGrouping("x", "1"))
	require.NoError(t, err)
	require.Equal(t, a, b)
}

func TestErrorsOfNewDoNotShowThePassword(t *testing.T) {
	for _, tc := range []string{
		"http://me:hunter2@gw:port/", "http://me:hunter2@/", "http://me:hunter2%zz@gw", "http://me:hun ter2@gw",
		"http://me:hunter2/x@gw:1", "ftp://me:hunter2@gw", "http://me:hunter2@gw/%zz", "http://me:hunter2@gw/#x",
		"http://me%3Ahun:ter2@gw",
	} {
		_, err := New(tc, "j")
		require.Error(t, err, tc)
		require.NotContains(t, err.Error(), "hun", tc)
		require.NotContains(t, err.Error(), "ter2", tc)
	}
	_, err := New("http://gw", "j", WithHeader("X-Token", "hunter2\n"))
	require.NotContains(t, err.Error(), "hunter2")
}

// gatewayLabels returns the labels in a request's path by the rules in the documentation of the
// Pushgateway.
func gatewayLabels(t *testing.T, requestURI string) map[string]string {
	u, err := url.ParseRequestURI(requestURI)
	require.NoError(t, err)
	require.Equal(t, u.Path, path.Clean(u.Path), "a router would redirect")
	rest, ok := strings.CutPrefix(u.Path, "/metrics/")
	require.True(t, ok)
	segments := strings.Split(rest, "/")
	require.Zero(t, len(segments)%2, requestURI)
	labels := map[string]string{}
	for i := 0; i < len(segments); i += 2 {
		name, value := segments[i], segments[i+1]
		if plain, ok := strings.CutSuffix(name, "@base64"); ok {
			decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "="))
			require.NoError(t, err)
			name, value = plain, string(decoded)
		} else {
			require.NotEmpty(t, value)
		}
		require.NotContains(t, labels, name)
		labels[name] = value
	}
	return labels
}

func FuzzGroupingDecodesBack(f *testing.F) {
	for _, seed := range [][3]string{
		{"my-job", "instance", "127.0.0.1:1234"}, {"directory_cleaner", "path", "/var/tmp"}, {"j", "empty", ""},
		{"/", "a", "/"}, {".", "a", ".."}, {"a b", "a", "50%?#;\n\\"}, {"\x00", "x@base64", "\xff"},
		{"job@base64", "job", "="},
		{"Προμηθεύς", "_", "a+b=c&d@e"}, {"%2F", "a", "%"}, {"...", "a", "a/../b"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, job, name, value string) {
		u, err := urlOf(t, "http://gw", job, WithGrouping(name, value), WithGrouping("zone", "a"))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Equal(t, map[string]string{"job": job, name: value, "zone": "a"},
			gatewayLabels(t, u.RequestURI()))

		// The request line must be one line for a server too.
		require.NotContains(t, u.RequestURI(), " ")
	})
}
