// SPDX-License-Identifier: Apache-2.0

// Quipu-migrate moves a module from client_golang to quipu: see README.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/cmd/quipu-migrate/internal/migrate"
)

// Exit codes.
const (
	ok      = 0
	refused = 1 // or failed
	misused = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var opts migrate.Options
	flags := flag.NewFlagSet("quipu-migrate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.Stage, "stage", "import", "import: change import paths; native: use quipu's own API")
	flags.StringVar(&opts.Replace, "replace", "", "add replace directives for quipu's tree in this `folder`")
	flags.StringVar(&opts.Version, "version", "latest", "the `version` of quipu, without -replace")
	flags.StringVar(&opts.Tags, "tags", "", "build `tags`, separated by commas")
	flags.BoolVar(&opts.Diff, "diff", false, "print a diff instead of a summary")
	flags.BoolVar(&opts.Write, "write", false, "write the changes")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: quipu-migrate [flags] folder")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return ok
		}
		return misused
	}
	if flags.NArg() != 1 || opts.Stage != "import" && opts.Stage != "native" || opts.Diff && opts.Write {
		flags.Usage()
		return misused
	}
	opts.Dir = flags.Arg(0)
	if err := migrate.Run(stdout, opts); err != nil {
		fmt.Fprintln(stderr, "quipu-migrate:", err)
		return refused
	}
	return ok
}
