// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// CPUTime returns the CPU time that the process has used, in all its threads, user and system.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Scraper asks a handler for pages and throws them away, counting. It is for one goroutine.
type Scraper struct {
	handler http.Handler
	request *http.Request
	header  http.Header
	code    int
	Bytes   int64 // of the last page
}

// NewScraper returns a scraper of the handler. Requests ask for text and, if gzip is set, for
// compression.
func NewScraper(h http.Handler, gzip bool) *Scraper {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "text/plain;version=0.0.4")
	if gzip {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	return &Scraper{handler: h, request: r, header: http.Header{}}
}

// Scrape gets one page. It panics when the handler reports an error.
func (s *Scraper) Scrape() {
	clear(s.header)
	s.code, s.Bytes = http.StatusOK, 0
	s.handler.ServeHTTP(s, s.request)
	if s.code != http.StatusOK {
		panic(http.StatusText(s.code))
	}
}

// Header makes a Scraper the ResponseWriter of its own requests, with Write and WriteHeader.
func (s *Scraper) Header() http.Header { return s.header }

func (s *Scraper) Write(p []byte) (int, error) {
	s.Bytes += int64(len(p))
	return len(p), nil
}

// WriteHeader remembers the status.
func (s *Scraper) WriteHeader(code int) { s.code = code }

// turn is how many operations a goroutine does at a time: enough that the shared counter of the
// remaining operations costs nothing.
const turn = 1024

// Do has the workers do n operations together, all at once, each taking its next turn when it has
// finished the last. It returns when all operations are done. Goroutines start together.
func Do(workers []func(n int), n int) {
	if len(workers) == 1 {
		workers[0](n)
		return
	}
	size := int64(max(1, min(turn, n/len(workers))))
	var taken atomic.Int64
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(len(workers))
	for _, work := range workers {
		done.Go(func() {
			ready.Done()
			<-start
			for {
				end := taken.Add(size)
				begin := end - size
				if begin >= int64(n) {
					return
				}
				work(int(min(end, int64(n)) - begin))
			}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// Workers starts n workers.
func (w Work) Workers(n int) []func(n int) {
	list := make([]func(int), n)
	for i := range list {
		list[i] = w.Start()
	}
	return list
}
