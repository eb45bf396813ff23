// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/examples/internal/sending"
)

// config has the values of the flags.
type config struct {
	url, job, instance, path string
	every                    time.Duration
	remove                   bool
}

// parse returns flag.ErrHelp if the arguments ask for help.
func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("pusher", flag.ContinueOnError)
	flags.StringVar(&c.url, "addr", "127.0.0.1:9091", "`address` of the server, or its URL")
	flags.StringVar(&c.job, "job", "my-job", "`name` of the job")
	flags.StringVar(&c.instance, "instance", "127.0.0.1:1234", "`value` of the grouping label instance")
	flags.StringVar(&c.path, "path", "", "push to this `path`, of a server that is no Pushgateway")
	flags.DurationVar(&c.every, "every", 0, "push again after this `time`, until Ctrl-C; 0 is once only")
	flags.BoolVar(&c.remove, "delete", false, "delete the group, push nothing")
	if err := sending.Parse(flags, args, stderr); err != nil {
		return c, err
	}
	if !strings.Contains(c.url, "://") {
		c.url = "http://" + c.url
	}
	return c, nil
}
