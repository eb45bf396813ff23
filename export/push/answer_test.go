// SPDX-License-Identifier: Apache-2.0

package push

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnswersThatAreErrors(t *testing.T) {
	for _, status := range []int{300, 304, 400, 401, 403, 404, 413, 429, 500, 502, 503, 599} {
		g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "no: line\none\x00\xff")
		})
		err := secretly(t, g.URL)
		var answer *StatusError
		require.ErrorAs(t, err, &answer)
		require.Equal(t, status, answer.Status)
		require.Equal(t, g.URL+"/metrics/job/backup", answer.URL)
		require.ErrorContains(t, err, fmt.Sprintf("quipu: push: PUT %s/metrics/job/backup: %d ", g.URL, status))
		if status != 304 {
			require.ErrorContains(t, err, `"no: line\none\x00"`, "in one line, printable")
		}
		require.Equal(t, status == 429 || status >= 500, retriable(err), status)
		require.Len(t, g.seen(), 1, "only Run tries again")
	}
}

func TestServersThatSendTheCredentialsBack(t *testing.T) {
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		_, bearer, _ := strings.Cut(r.Header.Get("X-Token"), " ")
		_, _ = fmt.Fprintf(w, "%s may not %s with %s or %s, %v", user, r.RequestURI, pass, bearer, r.Header)
		// If the text is cut within a secret, its beginning must not remain.
		_, _ = io.WriteString(w, strings.Repeat(".", shownAnswer)+pass)
	})
	err := secretly(t, g.URL)
	require.ErrorContains(t, err, "me may not /metrics/job/backup?key=*** with *** or ***, ")

	g = newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		_, pass, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, strings.Repeat(".", shownAnswer-5)+pass)
	})
	require.ErrorContains(t, secretly(t, g.URL), "...***\"")

	url := listen(t, func(c net.Conn) {
		for line := range strings.Lines(readRequest(c)) {
			if strings.HasPrefix(line, "Authorization") {
				_, _ = io.WriteString(c, strings.ReplaceAll(line, " ", "")) // one word is not a status line
			}
		}
	})
	require.ErrorContains(t, secretly(t, url), `malformed HTTP response "Authorization:Basic***"`)
}

func TestAnAnswerThatNeverEndsIsLeft(t *testing.T) {
	for _, status := range []int{200, 500} {
		var sent atomic.Int64
		fast := func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for r.Context().Err() == nil {
				n, err := io.WriteString(w, strings.Repeat("never ends ", 1000))
				if err != nil {
					return
				}
				sent.Add(int64(n))
			}
		}
		slow := func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				select {
				case <-time.After(50 * time.Millisecond):
				case <-r.Context().Done():
				}
			}
		}
		for name, answer := range map[string]http.HandlerFunc{"fast": fast, "slow": slow} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				g := newGateway(t, answer)
				begin := time.Now()
				err := secretly(t, g.URL)
				require.Less(t, time.Since(begin), answerTimeout+2*time.Second)
				if status == 200 {
					require.NoError(t, err, "it has arrived")
					return
				}
				var e *StatusError
				require.ErrorAs(t, err, &e)
				require.NotEmpty(t, e.Body, "what has come is shown")
				require.LessOrEqual(t, len(e.Body), shownAnswer)
			})
		}
		require.Less(t, sent.Load(), int64(16<<20), "the connection was closed, not read")
	}
}

func TestHeadersThatNeverEndAreLeft(t *testing.T) {
	url := listen(t, func(c net.Conn) {
		readRequest(c)
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		for err == nil {
			_, err = io.WriteString(c, "X-More: "+strings.Repeat("x", 1000)+"\r\n")
		}
	})
	begin := time.Now()
	require.ErrorContains(t, secretly(t, url), "header")
	require.Less(t, time.Since(begin), 5*time.Second)
}

func TestRedirects(t *testing.T) {
	elsewhere := newGateway(t, nil)
	for name, tc := range map[string]struct {
		status   int
		location string
		follow   bool
	}{
		"moved":                     {301, "/b/metrics/job/backup", false},
		"found":                     {302, "/b/metrics/job/backup", false},
		"see other":                 {303, "/b/metrics/job/backup", false},
		"temporary":                 {307, "/b/metrics/job/backup", true},
		"permanent":                 {308, "/b/metrics/job/backup", true},
		"temporary, other server":   {307, elsewhere.URL + "/metrics/job/backup?a=b", false},
		"permanent, other scheme":   {308, strings.Replace(elsewhere.URL, "http:", "https:", 1), false},
		"found, other server":       {302, elsewhere.URL, false},
		"other server, credentials": {307, strings.Replace(elsewhere.URL, "://", "://me:"+password+"@", 1), false},
		"without a location":        {307, "", false},
		"with a nonsensical one":    {307, "::%", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/b/") {
					return
				}
				if tc.location != "" {
					w.Header().Set("Location", tc.location)
				}
				w.WriteHeader(tc.status)
			})
			err := secretly(t, g.URL)
			if tc.follow {
				require.NoError(t, err)
				require.Len(t, g.seen(), 2)
				for _, r := range g.seen() {
					require.Equal(t, "PUT", r.method)
					require.Equal(t, jobsPage, r.body)
					require.NotEmpty(t, r.header.Get("Authorization"))
				}
				return
			}
			require.Error(t, err)
			var answer *StatusError
			if errors.As(err, &answer) {
				require.Equal(t, tc.status, answer.Status)
				require.NotContains(t, answer.Location, "?")
				require.False(t, retriable(err))
			} else {
				require.Equal(t, "with a nonsensical one", name, err)
			}
			g.one(t)
		})
	}
	require.Empty(t, elsewhere.seen(), "nothing reached the other server")
}

func TestARedirectMayNotShowThePassword(t *testing.T) {
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/b/") {
			http.Error(w, "no", http.StatusNotFound)
			return
		}
		http.Redirect(w, r, "/b/"+password+"/x", http.StatusTemporaryRedirect)
	})
	require.ErrorContains(t, secretly(t, g.URL), "/b/***/x: 404 Not Found")
}

func TestRedirectsInACircleEnd(t *testing.T) {
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	var answer *StatusError
	require.ErrorAs(t, secretly(t, g.URL), &answer)
	require.Equal(t, http.StatusTemporaryRedirect, answer.Status)
	require.Len(t, g.seen(), 1+maxRedirects)
}

func TestACallersClientFollowsRedirectsNoFurther(t *testing.T) {
	elsewhere := newGateway(t, nil)
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	require.Error(t, secretly(t, g.URL, WithClient(client)))
	require.Empty(t, elsewhere.seen())
	require.Nil(t, client.CheckRedirect, "the caller's client is not changed")
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-1": 0, "1.5": 0, "1e3": 0, "0": time.Second, "1": time.Second, "30": 30 * time.Second,
		"301": maxRetryAfter, "18446744073709551615": maxRetryAfter, "99999999999999999999": 0,
		now.Add(7 * time.Second).Format(http.TimeFormat): 7 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):      time.Second,
		now.Add(time.Hour).Format(http.TimeFormat):       maxRetryAfter,
		"Fri, 31 Dec 9999 23:59:59 GMT":                  maxRetryAfter,
		"Mon, 01 Jan 0001 00:00:00 GMT":                  time.Second,
	} {
		require.Equal(t, want, retryAfter(value, now), value)
	}
}
