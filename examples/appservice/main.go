// SPDX-License-Identifier: Apache-2.0

// Appservice is a long-running application that is not a web server. It has metrics of all four
// types: the memory and CPU usage of the machine, and simulated requests, one per second.
//
//	$ go run ./examples/appservice
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
// File app.go has the metrics; machine.go reads /proc.
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
