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
	url, job, instance     string
	tenant, user, password string
	every                  time.Duration
}

// errUsage reports flags that cannot be parsed. Package flag has printed the reason.
var errUsage = errors.New("wrong usage")

// parse returns flag.ErrHelp if the arguments ask for help. The password is not a flag, because
// everybody on the machine can read the flags of a process.
func parse(args []string, getenv func(string) string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("remote", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.url, "url", "http://127.0.0.1:9090/api/v1/write", "`URL` of the receiver")
	flags.StringVar(&c.job, "job", "shop", "`value` of the label job")
	flags.StringVar(&c.instance, "instance", "shop-1", "`value` of the label instance")
	flags.StringVar(&c.tenant, "tenant", "", "`name` of the tenant, for receivers that have several")
	flags.StringVar(&c.user, "user", "", "`name` for basic auth; the password is in the variable REMOTE_PASSWORD")
	flags.DurationVar(&c.every, "every", 5*time.Second, "send again after this `time`, until Ctrl-C; 0 is once only")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, errUsage
	}
	c.password = getenv("REMOTE_PASSWORD")
	return c, nil
}
