// SPDX-License-Identifier: Apache-2.0

// Package sending starts and stops the example programs that send their metrics. Nobody scrapes
// these, so they do not use package run.
package sending

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// ErrUsage reports flags that cannot be parsed. Package flag has printed the reason.
var ErrUsage = errors.New("wrong usage")

// Program calls run with the arguments of the process, and with a context that ends on Ctrl-C. It
// ends the process with the status that the error asks for.
func Program(run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal is not caught and ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, ErrUsage) && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	}
	os.Exit(status(err))
}

// status returns the status of a process whose run ended with this error.
func status(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, ErrUsage):
		return 2
	}
	return 1
}

// Parse parses the arguments. It returns flag.ErrHelp if they ask for help.
func Parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	flags.SetOutput(stderr)
	err := flags.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return ErrUsage
	}
	return err
}

// Until works until ctx ends, while send, which is a method Run, sends on another goroutine. It
// stops send after the last piece of work, and send then sends the last values.
func Until(ctx context.Context, send func(context.Context, time.Duration) error, every time.Duration,
	work func()) error {
	sending, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- send(sending, every) }()
	for ctx.Err() == nil {
		work()
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	stop()
	if err := <-ended; err != nil {
		return fmt.Errorf("the last values have not arrived: %w", err)
	}
	return nil
}
