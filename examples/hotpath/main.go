// SPDX-License-Identifier: Apache-2.0

// Hotpath is a small HTTP service with metrics. It analyses texts, keeps values under keys,
// computes checksums, compresses, and reads orders from a backend that sometimes fails. It serves
// its API, /metrics and a live page on one port and, unless -load=false is given, sends itself
// requests over HTTP.
//
//	go run ./examples/hotpath
//	curl -d '{"text": "so much depends upon"}' http://127.0.0.1:8000/analyze
//	curl http://127.0.0.1:8000/metrics
//
// Read metrics.go first, which defines and updates the metrics, then service.go, which serves them.
// api.go and store.go are the service without metrics. The package load is the client.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/examples/hotpath/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal is not caught and ends the process at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // package flag has printed the reason
	default:
		fmt.Fprintln(os.Stderr, "hotpath:", err)
		os.Exit(1)
	}
}

// errUsage reports flags that cannot be used. Package flag or parse has printed the reason.
var errUsage = errors.New("wrong usage")

// config has the values of the flags.
type config struct {
	addr     string
	duration time.Duration
	load     bool
	loadFor  time.Duration
	rate     float64
	workers  int
	ledger   string
}

func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("hotpath", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8000", "`address` to listen on; with port 0 the system chooses one")
	flags.DurationVar(&c.duration, "for", 0, "stop after this `time`; 0 is not before Ctrl-C")
	flags.BoolVar(&c.load, "load", true, "put load on the service")
	flags.DurationVar(&c.loadFor, "load-for", 0, "stop the load, not the service, after this `time`; 0 is never")
	flags.Float64Var(&c.rate, "rate", 2000, "`requests` per second of the load; 0 is as many as possible")
	flags.IntVar(&c.workers, "workers", 4, "`number` of connections of the load")
	flags.StringVar(&c.ledger, "ledger", "", "`file` for what the load has sent and got, as JSON, when it has ended")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, errUsage
	}
	if flags.NArg() > 0 || c.workers < 1 || !(c.rate >= 0) || c.duration < 0 || c.loadFor < 0 {
		fmt.Fprintln(stderr, "hotpath: no arguments, at least one worker, and nothing negative, please")
		flags.Usage()
		return c, errUsage
	}
	return c, nil
}

// run is the program. Tests call it too. It serves until ctx is done or the time given by -for is
// over.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return fmt.Errorf("cannot serve on %s: %w (choose another address with -addr; port 0 lets the system choose)",
			c.addr, err)
	}
	if c.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.duration)
		defer cancel()
	}
	announce(stdout, url(listener), c)

	s := newService()
	started := time.Now()
	// The server outlives the load, which waits for its last answer.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	served := make(chan error, 1)
	loading, stopLoading := context.WithCancel(ctx)
	defer stopLoading()
	go func() {
		served <- s.serve(serving, listener)
		stopLoading()
	}()

	var ledger *load.Ledger
	if c.load {
		ledger = load.Run(loading, load.Config{
			URL: url(listener), Workers: c.workers, Rate: c.rate, Duration: c.loadFor,
		})
		err = writeLedger(c.ledger, ledger)
	}
	if err == nil {
		<-loading.Done()
	}
	stopServing()
	err = errors.Join(err, <-served)
	report(stdout, s, ledger, time.Since(started))
	return err
}

// writeLedger writes the ledger to a temporary file and renames it, so that nobody reads half of
// it.
func writeLedger(name string, ledger *load.Ledger) error {
	if name == "" {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("cannot write the ledger: %w", err)
	}
	_, err = ledger.WriteTo(file)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write the ledger: %w", err), os.Remove(file.Name()))
	}
	return nil
}
