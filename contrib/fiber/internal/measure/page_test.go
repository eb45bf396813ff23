// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// served runs a page with a handler of the test, and returns a function that asks for it, over a
// new connection, in one of the encodings of fasthttp's own compression. The values that Serve
// panics with go to panics.
func served(
	t *testing.T, h http.HandlerFunc, log io.Writer, panics chan<- any,
) func(encoding ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	page := &Page{h, slog.New(slog.NewTextHandler(log, nil))}
	server := &fasthttp.Server{Handler: fasthttp.CompressHandler(func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if reason := recover(); reason != nil {
				panics <- reason
				ctx.SetStatusCode(http.StatusInternalServerError)
			}
		}()
		ctx.Response.Header.Set("Vary", "Origin")
		page.Serve(ctx)
	})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Shutdown())
		require.NoError(t, <-stopped)
	})
	return func(encoding ...string) (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
		_, err = fmt.Fprintf(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n",
			strings.Join(encoding, ", "))
		require.NoError(t, err)
		return conn, bufio.NewReader(conn)
	}
}

func TestAHandlerThatAbortsOrPanicsCutsThePageOff(t *testing.T) {
	for _, reason := range []any{http.ErrAbortHandler, errors.New("broken")} {
		var log testkit.Output
		panics := make(chan any, 1)
		ask := served(t, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "a part")
			panic(reason)
		}, &log, panics)
		_, r := ask()
		response, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		part, err := io.ReadAll(response.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, "a part", string(part))
		require.Equal(t, reason != http.ErrAbortHandler, strings.Contains(log.String(), "broken"))
		require.Empty(t, panics)
	}
}

// Fasthttp's compression, which fiber v2 uses, takes the error of the body for its end.
func TestAPageThatIsCutOffIsNoWholePageWhereErrorsAreLost(t *testing.T) {
	ask := served(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("a part", 1000))
		panic(http.ErrAbortHandler)
	}, io.Discard, nil)
	for _, encoding := range []string{"gzip", "deflate"} {
		_, r := ask(encoding)
		response, err := http.ReadResponse(r, nil)
		if err == nil {
			require.Equal(t, encoding, response.Header.Get("Content-Encoding"))
			_, err = io.Copy(io.Discard, response.Body)
		}
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, encoding)
	}
}

func TestAPanicBeforeThePageIsThatOfTheCaller(t *testing.T) {
	panics := make(chan any, 1)
	ask := served(t, func(http.ResponseWriter, *http.Request) { panic("broken") }, io.Discard, panics)
	_, r := ask()
	response, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, response.StatusCode)
	require.Equal(t, "broken", <-panics)
}

func TestADeadlineEndsAWriteThatNobodyReads(t *testing.T) {
	ended := make(chan error, 1)
	ask := served(t, func(w http.ResponseWriter, _ *http.Request) {
		err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		for chunk := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(chunk)
		}
		ended <- err
	}, io.Discard, nil)
	ask() // and does not read
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("the handler still writes")
	}
}

func TestAClientThatGoesEndsTheHandlersWrites(t *testing.T) {
	ended := make(chan error, 1)
	ask := served(t, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for chunk := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(chunk)
		}
		ended <- err
	}, io.Discard, nil)
	conn, _ := ask()
	conn.Close()
	require.ErrorIs(t, <-ended, io.ErrClosedPipe)
}

func TestAHeaderStaysThatMiddlewareHasSet(t *testing.T) {
	ask := served(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Accept"}
		w.Header()["Content-Type"] = []string{"text/x-page"}
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // is too late
		fmt.Fprint(w, r.Method, " ", r.URL, " ", r.Host)
	}, io.Discard, nil)
	_, r := ask()
	response, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusTeapot, response.StatusCode)
	require.Equal(t, []string{"Origin", "Accept"}, response.Header["Vary"])
	require.Equal(t, []string{"text/x-page"}, response.Header["Content-Type"])
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "GET /metrics x", string(body))
}

// When the page is over, the connection belongs to the next response, and its object may be that of
// another connection.
func TestADeadlineAfterThePageHasNoEffect(t *testing.T) {
	late := make(chan http.ResponseWriter, 1)
	ask := served(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "page")
		select {
		case late <- w:
		default:
		}
	}, io.Discard, nil)
	conn, r := ask()
	for range 3 {
		response, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, "page", string(body))
		select {
		case w := <-late:
			testkit.Poll(t, 10*time.Second, func() error { // fasthttp closes the body after it has sent it
				err := http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
				if !errors.Is(err, net.ErrClosed) {
					return fmt.Errorf("the deadline was set: %v", err)
				}
				return nil
			})
		default:
		}
		_, err = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
	}
}
