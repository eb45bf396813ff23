// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"compress/zlib"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// shop returns a registry with a few metrics.
func shop() *engine.Registry {
	reg := engine.NewRegistry()
	orders, err := reg.NewCounterVec("orders_total", "Orders by outcome.", []string{"outcome"})
	if err != nil {
		panic(err)
	}
	orders.With("paid").Add(12)
	orders.With("refused").Inc()
	carts, err := reg.NewGauge("carts", "Open carts.")
	if err != nil {
		panic(err)
	}
	carts.Set(3)
	return reg
}

// show prints the answer of a URL.
func show(url string) {
	resp, err := http.Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"))
	io.Copy(os.Stdout, resp.Body)
}

func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle("/metrics", export.Handler(shop(), export.WithoutSelfMetrics()))

	server := httptest.NewServer(mux)
	defer server.Close()
	show(server.URL + "/metrics")

	// Output:
	// 200 OK text/plain; version=0.0.4; charset=utf-8
	// # HELP carts Open carts.
	// # TYPE carts gauge
	// carts 3
	// # HELP orders_total Orders by outcome.
	// # TYPE orders_total counter
	// orders_total{outcome="paid"} 12
	// orders_total{outcome="refused"} 1
}

// A query limits the page to some of the families.
func ExampleHandler_names() {
	server := httptest.NewServer(export.Handler(shop()))
	defer server.Close()
	show(server.URL + "/metrics?name[]=carts&name[]=lorries")

	// Output:
	// 200 OK text/plain; version=0.0.4; charset=utf-8
	// # HELP carts Open carts.
	// # TYPE carts gauge
	// carts 3
}

func ExampleOption() {
	handler := export.Handler(shop(),
		export.WithFormats(encode.OpenMetrics, encode.Text), // never protobuf; OpenMetrics by default
		export.WithoutCompression(),                         // the proxy in front compresses
		export.WithMaxConcurrent(2),
		export.WithWriteTimeout(5*time.Second),
		export.WithScrapeTimeout(30*time.Second),
		export.WithoutSelfMetrics(),
	)
	server := httptest.NewServer(handler)
	defer server.Close()
	resp, err := http.Head(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Header.Get("Content-Type"))
	// Output: application/openmetrics-text; version=1.0.0; charset=utf-8
}

// Render serves frameworks that are not built on net/http.
func ExampleRender() {
	var page strings.Builder
	contentType, err := export.Render(&page, shop(), "text/plain;version=0.0.4;q=1,*/*;q=0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(contentType)
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, "orders_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// text/plain; version=0.0.4; charset=utf-8
	// orders_total{outcome="paid"} 12
	// orders_total{outcome="refused"} 1
}

// An Encoder of another package compresses the pages. Its Writer needs no adapter.
func ExampleWithEncoding() {
	handler := export.Handler(shop(), export.WithEncoding("deflate", func(w io.Writer) export.Encoder {
		return zlib.NewWriter(w)
	}))
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept-Encoding", "deflate, gzip")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	page, err := zlib.NewReader(w.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(page)
	fmt.Println(w.Header().Get("Content-Encoding"), strings.Contains(string(text), "orders_total"), err)
	// Output: deflate true <nil>
}

// Negotiate tells the format that a client prefers.
func ExampleNegotiate() {
	fmt.Println(export.Negotiate("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"))
	fmt.Println(export.Negotiate("text/html,*/*;q=0.8"))
	// Output:
	// openmetrics
	// text
}

// ContentType tells the content type before a page is written.
func ExampleContentType() {
	options := []export.Option{export.WithoutSelfMetrics(), export.WithScrapeTimeout(10 * time.Second)}
	handler := func(w http.ResponseWriter, r *http.Request) {
		reg, accept := shop(), strings.Join(r.Header.Values("Accept"), ",")
		w.Header().Set("Content-Type", export.ContentType(reg, accept, options...))
		if _, err := export.Render(w, reg, accept, options...); err != nil {
			panic(http.ErrAbortHandler) // a part of a page must not look like the whole
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
	w := httptest.NewRecorder()
	handler(w, r)
	fmt.Println(w.Header().Get("Content-Type"))
	fmt.Println(strings.HasSuffix(w.Body.String(), "# EOF\n"))
	// Output:
	// application/openmetrics-text; version=1.0.0; charset=utf-8
	// true
}

func ExampleService() {
	service := export.NewService(shop(), export.WithoutSelfMetrics())
	if err := service.Start("127.0.0.1:0"); err != nil { // port 0: the system chooses one
		fmt.Println(err)
		return
	}
	defer service.Shutdown(context.Background())

	fmt.Println(strings.HasPrefix(service.MetricsURL(), "http://127.0.0.1:"))
	show(service.MetricsURL() + "?name[]=carts")
	show(service.BaseURL() + "/healthz")

	// Output:
	// true
	// 200 OK text/plain; version=0.0.4; charset=utf-8
	// # HELP carts Open carts.
	// # TYPE carts gauge
	// carts 3
	// 200 OK text/plain; charset=utf-8
	// ok
}

// A service takes its own options and those of a handler.
func ExampleNewService() {
	service := export.NewService(shop(),
		export.WithPath("/internal/metrics"),
		export.WithWriteTimeout(5*time.Second),
	)
	if err := service.Start("localhost:0"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.HasSuffix(service.MetricsURL(), "/internal/metrics"))

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	fmt.Println(service.Shutdown(ctx))
	fmt.Printf("%q\n", service.MetricsURL())
	// Output:
	// true
	// <nil>
	// ""
}

func ExampleServiceOption() {
	options := []export.ServiceOption{export.WithPath("/m"), export.WithoutSelfMetrics()}
	service := export.NewService(shop(), options...)
	if err := service.Start("127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	defer service.Shutdown(context.Background())
	resp, err := http.Get(service.RootURL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	fmt.Println(strings.Contains(string(page), `<a href="/m">`))
	// Output: true
}

func ExampleErrStarted() {
	service := export.NewService(shop())
	fmt.Println(service.Start("127.0.0.1:0"))
	defer service.Shutdown(context.Background())
	fmt.Println(errors.Is(service.Start("127.0.0.1:0"), export.ErrStarted))
	// Output:
	// <nil>
	// true
}

func ExampleWithTLS() {
	lent := httptest.NewTLSServer(nil) // a program loads its certificate with tls.LoadX509KeyPair
	defer lent.Close()
	service := export.NewService(shop(), export.WithTLS(&tls.Config{Certificates: lent.TLS.Certificates}))
	if err := service.Start("127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	defer service.Shutdown(context.Background())
	fmt.Println(strings.HasPrefix(service.MetricsURL(), "https://127.0.0.1:"))
	// Output: true
}

func ExampleWithCreatedTimes() {
	reg := engine.NewRegistry(engine.WithClock(func() time.Time { return time.Unix(1_700_000_000, 0) }))
	jobs, err := reg.NewCounter("jobs_total", "Jobs done.")
	if err != nil {
		panic(err)
	}
	jobs.Inc()
	handler := export.Handler(reg, export.WithCreatedTimes(), export.WithFormats(encode.OpenMetrics),
		export.WithoutSelfMetrics())
	server := httptest.NewServer(handler)
	defer server.Close()
	show(server.URL)
	// Output:
	// 200 OK application/openmetrics-text; version=1.0.0; charset=utf-8
	// # HELP jobs Jobs done.
	// # TYPE jobs counter
	// jobs_total 1
	// jobs_created 1700000000
	// # EOF
}
