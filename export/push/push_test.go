// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

func TestEveryMethodSendsWhatItShould(t *testing.T) {
	for method, tc := range map[string]struct {
		push func(*Pusher, context.Context) error
		body string
	}{
		http.MethodPost:   {(*Pusher).Add, jobsPage},
		http.MethodPut:    {(*Pusher).Replace, jobsPage},
		http.MethodDelete: {(*Pusher).Delete, ""},
	} {
		t.Run(method, func(t *testing.T) {
			for _, status := range []int{200, 202, 204} {
				g := newGateway(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
				p := newPusherFor(t, g.URL+"/prefix", WithGrouping("path", "/var/tmp"))
				require.NoError(t, tc.push(p, t.Context()))
				got := g.one(t)
				require.Equal(t, method, got.method)
				require.Equal(t, "/prefix/metrics/job/backup/path@base64/L3Zhci90bXA", got.uri)
				require.Equal(t, tc.body, got.body, "the registry's own metrics stay at home")
				require.Equal(t, int64(len(tc.body)), got.length, "the length is known in advance")
				if method == http.MethodDelete {
					require.NotContains(t, got.header, "Content-Type")
				} else {
					require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", got.header.Get("Content-Type"))
				}
			}
		})
	}
}

func TestPushInProtobuf(t *testing.T) {
	g := newGateway(t, nil)
	require.NoError(t, newPusherFor(t, g.URL, WithFormat(encode.Protobuf)).Add(t.Context()))
	got := g.one(t)
	require.Equal(t, encode.Protobuf.ContentType(), got.header.Get("Content-Type"))
	require.Equal(t, "\x0a\x0ajobs_total\x12\x05Jobs.", got.body[1:1+12+7]) // name and help
	require.Equal(t, len(got.body)-1, int(got.body[0]), "one message, after its length")
}

func TestPushToACustomPath(t *testing.T) {
	g := newGateway(t, nil)
	p := newPusherFor(t, g.URL, WithPath("/api/v1/import/prometheus"), WithGrouping("host", "a"))
	require.NoError(t, p.Add(t.Context()))
	require.Equal(t, "/api/v1/import/prometheus?extra_label=job%3Dbackup&extra_label=host%3Da", g.one(t).uri)
	require.ErrorContains(t, p.Delete(t.Context()), "no groups")
	require.Len(t, g.seen(), 1, "a deletion that would do nothing is not sent")
}

func TestHeadersAndCredentialsAreSent(t *testing.T) {
	basic := func(user, password string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for name, tc := range map[string]struct {
		user *url.Userinfo
		opts []Option
		want string
	}{
		"none":                  {nil, nil, ""},
		"in the URL":            {url.UserPassword("me", "p@ss/w:rd"), nil, basic("me", "p@ss/w:rd")},
		"user only":             {url.User("me"), nil, basic("me", "")},
		"option":                {nil, []Option{WithBasicAuth("me", "pw")}, basic("me", "pw")},
		"option before the URL": {url.UserPassword("me", "old"), []Option{WithBasicAuth("me", "new")}, basic("me", "new")},
		"token":                 {nil, []Option{WithHeader("authorization", "Bearer t0ken")}, "Bearer t0ken"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, nil)
			u, err := url.Parse(g.URL)
			require.NoError(t, err)
			u.User = tc.user
			opts := append(tc.opts, WithHeader("X-Tenant", "7"), WithHeader("x-tenant", "8"), WithHeader("Host", "gw.example"))
			require.NoError(t, newPusherFor(t, u.String(), opts...).Add(t.Context()))
			got := g.one(t)
			require.Equal(t, tc.want, got.header.Get("Authorization"))
			require.Equal(t, []string{"7", "8"}, got.header["X-Tenant"])
			require.Equal(t, "gw.example", got.host)
			require.Equal(t, "quipu", got.header.Get("User-Agent"))
		})
	}
}

func TestTheDefaultRegistryIsPushedUnlessAnotherIsGiven(t *testing.T) {
	c := engine.NewCounter("push_default_total", "Of the default registry.")
	defer engine.Default().Unregister("push_default_total")
	c.Inc()
	g := newGateway(t, nil)
	p, err := New(g.URL, "j")
	require.NoError(t, err)
	require.NoError(t, p.Add(t.Context()))
	require.Contains(t, g.one(t).body, "push_default_total 1\n")
}

