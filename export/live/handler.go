// SPDX-License-Identifier: Apache-2.0

package live

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sync"
	"time"
	"weak"

	"github.com/quipu-metrics/quipu/engine"
)

//go:embed web
var web embed.FS

// Handler returns a handler for the page and its data. Mount it at any path that ends with a slash:
//
//	mux.Handle("/debug/metrics/", live.Handler(reg))
//
// It panics if the registry or an option is nil, or if the options do not go together.
func Handler(reg *engine.Registry, opts ...Option) http.Handler {
	if reg == nil {
		panic("quipu: live.Handler needs a registry: pass engine.Default() or one of your own")
	}
	c := config{interval: defaultInterval, history: defaultHistory, watchers: defaultWatchers}
	for i, opt := range opts {
		if opt == nil {
			panic(fmt.Sprintf("quipu: live.Handler: option %d of %d is nil", i+1, len(opts)))
		}
		opt(&c)
	}
	points := int(c.history / c.interval)
	if points < 2 || points > maxPoints {
		panic(fmt.Sprintf("quipu: live.Handler: a history of %v has %d samples at an interval of %v: want 2 to %d",
			c.history, points, c.interval, maxPoints))
	}
	return &handler{config: c, reg: reg, hub: hub{
		reg: reg, every: c.interval, points: points, most: c.watchers, watchers: map[*watcher]struct{}{},
	}}
}

type handler struct {
	config
	reg     *engine.Registry
	hub     hub
	servers sync.Map // weak.Pointer[http.Server] to a chan struct{}, closed when the server shuts down
}

// policy lets the page load nothing but what this handler serves, and nobody frame it.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if why := refusal(r, h.remote); why != "" {
		http.Error(w, "the live page is for this machine only: "+why+"; see WithRemote", http.StatusForbidden)
		return
	}
	if isForeign(r) {
		http.Error(w, "the page is not for other sites", http.StatusForbidden)
		return
	}
	switch _, file := path.Split(r.URL.Path); file {
	case "events":
		h.events(w, r)
	case "settings.json":
		answer(w, h.settings())
	case "labels.json":
		answer(w, labelsOf(h.reg, r.URL.Query().Get("metric")))
	case "find.json":
		answer(w, find(h.reg, r.URL.Query().Get("text")))
	default:
		h.file(w, r, file)
	}
}

// file serves a part of the page. The path of the page itself ends with a slash, or its relative
// links would lead elsewhere.
func (h *handler) file(w http.ResponseWriter, r *http.Request, file string) {
	if file == "" {
		file = "index.html"
	}
	data, err := fs.ReadFile(web, "web/"+file)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(file)])
	_, _ = w.Write(data)
}

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// settings are what the page must know before it begins.
func (h *handler) settings() any {
	return struct {
		Interval int64  `json:"interval"` // in milliseconds
		Points   int    `json:"points"`
		Traces   string `json:"traces"`
	}{h.interval.Milliseconds(), h.hub.points, h.traces}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// writeTimeout is the time that a browser has to take a message.
const writeTimeout = 10 * time.Second

// shutdownOf returns a channel that is closed when the server of a request shuts down, which would
// wait for pages that are open otherwise. The channel stays closed, for requests that are late. It
// is nil if the server is unknown.
func (h *handler) shutdownOf(r *http.Request) <-chan struct{} {
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil {
		return nil
	}
	shutdown := make(chan struct{})
	known, loaded := h.servers.LoadOrStore(weak.Make(server), shutdown)
	if !loaded {
		server.RegisterOnShutdown(sync.OnceFunc(func() { close(shutdown) })) // Shutdown may be called again
	}
	return known.(chan struct{})
}

// events sends messages to a watcher until it leaves, as server-sent events.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	v, err := parseView(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	shutdown := h.shutdownOf(r)
	watcher, err := h.hub.join(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer h.hub.leave(watcher)
	control := http.NewResponseController(w)
	var room []byte
	for {
		select {
		case <-r.Context().Done():
			return
		case <-shutdown:
			return
		case <-watcher.wake:
		}
		event, data := watcher.compose(room)
		if room = data; event == "" {
			continue
		}
		// A writer without deadlines, such as that of a test, does without.
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, data); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
	}
}
