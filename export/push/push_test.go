// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
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
				g := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
				p := newPusherFor(t, g.URL+"/prefix", WithGrouping("path", "/var/tmp"))
				require.NoError(t, tc.push(p, t.Context()))
				got := g.One(t)
				require.Equal(t, method, got.Method)
				require.Equal(t, "/prefix/metrics/job/backup/path@base64/L3Zhci90bXA", got.URI)
				require.Equal(t, tc.body, got.Body, "the registry's own metrics stay at home")
				require.Equal(t, int64(len(tc.body)), got.Length, "the length is known in advance")
				if method == http.MethodDelete {
					require.NotContains(t, got.Header, "Content-Type")
				} else {
					require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", got.Header.Get("Content-Type"))
				}
			}
		})
	}
}

func TestPushInProtobuf(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	require.NoError(t, newPusherFor(t, g.URL, WithFormat(encode.Protobuf)).Add(t.Context()))
	got := g.One(t)
	require.Equal(t, encode.Protobuf.ContentType(), got.Header.Get("Content-Type"))
	require.Equal(t, "\x0a\x0ajobs_total\x12\x05Jobs.", got.Body[1:1+12+7]) // name and help
	require.Equal(t, len(got.Body)-1, int(got.Body[0]), "one message, after its length")
}

func TestPushToACustomPath(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	p := newPusherFor(t, g.URL, WithPath("/api/v1/import/prometheus"), WithGrouping("host", "a"))
	require.NoError(t, p.Add(t.Context()))
	require.Equal(t, "/api/v1/import/prometheus?extra_label=job%3Dbackup&extra_label=host%3Da", g.One(t).URI)
	require.ErrorContains(t, p.Delete(t.Context()), "no groups")
	require.Len(t, g.Seen(), 1, "a deletion that would do nothing is not sent")
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
		"none":       {nil, nil, ""},
		"in the URL": {url.UserPassword("me", "p@ss/w:rd"), nil, basic("me", "p@ss/w:rd")},
		"user only":  {url.User("me"), nil, basic("me", "")},
		"option":     {nil, []Option{WithBasicAuth("me", "pw")}, basic("me", "pw")},
		"option before the URL": {url.UserPassword("me", "old"), []Option{WithBasicAuth("me", "new")},
			basic("me", "new")},
		"token": {nil, []Option{WithHeader("authorization", "Bearer t0ken")}, "Bearer t0ken"},
	} {
		t.Run(name, func(t *testing.T) {
			g := testkit.NewRecorder(t, nil)
			u, err := url.Parse(g.URL)
			require.NoError(t, err)
			u.User = tc.user
			opts := append(tc.opts, WithHeader("X-Tenant", "7"), WithHeader("x-tenant", "8"),
				WithHeader("Host", "gw.example"))
			require.NoError(t, newPusherFor(t, u.String(), opts...).Add(t.Context()))
			got := g.One(t)
			require.Equal(t, tc.want, got.Header.Get("Authorization"))
			require.Equal(t, []string{"7", "8"}, got.Header["X-Tenant"])
			require.Equal(t, "gw.example", got.Host)
			require.Equal(t, "quipu", got.Header.Get("User-Agent"))
		})
	}
}

// A registry without metrics has an empty page, which replaces the group all the same.
func TestAnEmptyPageIsPushedWithItsType(t *testing.T) {
	client := testkit.RoundTrip(func(r *http.Request) (*http.Response, error) {
		require.NotNil(t, r.Body)
		require.Equal(t, encode.Text.ContentType(), r.Header.Get("Content-Type"))
		return testkit.HTTPAnswer(200, ""), nil
	}).Client()
	reg := engine.NewRegistry()
	require.NoError(t, newPusherFor(t, "http://gw", WithClient(client), WithRegistry(reg)).Replace(t.Context()))
}

func TestTheDefaultRegistryIsPushedUnlessAnotherIsGiven(t *testing.T) {
	c := engine.NewCounter("push_default_total", "Of the default registry.")
	defer engine.Default().Unregister("push_default_total")
	c.Inc()
	g := testkit.NewRecorder(t, nil)
	p, err := New(g.URL, "j")
	require.NoError(t, err)
	require.NoError(t, p.Add(t.Context()))
	require.Contains(t, g.One(t).Body, "push_default_total 1\n")
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

	g := testkit.NewRecorder(t, nil)
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, p.Replace(t.Context()))
	}
	for _, got := range g.Seen() {
		require.Equal(t, want.Len(), len(got.Body))
		require.True(t, want.String() == got.Body)
	}
}

func TestAPageThatNobodyWaitsForIsNotFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reg := engine.NewRegistry()
	must(reg.NewGaugeFunc("a", "", func() float64 { cancel(); return 1 }))
	g := testkit.NewRecorder(t, nil)
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	err = p.Add(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the page was not finished")
	require.Empty(t, g.Seen())
}

func TestSlowFunctionsCostThemselvesAndNotThePush(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	p, err := New(g.URL, "j", WithRegistry(slowly(t, 4, 600*time.Millisecond)), WithTimeout(1500*time.Millisecond))
	require.NoError(t, err)
	require.NoError(t, p.Replace(t.Context()))
	require.Contains(t, g.One(t).Body, "jobs_total 3\n")
}

func TestACallerWhoGivesUpWaitsForNoFunction(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	p, err := New(g.URL, "j", WithRegistry(slowly(t, 4, 5*time.Second, engine.WithTimeout(4*time.Second))))
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("enough")) })
	begin := time.Now()
	require.ErrorContains(t, p.Replace(ctx), "enough")
	require.Less(t, time.Since(begin), 3*time.Second, "the first function alone would take 4 s")
	require.Empty(t, g.Seen())
}

func TestNoPrinterFindsASecretInAPusher(t *testing.T) {
	p, err := New("http://me:"+password+"@gateway:9091?key="+token, "backup", WithRegistry(jobs(t)),
		WithHeader("X-Token", "Bearer "+token))
	require.NoError(t, err)
	type holder struct {
		Shown  *Pusher
		hidden *Pusher
		value  any
	}
	var log strings.Builder
	text, jsonLog := slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))
	options := []Option{WithBasicAuth("me", password), WithHeader("X-Token", token)}
	for _, v := range []any{p, *p, holder{p, p, *p}, &holder{p, p, p}, options, options[0]} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
			fmt.Fprintf(&log, verb+"\n", v)
		}
		text.Info("pushing", "pusher", v)
		jsonLog.Info("pushing", "pusher", v)
		if coded, err := json.Marshal(v); err == nil {
			log.Write(coded)
		}
	}
	require.Contains(t, log.String(), "msg=pushing pusher=\"push to http://gateway:9091/metrics/job/backup\"\n")
	for _, secret := range []string{password, token, hex.EncodeToString([]byte(password)),
		hex.EncodeToString([]byte(token))} {
		require.NotContains(t, log.String(), secret)
	}
	require.False(t, testkit.Reaches(p, password, token),
		"a dumper that follows pointers finds a secret")
}
