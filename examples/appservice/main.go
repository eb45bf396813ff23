// SPDX-License-Identifier: Apache-2.0

// Appservice is an application that runs for a long time, is not a web server, and has metrics of all four types: the
// machine's memory and CPU, and requests that it makes up once a second.
//
//	$ go run ./examples/appservice
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
// File app.go has the metrics, machine.go reads /proc.
package main

import (
	"log"

	"github.com/quipu-metrics/quipu/examples/internal/run"
)

func main() {
	app, err := newExampleApp()
	if err != nil {
		log.Fatal(err)
	}
	run.Work(app.registry, app.work)
}
