// SPDX-License-Identifier: Apache-2.0

// Quipu reads a program's page of metrics, and generates from it a reference, a dashboard and
// rules, checks it, or shows how it changes:
//
//	quipu doc       http://127.0.0.1:8000/metrics   a Markdown reference
//	quipu lint      http://127.0.0.1:8000/metrics   problems to come; exit code 1 if there are any
//	quipu dashboard http://127.0.0.1:8000/metrics   a dashboard for Grafana, as JSON
//	quipu rules     -slo 'http_request_duration_seconds<0.3:99.9' http://127.0.0.1:8000/metrics
//	quipu top       http://127.0.0.1:8000/metrics   rates and quantiles, as they change
//
// In place of the URL there may be a file, or - for the standard input. The page may be that of any
// program, in text format or OpenMetrics. A URL may have a user name and a password, which no error
// shows. Package metricdoc does the same in a program and in its tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/metricdoc"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal is not caught and ends the process at once
	p := &program{ctx: ctx, in: os.Stdin, out: os.Stdout, errors: os.Stderr, terminal: findTerminal}
	switch err := p.run(os.Args[1:]); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // the reason is printed
	case errors.Is(err, errFindings):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "quipu:", printable(strings.TrimPrefix(err.Error(), "quipu: ")))
		os.Exit(1)
	}
}

// errUsage reports a command line that cannot be used. The reason has been printed.
var errUsage = errors.New("wrong usage")

// errFindings reports that lint has found something, which has been printed.
var errFindings = errors.New("there are findings")

// program is a run of the program. Tests have runs of their own.
type program struct {
	ctx         context.Context
	in          io.Reader
	out, errors io.Writer
	terminal    func() terminal // nil if there is none

	flags   *flag.FlagSet
	self    bool
	timeout time.Duration
	where   string // of the page
}

// command is one of the subcommands.
type command struct {
	name, about string
	define      func(p *program) (run func() error) // defines its flags
}

func commands() []command {
	return []command{
		{"doc", "a Markdown reference of the metrics", (*program).doc},
		{"lint", "problems that the metrics will cause; the exit code is 1 if there are any", (*program).lint},
		{"dashboard", "a dashboard for Grafana, as JSON", (*program).dashboard},
		{"rules", "recording rules, and alerts for objectives, as YAML", (*program).rules},
		{"top", "rates and quantiles as they change; keys: q quit, s sort, / filter", (*program).top},
	}
}

func (p *program) usage() {
	fmt.Fprintln(p.errors, "usage: quipu COMMAND [FLAGS] URL|FILE|-\n\n"+
		"The page of metrics is in text format or OpenMetrics.")
	for _, c := range commands() {
		fmt.Fprintf(p.errors, "  %-10s %s\n", c.name, c.about)
	}
}

// run runs the command of the arguments.
func (p *program) run(args []string) error {
	if len(args) == 0 {
		p.usage()
		return errUsage
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		p.flags = flag.NewFlagSet("quipu "+c.name, flag.ContinueOnError)
		p.flags.SetOutput(p.errors)
		p.flags.Usage = func() {
			fmt.Fprintf(p.errors, "usage: quipu %s [FLAGS] URL|FILE|-\n\n%s\n", c.name, c.about)
			p.flags.PrintDefaults()
		}
		p.flags.BoolVar(&p.self, "self", false, "with the metrics that quipu has about itself, quipu_...")
		p.flags.DurationVar(&p.timeout, "timeout", 10*time.Second, "`time` to read the page")
		run := c.define(p)
		if err := p.flags.Parse(args[1:]); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return errUsage
		}
		if p.flags.NArg() != 1 || p.timeout <= 0 {
			fmt.Fprintf(p.errors, "quipu %s: one URL, file or - is needed after the flags, "+
				"and a timeout above 0\n", c.name)
			p.flags.Usage()
			return errUsage
		}
		p.where = p.flags.Arg(0)
		return run()
	}
	if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help" {
		p.usage()
		return flag.ErrHelp
	}
	fmt.Fprintf(p.errors, "quipu: there is no command %q\n", args[0])
	p.usage()
	return errUsage
}

// printable returns a text in which no character controls a terminal. Names and units of a page may
// have such characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// metrics reads the page.
func (p *program) metrics() (*metricdoc.Metrics, error) {
	page, err := readPage(p.ctx, p.where, p.timeout, p.in)
	if err != nil {
		return nil, err
	}
	m, err := metricdoc.Parse(page)
	if err != nil {
		return nil, err
	}
	if !p.self {
		m = m.Without("quipu_")
	}
	return m, nil
}

func (p *program) print(text string) error {
	_, err := io.WriteString(p.out, text)
	return err
}

func (p *program) doc() func() error {
	return func() error {
		m, err := p.metrics()
		if err != nil {
			return err
		}
		return p.print(m.Markdown())
	}
}

func (p *program) lint() func() error {
	var except string
	p.flags.StringVar(&except, "except", "", "`rules` to leave out, with commas between them")
	return func() error {
		p.self = true // they tell what was dropped
		m, err := p.metrics()
		if err != nil {
			return err
		}
		found := false
		for _, problem := range m.Lint() {
			if !contains(except, problem.Rule) {
				found = true
				if err := p.print(printable(problem.String()) + "\n"); err != nil {
					return err
				}
			}
		}
		if found {
			return errFindings
		}
		return nil
	}
}

// contains reports whether a list with commas has a word.
func contains(list, word string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(one) == word {
			return true
		}
	}
	return false
}

func (p *program) dashboard() func() error {
	var title string
	p.flags.StringVar(&title, "title", "Metrics", "`title` of the dashboard, which also decides its uid")
	return func() error {
		m, err := p.metrics()
		if err != nil {
			return err
		}
		return p.print(string(m.Dashboard(title)))
	}
}

func (p *program) rules() func() error {
	var objectives []metricdoc.Objective
	p.flags.Func("slo", "`objective`, such as 'http_request_duration_seconds<0.3:99.9' or\n"+
		"'http_requests_total{code=~\"5..\"}/http_requests_total:99.9'; may be given several times",
		func(text string) error {
			o, err := metricdoc.ParseObjective(text)
			objectives = append(objectives, o)
			return err
		})
	return func() error {
		m, err := p.metrics()
		if err != nil {
			return err
		}
		rules, warnings, err := m.Rules(objectives...)
		for _, warning := range warnings {
			fmt.Fprintln(p.errors, "quipu: warning:", printable(warning))
		}
		if err != nil {
			return err
		}
		return p.print(string(rules))
	}
}
