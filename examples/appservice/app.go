// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

// exampleApp has its own registry and uses no globals, so a test can create several applications.
type exampleApp struct {
	registry *engine.Registry
	cpu      cpuMeter

	requests *engine.CounterVec
	memory   *engine.GaugeVec
	cpuUsage *engine.GaugeVec
	payload  *engine.SummaryVec
	latency  *engine.HistogramVec
}

func newExampleApp() (*exampleApp, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	// All metrics of the registry have these labels.
	reg := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"host": host, "app": "ExampleApp"}))
	a := &exampleApp{registry: reg}

	var errs [5]error
	a.requests, errs[0] = reg.NewCounterVec("requests_total", "Requests.", []string{"path"})
	a.memory, errs[1] = reg.NewGaugeVec("memory_usage_bytes", "Memory in use.", []string{"type"})
	a.cpuUsage, errs[2] = reg.NewGaugeVec("cpu_usage_percent", "CPU usage, per core.", []string{"core"})
	a.payload, errs[3] = reg.NewSummaryVec("request_payload_size_bytes", "Payload size of requests.", []string{"path"},
		engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.99: 0.001}))
	a.latency, errs[4] = reg.NewHistogramVec("request_latency_seconds", "Latency of requests.", []string{"path"},
		engine.WithBuckets(0.1, 0.5, 1, 5))
	return a, errors.Join(errs[:]...)
}

// work updates all metrics once a second. A real application updates them where the events happen.
func (a *exampleApp) work(ctx context.Context) {
	if err := a.readMachine(); err != nil {
		log.Print("no metrics of the machine, because this system has no /proc: ", err)
	}
	for {
		a.simulateRequest()
		if !run.Pause(ctx, time.Second) {
			return
		}
		_ = a.readMachine() // the error has been logged
	}
}

// readMachine updates the metrics of the machine.
func (a *exampleApp) readMachine() error {
	used, err := readMemory()
	if err != nil {
		return err
	}
	a.memory.With("virtual").Set(used.virtual)
	a.memory.With("swap").Set(used.swap)

	percent, err := a.cpu.read()
	if err != nil {
		return err
	}
	for core, p := range percent {
		a.cpuUsage.With(strconv.Itoa(core)).Set(p)
	}
	return nil
}

// simulateRequest updates the metrics as the handler of a request would.
func (a *exampleApp) simulateRequest() {
	a.requests.With("/").Inc()
	a.payload.With("/data").Observe(rand.Float64() * 1024)
	a.latency.With("/data").Observe(rand.Float64() * 5)
}
