// SPDX-License-Identifier: Apache-2.0

// Appservice is an application that runs for a long time, is not a web server, and has metrics of all four types: the
// machine's memory and CPU, and requests that it makes up once a second.
//
//	$ go run ./examples/appservice
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
// app.go has the metrics, machine.go reads /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to serve the metrics on; with port 0 the system chooses one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *addr)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string) error {
	app, err := newExampleApp()
	if err != nil {
		return err
	}
	if err := app.start(addr); err != nil {
		return err
	}
	fmt.Println("Serving metrics on:", app.service.MetricsURL())
	app.work(ctx)
	return app.stop()
}
