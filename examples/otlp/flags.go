// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"time"

	"github.com/quipu-metrics/quipu/examples/internal/sending"
)

// config has the values of the flags.
type config struct {
	url, service, instance string
	every                  time.Duration
	delta                  bool
}

// parse returns flag.ErrHelp if the arguments ask for help.
func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("otlp", flag.ContinueOnError)
	flags.StringVar(&c.url, "url", "http://127.0.0.1:4318", "`URL` of the receiver")
	flags.StringVar(&c.service, "service", "shop", "`name` of the service")
	flags.StringVar(&c.instance, "instance", "shop-1", "`id` of this process of the service")
	flags.DurationVar(&c.every, "every", 5*time.Second, "send again after this `time`, until Ctrl-C; 0 is once only")
	flags.BoolVar(&c.delta, "delta", false, "send differences")
	return c, sending.Parse(flags, args, stderr)
}
