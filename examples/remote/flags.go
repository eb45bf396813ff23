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
	url, job, instance     string
	tenant, user, password string
	every                  time.Duration
}

// parse returns flag.ErrHelp if the arguments ask for help. The password is not a flag, because
// everybody on the machine can read the flags of a process.
func parse(args []string, getenv func(string) string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("remote", flag.ContinueOnError)
	flags.StringVar(&c.url, "url", "http://127.0.0.1:9090/api/v1/write", "`URL` of the receiver")
	flags.StringVar(&c.job, "job", "shop", "`value` of the label job")
	flags.StringVar(&c.instance, "instance", "shop-1", "`value` of the label instance")
	flags.StringVar(&c.tenant, "tenant", "", "`name` of the tenant, for receivers that have several")
	flags.StringVar(&c.user, "user", "", "`name` for basic auth; the password is in the variable REMOTE_PASSWORD")
	flags.DurationVar(&c.every, "every", 5*time.Second, "send again after this `time`, until Ctrl-C; 0 is once only")
	if err := sending.Parse(flags, args, stderr); err != nil {
		return c, err
	}
	c.password = getenv("REMOTE_PASSWORD")
	return c, nil
}
