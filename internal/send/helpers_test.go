// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// page is the body of the requests.
const page = "jobs_total 3\n"

// option is as the options of the packages are that send.
type option func(*Settings) error

func withBasicAuth(user, password string) option {
	return func(s *Settings) error { return s.BasicAuth(user, password) }
}

func withHeader(name, value string) option {
	return func(s *Settings) error { return s.AddHeader(name, value) }
}

func withClient(client *http.Client) option {
	return func(s *Settings) error { return s.SetClient(client) }
}

func withTimeout(d time.Duration) option {
	return func(s *Settings) error { return s.SetTimeout(d) }
}

func withLogger(logger *slog.Logger) option {
	return func(s *Settings) error { return s.SetLogger(logger) }
}

// newSender returns a Sender to the path /write of a server.
func newSender(server string, opts ...option) (*Sender, error) {
	u, err := ParseURL(server)
	if err != nil {
		return nil, err
	}
	var settings Settings
	for _, opt := range opts {
		if err := opt(&settings); err != nil {
			return nil, err
		}
	}
	return New(Words{Package: "otlp", Act: "send", Acting: "sending"}, u.JoinPath("write"), &settings)
}

func newSenderFor(t testing.TB, server string, opts ...option) *Sender {
	t.Helper()
	s, err := newSender(server, opts...)
	require.NoError(t, err)
	return s
}

// put makes one request in a turn, with page or another body.
func put(ctx context.Context, s *Sender, body ...string) error {
	text := strings.Join(append(body, page)[:1], "")
	return s.InTurn(ctx, http.MethodPut, func(ctx context.Context) error {
		_, err := s.Send(ctx, Request{Method: http.MethodPut, Body: []byte(text)})
		return err
	})
}

// retriable is as [Sender.Retriable] is by default.
func retriable(err error) bool { return (&Sender{retry: Busy}).Retriable(err) }

// secretly sends with every kind of secret, and requires that no error has one.
func secretly(t *testing.T, url string, opts ...option) error {
	t.Helper()
	url = strings.Replace(url, "://", "://me:"+password+"@", 1) + "?key=" + token + "%2Fquery"
	s := newSenderFor(t, url, append(opts, withHeader("X-Token", "Bearer "+token))...)
	err := put(t.Context(), s)
	testkit.RequireHidden(t, err, password, token, "bWU6aHVudGVyMi") // the beginning of both in base64
	return err
}

// readRequest reads a request up to the end of its page. (A client ignores an answer that comes
// before it has sent the request.)
func readRequest(c net.Conn) string {
	var request []byte
	buf := make([]byte, 4096)
	for !strings.HasSuffix(string(request), page) {
		n, err := c.Read(buf)
		request = append(request, buf[:n]...)
		if err != nil {
			break
		}
	}
	return string(request)
}

// listen serves connections with behave and then holds them open until the test is over.
func listen(t *testing.T, behave func(net.Conn)) string {
	t.Helper()
	testkit.Baseline(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	over := make(chan struct{})
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				behave(c)
				<-over
			})
		}
	})
	t.Cleanup(func() {
		close(over)
		l.Close()
		conns.Wait()
	})
	return "http://" + l.Addr().String()
}

const (
	password = "hunter2-and-more"
	token    = "t0ken-of-the-tenant"
)
