// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"log/slog"

	"github.com/quipu-metrics/quipu/engine"
)

func ExampleWithLabelLimit() {
	r := engine.NewRegistry()
	requests, _ := r.NewCounterVec("requests_total", "", []string{"tenant", "user"}, engine.WithLabelLimit("user", 2))
	for i := range 4 {
		requests.With("acme", fmt.Sprint("u", i)).Inc()
	}
	requests.With("umbrella", "u0").Inc()
	requests.With("umbrella", "u9").Inc()
	show(r)
	// Output:
	// # TYPE requests_total counter
	// requests_total{tenant="acme",user="u0"} 1
	// requests_total{tenant="acme",user="u1"} 1
	// requests_total{tenant="acme",user="__overflow__"} 2
	// requests_total{tenant="umbrella",user="u0"} 1
	// requests_total{tenant="umbrella",user="__overflow__"} 1
}

func ExampleWithSeriesBudget() {
	r := engine.NewRegistry(engine.WithSeriesBudget(3))
	logins, _ := r.NewCounterVec("logins_total", "", []string{"user"})
	pages, _ := r.NewCounterVec("pages_total", "", []string{"path"})
	logins.With("ada").Inc()
	logins.With("bob").Inc()
	for _, path := range []string{"/", "/a", "/b"} {
		pages.With(path).Inc()
	}
	show(r)
	// Output:
	// # TYPE logins_total counter
	// logins_total{user="ada"} 1
	// logins_total{user="bob"} 1
	// # TYPE pages_total counter
	// pages_total{path="/"} 1
	// pages_total{path="__overflow__"} 2
}

func ExampleWithMaxLabelValue() {
	r := engine.NewRegistry(engine.WithMaxLabelValue(16))
	visits, _ := r.NewCounterVec("visits_total", "", []string{"page"})
	visits.With("/a/very/long/path/to/a/page").Inc()
	show(r)
	// Output:
	// # TYPE visits_total counter
	// visits_total{page="/a/very/long/pat"} 1
}

func ExampleCounterVec_Curry() {
	r := engine.NewRegistry()
	requests, _ := r.NewCounterVec("requests_total", "", []string{"tenant", "method", "code"})
	acme := requests.Curry(engine.Labels{"tenant": "acme"}) // keep it where the tenant is known
	acme.With("GET", "200").Inc()
	acme.With("PUT", "500").Inc()
	requests.With("umbrella", "GET", "200").Inc()
	fmt.Println(acme.DeleteWhere(engine.Labels{"method": "PUT"}), "deleted")
	show(r)
	// Output:
	// 1 deleted
	// # TYPE requests_total counter
	// requests_total{tenant="acme",method="GET",code="200"} 1
	// requests_total{tenant="umbrella",method="GET",code="200"} 1
}

func ExampleCounterVec_DeleteWhere() {
	r := engine.NewRegistry()
	requests, _ := r.NewCounterVec("requests_total", "", []string{"tenant", "user"})
	requests.With("acme", "ada").Inc()
	requests.With("acme", "bob").Inc()
	requests.With("umbrella", "ada").Inc()
	fmt.Println(requests.DeleteWhere(engine.Labels{"tenant": "acme"}), "deleted")
	fmt.Println(requests.DeleteWhere(nil), "deleted")
	// Output:
	// 2 deleted
	// 1 deleted
}

func ExampleCounterOf_DeleteWhere() {
	type route struct{ Method, Code string }
	r := engine.NewRegistry()
	requests, _ := engine.RegisterCounterOf[route](r, "requests_total", "")
	requests.With(route{"GET", "200"}).Inc()
	requests.With(route{"GET", "500"}).Inc()
	requests.With(route{"PUT", "200"}).Inc()
	fmt.Println(requests.DeleteWhere(engine.Labels{"method": "GET"}), "deleted")
	// Output:
	// 2 deleted
}

func ExampleWithOverflowLabel() {
	r := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)))
	jobs, _ := r.NewCounterVec("jobs_total", "", nil,
		engine.WithMaxSeries(1), engine.WithOverflowLabel("others", "true"))
	for _, queue := range []string{"mail", "print", "fax"} {
		jobs.WithLabels(engine.Labels{"queue": queue}).Inc()
	}
	show(r)
	// Output:
	// # TYPE jobs_total counter
	// jobs_total{queue="mail"} 1
	// jobs_total{others="true"} 2
}
