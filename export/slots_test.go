// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// reader is a response whose client takes some time for each chunk.
type reader struct {
	header http.Header
	status int
	chunks int
	takes  time.Duration // for a chunk
	cut    chan struct{} // closed by a deadline in the past
	once   sync.Once
	over   bool // the handler has returned
}

func newReader(takes time.Duration) *reader {
	return &reader{header: http.Header{}, takes: takes, cut: make(chan struct{})}
}

func (r *reader) Header() http.Header    { return r.header }
func (r *reader) WriteHeader(status int) { r.status = status }

func (r *reader) Write(b []byte) (int, error) {
	select {
	case <-time.After(r.takes):
		r.chunks++
		return len(b), nil
	case <-r.cut:
		return 0, os.ErrDeadlineExceeded
	}
}

func (r *reader) SetWriteDeadline(t time.Time) error {
	if r.over {
		panic("the response is used after its handler has returned")
	}
	if !t.After(time.Now()) {
		r.once.Do(func() { close(r.cut) })
	}
	return nil
}

// uninterruptible is a reader without deadlines.
type uninterruptible struct{ *reader }

func (uninterruptible) SetWriteDeadline(time.Time) error { return http.ErrNotSupported }

// scrapeOf serves one scrape of a client. The channel gets whether the page is complete.
func scrapeOf(h http.Handler, w http.ResponseWriter, r *reader, from string, proto int, header ...string) <-chan bool {
	req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	req.RemoteAddr, req.ProtoMajor = from, proto
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	whole := make(chan bool, 1)
	go func() {
		defer func() {
			p := recover()
			r.over = true
			if p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
			whole <- p == nil && r.status == 0
		}()
		h.ServeHTTP(w, req)
	}()
	return whole
}

func ended(whole <-chan bool) string {
	synctest.Wait()
	select {
	case ok := <-whole:
		if ok {
			return "whole"
		}
		return "cut"
	default:
		return "under way"
	}
}

func TestTheReaderThatHasBeenStalledLongestMakesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(chunks(chunk64K, 2), WithMaxConcurrent(3))
		var stalled []<-chan bool
		for i := range 3 {
			r := newReader(8 * time.Second)
			stalled = append(stalled, scrapeOf(h, r, r, fmt.Sprintf("192.0.2.%d:1", i), 1))
			time.Sleep(100 * time.Millisecond)
		}
		require.Equal(t, "under way", ended(stalled[0]), "nobody waits")
		next := newReader(0)
		begin := time.Now()
		require.True(t, <-scrapeOf(h, next, next, "198.51.100.1:1", 1))
		require.Equal(t, 2, next.chunks)
		require.Zero(t, time.Since(begin), "the first has been stalled for 300 ms by now")
		require.Equal(t, "cut", ended(stalled[0]))
		require.Equal(t, "under way", ended(stalled[1]))
		require.Equal(t, "under way", ended(stalled[2]))
		time.Sleep(time.Minute)
		require.Equal(t, "whole", ended(stalled[1]), "a slow reader is served when nobody waits")
	})
}

func TestAReaderThatTakesEachChunkInTimeIsCutOnlyWhenItHoldsUpItsPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(chunks(chunk64K, 1000), WithMaxConcurrent(1))
		slow := newReader(150 * time.Millisecond) // less than stallTime
		page := scrapeOf(h, slow, slow, "192.0.2.1:1", 1)
		time.Sleep(300 * time.Millisecond)
		next := newReader(0)
		require.False(t, <-scrapeOf(h, next, next, "192.0.2.2:1", 1))
		require.Equal(t, http.StatusServiceUnavailable, next.status)
		require.Equal(t, "under way", ended(page))
		time.Sleep(slowTime)
		next = newReader(0)
		require.True(t, <-scrapeOf(h, next, next, "192.0.2.2:1", 1))
		require.Equal(t, "cut", ended(page))
	})
}

func TestAPageThatIsBeingMadeIsNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
			time.Sleep(1500 * time.Millisecond)
			_, err := w.Write(chunk64K)
			return 0, err
		}), WithMaxConcurrent(1))
		first, second := newReader(0), newReader(0)
		making := scrapeOf(h, first, first, "192.0.2.1:1", 1)
		synctest.Wait()
		require.False(t, <-scrapeOf(h, second, second, "192.0.2.2:1", 1), "it waits, and gets 503")
		require.True(t, <-making)
	})
}

func TestOneAddressLeavesRoomForOthers(t *testing.T) {
	for _, tt := range []struct {
		name, from, other string
		proto             int
		held              int // by one client, of 8 slots
	}{
		{"address", "192.0.2.1:%d", "192.0.2.2:1", 1, 6},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:%d", "192.0.2.2:1", 1, 6},
		{"IPv6 prefix", "[2001:db8::%d]:1", "[2001:db8:0:1::1]:1", 1, 6},
		{"connection", "192.0.2.1:1", "192.0.2.1:2", 2, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := handlerOf(chunks(chunk64K, 1))
				for i := range 8 {
					from := tt.from
					if strings.Contains(from, "%d") {
						from = fmt.Sprintf(from, i+1)
					}
					r := newReader(time.Minute)
					scrapeOf(h, r, r, from, tt.proto)
				}
				synctest.Wait()
				require.Equal(t, tt.held, heldSlots(h))
				next := newReader(0)
				begin := time.Now()
				require.True(t, <-scrapeOf(h, next, next, tt.other, tt.proto))
				require.Zero(t, time.Since(begin))
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

// heldSlots returns how many slots of a handler are taken.
func heldSlots(h *handler) int {
	h.slots.mu.Lock()
	defer h.slots.mu.Unlock()
	return len(h.slots.held)
}

func TestClientsWithoutAnAddressAreBoundTogetherOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(chunks(chunk64K, 1))
		for _, from := range []string{"", "@", "pipe", "", "[fe80::1%eth0]:1", "@", "@", "@", "@"} {
			r := newReader(time.Second / 10)
			scrapeOf(h, r, r, from, 1)
		}
		synctest.Wait()
		require.Equal(t, 8, heldSlots(h))
		time.Sleep(time.Minute)
	})
}

func TestScrapesWaitInOrderAndNobodyTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(chunks(chunk64K, 1), WithMaxConcurrent(1))
		first := newReader(5 * time.Millisecond) // none stalls long enough to be cut
		scrapeOf(h, first, first, "192.0.2.1:1", 1)
		synctest.Wait()
		var mu sync.Mutex
		var order []int
		var group sync.WaitGroup
		for i := range 5 {
			r := newReader(5 * time.Millisecond)
			whole := scrapeOf(h, r, r, fmt.Sprintf("192.0.2.1:%d", i+2), 1)
			synctest.Wait()
			group.Go(func() {
				if <-whole {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, i)
				}
			})
		}
		group.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4}, order)
		require.Zero(t, heldSlots(h))
		require.Empty(t, h.slots.queue)
	})
}

func TestAWriterThatCannotBeInterruptedHoldsNoSlotAndItsPagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(chunks(incompressible(64<<10), 4), WithMaxConcurrent(2))
		var stuck []*reader
		var pages []<-chan bool
		for i := range 6 {
			r := newReader(time.Hour)
			stuck = append(stuck, r)
			from := fmt.Sprintf("192.0.2.%d:1", i)
			pages = append(pages, scrapeOf(h, uninterruptible{r}, r, from, 1, "Accept-Encoding", "gzip"))
			time.Sleep(time.Second)
		}
		compressed := 0
		for i, r := range stuck {
			require.Equal(t, "under way", ended(pages[i]))
			if r.header.Get("Content-Encoding") == "gzip" {
				compressed++
			}
		}
		require.Equal(t, 3, compressed, "the first two, and one that came when only one was stuck")
		require.Equal(t, 2, heldSlots(h))
		require.Equal(t, 4, h.slots.stuck)

		next := newReader(0)
		require.True(t, <-scrapeOf(h, next, next, "192.0.2.9:1", 1, "Accept-Encoding", "gzip"))
		require.Empty(t, next.header.Get("Content-Encoding"))
		time.Sleep(2 * time.Hour)
		for _, page := range pages {
			require.Equal(t, "cut", ended(page), "none goes on where it was left")
		}
		require.Zero(t, h.slots.stuck)
		next = newReader(0)
		require.True(t, <-scrapeOf(h, next, next, "192.0.2.9:1", 1, "Accept-Encoding", "gzip"))
		require.Equal(t, "gzip", next.header.Get("Content-Encoding"))
	})
}

// A slow SetWriteDeadline must end before the handler returns. (There is no bubble, because the
// handler waits for a mutex.)
func TestAResponseIsNotTouchedAfterItsHandlerHasReturned(t *testing.T) {
	h := handlerOf(chunks(chunk64K, 1), WithMaxConcurrent(1))
	r := newReader(time.Hour)
	slow := &slowDeadline{reader: r}
	page := scrapeOf(h, slow, r, "192.0.2.1:1", 1)
	for h.slots.writing() == 0 {
		time.Sleep(time.Millisecond)
	}
	next := newReader(0)
	require.True(t, <-scrapeOf(h, next, next, "192.0.2.2:1", 1))
	require.False(t, <-page)
	require.True(t, slow.set.Load())
}

func (s *slots) writing() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		if !h.writing.IsZero() {
			n++
		}
	}
	return n
}

// slowDeadline ends the write under way long before its SetWriteDeadline returns.
type slowDeadline struct {
	*reader
	set atomic.Bool
}

func (s *slowDeadline) SetWriteDeadline(t time.Time) error {
	if t.After(time.Now()) {
		return nil
	}
	err := s.reader.SetWriteDeadline(t)
	time.Sleep(100 * time.Millisecond)
	if s.over {
		panic("the response is used after its handler has returned")
	}
	s.set.Store(true)
	return err
}

func TestACutPageOfAPanickingWriterGivesItsSlotBack(t *testing.T) {
	h := handlerOf(chunks(chunk64K, 1), WithMaxConcurrent(1))
	for range 3 {
		require.PanicsWithValue(t, "gone", func() {
			h.ServeHTTP(explosive{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		})
	}
	require.Zero(t, heldSlots(h))
	require.Equal(t, http.StatusOK, testkit.Get(h, "/metrics").Code)
}

type explosive struct{ http.ResponseWriter }

func (explosive) Write([]byte) (int, error) { panic("gone") }

func TestAQueueIsEmptiedWithinItsPatienceByReadersThatAllStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(chunks(chunk64K, 1))
		for i := range 8 * 20 {
			r := newReader(time.Hour)
			scrapeOf(h, r, r, fmt.Sprintf("192.0.%d.%d:1", i/250, i%250), 1)
		}
		synctest.Wait()
		last := newReader(0)
		begin := time.Now()
		require.True(t, <-scrapeOf(h, last, last, "198.51.100.1:1", 1))
		require.Less(t, time.Since(begin), queueTime)
		time.Sleep(2 * time.Hour)
	})
}