func TestPagesOfManyChunksArriveWhole(t *testing.T) {
	reg := engine.NewRegistry(engine.WithMaxSeries(20_000))
	v, err := reg.NewCounterVec("x_total", "X.", []string{"n"})
	require.NoError(t, err)
	for i := range 20_000 {
		v.With(strings.Repeat("n", i%50) + string(rune('a'+i%26)) + strings.Repeat("m", i/50)).Inc()
	}
	var want strings.Builder
	_, err = reg.Expose(&want, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	require.Greater(t, want.Len(), 1<<20)

	g := newGateway(t, nil)
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, p.Replace(t.Context()))
	}
	for _, got := range g.seen() {
		require.Equal(t, want.Len(), len(got.body))
		require.True(t, want.String() == got.body)
	}
}

func TestAMetricWithALabelOfTheGroupIsAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		define func(*engine.Registry)
		metric string // of the error; none if the push goes through
	}{
		"declared job":      {func(r *engine.Registry) { must(r.NewCounterVec("a_total", "", []string{"x", "job"})) }, "a_total"},
		"declared grouping": {func(r *engine.Registry) { must(r.NewGaugeVec("a", "", []string{"host"})) }, "a"},
		"constant": {func(r *engine.Registry) {
			must(r.NewGauge("a", "", engine.WithConstLabels(engine.Labels{"host": "b"})))
		}, "a"},
		"open": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", nil)).WithLabels(engine.Labels{"a": "#{", "host": "b", "z": "\n"}).Inc()
		}, "a"},
		"open, first label, histogram": {func(r *engine.Registry) {
			must(r.NewHistogramVec("a", "", nil)).WithLabels(engine.Labels{"host": "b"}).Observe(1)
		}, "a_bucket"},
		"open, without such a series": {func(r *engine.Registry) { must(r.NewGaugeVec("a", "", nil)) }, ""},
		"in help": {func(r *engine.Registry) {
			must(r.NewGauge("a", `As in a{job="x",host="y"},job="`))
			must(r.NewGauge("b", `job="`))
		}, ""},
		"in a value": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", []string{"x"})).With(`{job="x",host="y"}`).Inc()
		}, ""},
		"at the end of a value": {func(r *engine.Registry) {
			v := must(r.NewGaugeVec("a", "", []string{"x", "y"}))
			v.With("{job=", "a,job=").Inc()
			v.With(`\",job=`, `\`).Inc()
		}, ""},
		"after the end of a value": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", nil)).WithLabels(engine.Labels{"a": ",host=", "host": "b"}).Inc()
		}, "a"},
		"other names": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", []string{"a_job", "hostname", "Host"})).With("", "", "").Inc()
		}, ""},
		"after help and a longer name": {func(r *engine.Registry) {
			must(r.NewGauge("a", `{job="x",host="y"}`))
			must(r.NewGaugeVec("b", "", nil)).WithLabels(engine.Labels{"a_host": "#", "host": "b"}).Inc()
		}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, nil)
			reg := engine.NewRegistry()
			tc.define(reg)
			p, err := New(g.URL, "j", WithRegistry(reg), WithGrouping("host", "h"))
			require.NoError(t, err)
			err = p.Replace(t.Context())
			if tc.metric == "" {
				require.NoError(t, err)
				g.one(t)
				return
			}
			require.ErrorIs(t, err, ErrLabel)
			require.ErrorContains(t, err, ": "+tc.metric+" has the label ")
			require.Empty(t, g.seen())
			require.NoError(t, p.Delete(t.Context()), "deleting sends no metrics")
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestANilOptionIsNamed(t *testing.T) {
	_, err := New("http://gw", "j", WithTimeout(1), nil)
	require.EqualError(t, err, "quipu: push: option 2 of 2 is nil")
	_, err = New("http://gw", "j", WithRegistry(nil))
	require.EqualError(t, err, "quipu: push: WithRegistry(nil): a registry is needed")
}
