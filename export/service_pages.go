// SPDX-License-Identifier: Apache-2.0

package export

import (
	"html"
	"io"
	"net/http"
)

const (
	rootPath   = "/"
	healthPath = "/healthz"
	robotsPath = "/robots.txt"
)

// servicePages routes the requests of a Service. It compares paths exactly and redirects nothing.
type servicePages struct {
	metrics http.Handler
	path    string
}

func (s servicePages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case s.path:
		s.metrics.ServeHTTP(w, r)
	case rootPath:
		answer(w, r, "text/html; charset=utf-8", rootPage(s.path))
	case healthPath:
		answer(w, r, "text/plain; charset=utf-8", "ok\n")
	case robotsPath:
		answer(w, r, "text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n")
	default:
		http.NotFound(w, r)
	}
}

func rootPage(path string) string {
	path = html.EscapeString(path)
	return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Metrics</title></head>\n" +
		"<body><p>Metrics: <a href=\"" + path + "\">" + path + "</a></p></body></html>\n"
}

func answer(w http.ResponseWriter, r *http.Request, contentType, body string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "GET or HEAD only", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", contentType)
	io.WriteString(w, body) // net/http drops it for HEAD; an error is the client's
}
