// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAReaderThatStallsIsCutOffWithinTheWriteTimeout(t *testing.T) {
	for _, accept := range []string{"", "Accept-Encoding: gzip\r\n"} {
		src := watch(chunks(incompressible(64<<10), bigPage))
		s := testkit.Serve(t, handlerOf(src, WithWriteTimeout(100*time.Millisecond)))
		c := testkit.Dial(t, s, strings.Replace(getMetrics, "\r\n\r\n", "\r\n"+accept+"\r\n", 1))
		one := make([]byte, 1)
		stop := make(chan struct{})
		var reader sync.WaitGroup
		reader.Go(func() { // a byte now and then is not progress
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					c.Read(one)
				}
			}
		})
		other := watch(chunks(chunk64K, 1))
		healthy := testkit.Serve(t, handlerOf(other))
		require.Len(t, testkit.Fetch(t, healthy.URL), len(chunk64K), "others do not notice")

		require.ErrorIs(t, src.wait(t, 5*time.Second), os.ErrDeadlineExceeded)
		close(stop)
		reader.Wait()
		s.CloseClientConnections()
	}
}

func TestASlowReaderIsServedAsLongAsEveryChunkArrives(t *testing.T) {
	// Reading takes several write timeouts. A deadline that is set only once would cut it off.
	const timeout = 250 * time.Millisecond
	src := watch(chunks(chunk64K, bigPage))
	s := testkit.Serve(t, handlerOf(src, WithWriteTimeout(timeout)))
	resp := getUncompressed(t, s.URL)
	defer resp.Body.Close()
	start := time.Now()
	total := 0
	buf := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(resp.Body, buf)
		total += n
		if err != nil {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			break
		}
		time.Sleep(timeout / 10)
	}
	require.Equal(t, bigPage*len(chunk64K), total)
	require.Greater(t, time.Since(start), 2*timeout)
	require.NoError(t, src.wait(t, time.Second))
}

func TestASlowReaderDoesNotOutliveTheScrapeTimeout(t *testing.T) {
	src := watch(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		for { // never finished, and never stuck for long
			if _, err := w.Write(chunk64K); err != nil {
				return 0, err
			}
		}
	}))
	s := testkit.Serve(t, handlerOf(src, WithWriteTimeout(10*time.Second), WithScrapeTimeout(200*time.Millisecond)))
	resp := getUncompressed(t, s.URL)
	defer resp.Body.Close()
	_, err := io.Copy(io.Discard, resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the client sees that the page is cut")
	require.Error(t, src.wait(t, time.Second))
}

func TestAHalfPageIsNeverTakenForAWholeOne(t *testing.T) {
	for _, written := range []int{1, 1000, 10 << 10, 1 << 20} {
		broken := sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
			n, _ := w.Write(make([]byte, written))
			return int64(n), errors.New("failed")
		})
		s := testkit.Serve(t, handlerOf(broken))
		for _, client := range []*http.Client{{}, {Transport: &http.Transport{DisableCompression: true}}} {
			resp, err := client.Get(s.URL)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			// net/http holds back the first 2 KiB, so that nothing of a short page is sent.
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
				// With gzip nothing is sent before the failure, and there the answer is a plain
				// 500.
				require.NoError(t, err)
				require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
			}
			client.CloseIdleConnections()
		}
	}
}

func TestAHalfClosedClientIsServed(t *testing.T) {
	s := testkit.Serve(t, handlerOf(chunks(chunk64K, bigPage)))
	c := testkit.Dial(t, s, getMetrics)
	require.NoError(t, c.CloseWrite())
	time.Sleep(20 * time.Millisecond) // the server notices, and its request context is done
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.EqualValues(t, bigPage*len(chunk64K), n)
}

func TestAHalfClosedClientIsServedAlsoFromTheQueue(t *testing.T) {
	first, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := testkit.Serve(t, handlerOf(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		once.Do(func() { close(first); <-free })
		return 0, nil
	}), WithMaxConcurrent(1)))
	testkit.Dial(t, s, getMetrics)
	<-first
	c := testkit.Dial(t, s, getMetrics)
	require.NoError(t, c.CloseWrite())
	time.Sleep(20 * time.Millisecond)
	close(free)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestAResetStopsThePageWithinAChunk(t *testing.T) {
	var chunksAfterReset atomic.Int32
	reset, begun := make(chan struct{}), make(chan struct{})
	src := watch(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		if _, err := w.Write(chunk64K); err != nil {
			return 0, err
		}
		close(begun)
		<-reset
		for {
			if _, err := w.Write(chunk64K); err != nil {
				return 0, err
			}
			chunksAfterReset.Add(1)
		}
	}))
	s := testkit.Serve(t, handlerOf(src))
	c := testkit.Dial(t, s, getMetrics)
	<-begun
	require.NoError(t, c.SetLinger(0))
	require.NoError(t, c.Close())
	time.Sleep(20 * time.Millisecond) // loopback delivers it at once
	close(reset)
	err := src.wait(t, 5*time.Second)
	require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE), "%v", err)
	require.LessOrEqual(t, chunksAfterReset.Load(), int32(1))
}

func TestScrapesAtWorkAreBounded(t *testing.T) {
	const limit, clients = 3, 30
	src := watch(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		time.Sleep(2 * time.Millisecond)
		return chunks(chunk64K, 2)(w, engine.Exposition{})
	}))
	s := testkit.Serve(t, handlerOf(src, WithMaxConcurrent(limit)))
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			begin := time.Now()
			resp, err := http.Get(s.URL)
			if err != nil {
				t.Error(err)
				return
			}
			waited := time.Since(begin)
			n, _ := io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusServiceUnavailable && waited >= queueTime {
				return // the machine is so busy that 20 ms of pages take more than a second
			}
			if resp.StatusCode != http.StatusOK || n != 2*int64(len(chunk64K)) {
				t.Errorf("status %d, %d bytes: those who wait a moment are served", resp.StatusCode, n)
			}
		})
	}
	group.Wait()
	require.LessOrEqual(t, src.most.Load(), int32(limit))
	require.Positive(t, src.most.Load())
}

