// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// hub knows who watches. While somebody does, one goroutine samples the registry; it ends, and what
// it has recorded goes, with the last watcher.
type hub struct {
	reg    *engine.Registry
	every  time.Duration
	points int
	most   int // watchers

	mu       sync.Mutex
	watchers map[*watcher]struct{}
	recorder *recorder          // nil while nobody watches
	stop     context.CancelFunc // ends the goroutine
}

// watcher is one page that is open.
type watcher struct {
	view     view
	recorder *recorder
	wake     chan struct{} // of capacity 1: there is a new sample

	// What the page knows already.
	began          bool
	changes, epoch int
	rows           int
}

var errFull = errors.New("as many pages are open as may be: close one, or raise the limit with WithWatchers")

// join adds a watcher and, if it is the first, starts to sample.
func (h *hub) join(v view) (*watcher, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) >= h.most {
		return nil, errFull
	}
	if h.recorder == nil {
		ctx, stop := context.WithCancel(context.Background())
		h.recorder, h.stop = newRecorder(h.reg, h.every, h.points), stop
		go h.run(ctx, h.recorder)
	}
	w := &watcher{view: v, recorder: h.recorder, wake: make(chan struct{}, 1)}
	w.recorder.open(&w.view)
	h.watchers[w] = struct{}{}
	w.notify()
	return w, nil
}

// leave removes a watcher. With the last one, the recorder goes.
func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
	if len(h.watchers) == 0 {
		h.stop()
		h.recorder, h.stop = nil, nil
		return
	}
	w.recorder.close(&w.view)
}

// run samples until ctx is done.
func (h *hub) run(ctx context.Context, r *recorder) {
	ticker := time.NewTicker(h.every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		r.sample(time.Now())
		h.notify(r)
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// notify tells the watchers of a recorder that there is a new sample.
func (h *hub) notify(r *recorder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if w.recorder == r {
			w.notify()
		}
	}
}

func (w *watcher) notify() {
	select {
	case w.wake <- struct{}{}:
	default: // it has not read the sample before
	}
}
