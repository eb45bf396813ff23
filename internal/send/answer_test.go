// SPDX-License-Identifier: Apache-2.0

package send

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAnswersThatAreErrors(t *testing.T) {
	for _, status := range []int{300, 304, 400, 401, 403, 404, 413, 429, 500, 502, 503, 599} {
		g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "no: line\none\x00\xff")
		})
		err := secretly(t, g.URL)
		var answer *StatusError
		require.ErrorAs(t, err, &answer)
		require.Equal(t, status, answer.Status)
		require.Equal(t, g.URL+"/write", answer.URL)
		require.ErrorContains(t, err, fmt.Sprintf("quipu: otlp: PUT %s/write: %d ", g.URL, status))
		if status != 304 {
			require.ErrorContains(t, err, `"no: line\none\x00"`, "in one line, printable")
		}
		require.Equal(t, status == 429 || status >= 500, retriable(err), status)
		require.Len(t, g.Seen(), 1, "only Run tries again")
	}
}

func TestServersThatSendTheCredentialsBack(t *testing.T) {
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		_, bearer, _ := strings.Cut(r.Header.Get("X-Token"), " ")
		_, _ = fmt.Fprintf(w, "%s may not %s with %s or %s, %v", user, r.RequestURI, pass, bearer, r.Header)
		// If the text is cut within a secret, its beginning must not remain.
		_, _ = io.WriteString(w, strings.Repeat(".", shownAnswer)+pass)
	})
	err := secretly(t, g.URL)
	require.ErrorContains(t, err, "me may not /write?key=*** with *** or ***, ")

	g = testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
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
				g := testkit.NewRecorder(t, answer)
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

func TestTheAnswerOf2xxHasItsHeadersAndItsBody(t *testing.T) {
	flood := strings.Repeat("x", maxAnswer+1)
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		body   string
		whole  bool
	}{
		"empty": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "", true},
		"message": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, " \x08\x02 ")
		}, " \x08\x02 ", true},
		"at the bound, less one": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, flood[:maxAnswer-1])
		}, flood[:maxAnswer-1], true},
		"longer": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, flood)
		}, flood[:maxAnswer], false},
		"half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		}, "half", false},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "begin")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "begin", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Samples-Written", "7")
				tc.answer(w, r)
			})
			r := Request{Method: http.MethodPost, Body: []byte(page)}
			answer, err := newSenderFor(t, g.URL).Send(t.Context(), r)
			require.NoError(t, err, "it has arrived")
			require.Equal(t, "7", answer.Header.Get("X-Samples-Written"))
			require.Equal(t, tc.body, string(answer.Body))
			require.Equal(t, tc.whole, answer.Whole)
		})
	}
}

func TestARequestMayWantALargerAnswer(t *testing.T) {
	flood := strings.Repeat("x", 3*maxAnswer)
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Fail") != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, flood)
	})
	for most, want := range map[int64]int{
		0: maxAnswer, 10: 10, int64(len(flood)) - 1: len(flood) - 1, int64(len(flood)): len(flood), 1 << 30: len(flood),
	} {
		r := Request{Method: http.MethodGet, Most: most}
		answer, err := newSenderFor(t, g.URL).Send(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, answer.Body, want)
		require.Equal(t, want == len(flood), answer.Whole, most)
		r.Header = http.Header{"X-Fail": {"1"}}
		_, err = newSenderFor(t, g.URL).Send(t.Context(), r)
		var e *StatusError
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Body, shownAnswer)
	}
}

func TestAQuoteIsShortAndHasNoSecrets(t *testing.T) {
	s := newSenderFor(t, "http://gw", withBasicAuth("me", password))
	require.Equal(t, "series of *** refused", s.Quote([]byte(" series of "+password+" refused\n")))
	most := strings.Repeat("é", shownAnswer/2-1)
	require.Equal(t, most, s.Quote([]byte("\n"+most+"€")), "no part of a character remains")
}

func TestATransportThatNamesNoRequestInItsAnswer(t *testing.T) {
	client := testkit.RoundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusConflict, Body: http.NoBody}, nil
	}).Client()
	err := put(t.Context(), newSenderFor(t, "http://gw", withClient(client)))
	require.EqualError(t, err, "quipu: otlp: PUT http://gw/write: 409 Conflict")
}
