// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
	"time"
)

// config has the values of the flags.
type config struct {
	url, service, instance string
	every                  time.Duration
	delta                  bool
}

// errUsage reports flags that cannot be parsed. Package flag has printed the reason.
var errUsage = errors.New("wrong usage")

// parse returns flag.ErrHelp if the arguments ask for help.
func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("otlp", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.url, "url", "http://127.0.0.1:4318", "`URL` of the receiver")
	flags.StringVar(&c.service, "service", "shop", "`name` of the service")
	flags.StringVar(&c.instance, "instance", "shop-1", "`id` of this process of the service")
	flags.DurationVar(&c.every, "every", 5*time.Second, "send again after this `time`, until Ctrl-C; 0 is once only")
	flags.BoolVar(&c.delta, "delta", false, "send differences")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, errUsage
	}
	return c, nil
}
