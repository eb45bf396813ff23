// SPDX-License-Identifier: Apache-2.0

// Package demo has handlers of net/http that several of the programs share.
package demo

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// Events and their distance in time.
const (
	Events = 3
	Pause  = 500 * time.Millisecond
)

// Stream sends events, and flushes each.
func Stream(w http.ResponseWriter, _ *http.Request) {
	flush := http.NewResponseController(w).Flush
	for i := range Events {
		fmt.Fprintf(w, "data: %d\n\n", i)
		if flush() != nil {
			return
		}
		time.Sleep(Pause)
	}
}

// Echo takes the connection over, as a server of WebSockets does, and sends back what it reads.
func Echo(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	io.Copy(conn, buffered)
}

// Admin returns a handler for /admin/ that has routes of its own.
func Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/reports/{year}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "report of", r.PathValue("year"))
	})
	return mux
}