func TestAScrapeBeyondTheBoundGets503AfterAWhile(t *testing.T) {
	begun, free := make(chan struct{}), make(chan struct{})
	s := testkit.Serve(t, handlerOf(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		begun <- struct{}{}
		<-free
		return 0, nil
	}), WithMaxConcurrent(1)))
	testkit.Dial(t, s, getMetrics)
	<-begun
	start := time.Now()
	resp, err := http.Get(s.URL)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, "1", resp.Header.Get("Retry-After"))
	require.GreaterOrEqual(t, time.Since(start), queueTime)

	head, err := http.Head(s.URL)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, head.StatusCode, "HEAD encodes nothing and needs no turn")
	close(free)
}

func TestTheConnectionIsGoodForOthersAfterAPage(t *testing.T) {
	const timeout = 50 * time.Millisecond
	mux := http.NewServeMux()
	mux.Handle("/metrics", handlerOf(chunks(chunk64K, 3), WithWriteTimeout(timeout)))
	mux.HandleFunc("/app", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * timeout)
		w.Write(chunk64K)
	})
	s := testkit.Serve(t, mux)
	c := testkit.Dial(t, s, getMetrics)
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)

	// The deadline of the page must not hit another handler on the same connection.
	time.Sleep(2 * timeout)
	_, err = io.WriteString(c, "GET /app HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	resp, err = http.ReadResponse(r, nil)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.EqualValues(t, len(chunk64K), n)
}

func TestAClientThatPipelinesAndNeverReadsIsCutOff(t *testing.T) {
	for _, request := range []string{
		getMetrics,
		"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		testkit.Baseline(t)
		s := httptest.NewUnstartedServer(handlerOf(chunks(chunk64K[:1000], 1), WithWriteTimeout(100*time.Millisecond)))
		s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			c.(*net.TCPConn).SetWriteBuffer(4 << 10) // soon full
			return ctx
		}
		s.Start()
		t.Cleanup(s.Close)
		c := testkit.Dial(t, s, "")
		require.NoError(t, c.SetReadBuffer(4<<10))
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(30*time.Second)))
		many := strings.Repeat(request, 1000)
		for {
			if _, err := io.WriteString(c, many); err != nil {
				require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server is stuck in an answer to %.10q", request)
				break
			}
		}
	}
}

func TestAGetWhoseBodyNeverComesIsAnsweredAndHoldsNothing(t *testing.T) {
	s := testkit.Serve(t, handlerOf(chunks(chunk64K, 1), WithMaxConcurrent(1)))
	for _, request := range []string{"GET", "POST"} {
		c := testkit.Dial(t, s, request+" /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
		require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err, request)
		require.True(t, resp.Close)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err, request)
		c.Close()
	}
	require.Len(t, testkit.Fetch(t, s.URL), len(chunk64K))
}

func TestHTTP2ReadersThatStallAreCutOffToo(t *testing.T) {
	testkit.Baseline(t)
	src := watch(chunks(incompressible(64<<10), bigPage)) // the client asks for gzip
	s := httptest.NewUnstartedServer(handlerOf(src, WithWriteTimeout(200*time.Millisecond)))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	resp, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	require.Equal(t, 2, resp.ProtoMajor)
	require.Error(t, src.wait(t, 5*time.Second), "flow control stops the page, the deadline ends it")
	_, err = io.Copy(io.Discard, resp.Body)
	require.Error(t, err, "the client sees that the page is cut")
	resp.Body.Close()
	s.Client().CloseIdleConnections()
}

func TestHTTP2PagesMayTakeLongerToMakeThanAChunkMayTakeToWrite(t *testing.T) {
	testkit.Baseline(t)
	const timeout, n = 250 * time.Millisecond, 2
	s := httptest.NewUnstartedServer(handlerOf(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		for range n {
			time.Sleep(2 * timeout)
			if _, err := w.Write(chunk64K); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}), WithWriteTimeout(timeout), WithoutCompression()))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	resp, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	read, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.EqualValues(t, n*len(chunk64K), read)
	s.Client().CloseIdleConnections()
}

// The recovery of some frameworks keeps http.ErrAbortHandler to itself, as gin's does. The server
// then takes the response for a complete one.
func TestAPageThatFailsMidwayIsNoWholePageWhereSomebodyRecovers(t *testing.T) {
	noise := incompressible(64 << 10)
	broken := sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		for range 4 {
			if _, err := w.Write(noise); err != nil {
				return 0, err
			}
		}
		return 0, errors.New("out of order")
	})
	page := handlerOf(broken)
	recovering := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { _ = recover() }()
		page.ServeHTTP(wrapper{w}, r)
	})
	testkit.Baseline(t)
	for _, http2 := range []bool{false, true} {
		s := httptest.NewUnstartedServer(recovering)
		s.EnableHTTP2 = http2
		s.StartTLS()
		defer s.Close()
		for _, encoding := range []string{"identity", "gzip"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
			require.NoError(t, err)
			r.Header.Set("Accept-Encoding", encoding)
			response, err := s.Client().Do(r)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.Error(t, err, "%s, HTTP/2: %t", encoding, http2)
			response.Body.Close()
		}
	}
}
