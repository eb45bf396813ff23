// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// Pusher pushes the metrics of a registry to one group of one server. Its methods may be called
// concurrently. One request is in flight at a time, and the others wait for it.
type Pusher struct {
	reg    *engine.Registry
	custom bool    // the URL is not that of a Pushgateway's group
	labels []label // the job and the grouping labels
	format encode.Format
	shown  string // the URL without secrets
	sender *send.Sender

	size int // of the latest page, guarded by the sender's turn
}

// New returns a Pusher for a job at a server such as http://gateway:9091. The URL may have a path,
// for gateways behind a prefix. A user name and a password in the URL are sent as basic auth. New
// sends nothing and starts no goroutine. It returns an error if the URL, the job or an option
// cannot work.
func New(serverURL, job string, opts ...Option) (*Pusher, error) {
	p, err := newPusher(serverURL, job, opts)
	if err != nil {
		return nil, fmt.Errorf("quipu: push: %w", err)
	}
	return p, nil
}

func newPusher(serverURL, job string, opts []Option) (*Pusher, error) {
	server, err := send.ParseURL(serverURL)
	if err != nil {
		return nil, err
	}
	c := &config{reg: engine.Default()}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d of %d is nil", i+1, len(opts))
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if err := c.check(server, job); err != nil {
		return nil, err
	}
	labels := sorted(job, c.grouping)
	u, err := target(server, c, labels)
	if err != nil {
		return nil, err
	}
	sender, err := send.New(send.Words{Package: "push", Act: "push", Acting: "pushing"}, u, &c.settings)
	if err != nil {
		return nil, err
	}
	return &Pusher{
		reg: c.reg, custom: c.path != "", labels: labels, format: c.format, shown: sender.String(), sender: sender,
	}, nil
}

func (c *config) check(server *url.URL, job string) error {
	if job == "" {
		return errors.New("the job is empty: name it for what this process does")
	}
	if err := checkValue("the job", job); err != nil {
		return err
	}
	if err := c.settings.Check(server); err != nil {
		return err
	}
	if c.path != "" && c.format != encode.Text {
		return errors.New("WithPath and WithFormat exclude each other: import paths read text, " +
			"and drop the rest without an error")
	}
	return nil
}

// Add pushes with POST. The pushed metrics replace those metrics of the group that have the same
// names; the others stay.
func (p *Pusher) Add(ctx context.Context) error { return p.push(ctx, http.MethodPost) }

// Replace pushes with PUT. The pushed metrics replace all metrics of the group.
func (p *Pusher) Replace(ctx context.Context) error { return p.push(ctx, http.MethodPut) }

// Delete deletes the group with all its metrics, those of other pushers included. It is not an
// error if the group does not exist, but always one with [WithPath]. A Pushgateway answers first
// and deletes a moment later, but before it processes later pushes.
func (p *Pusher) Delete(ctx context.Context) error {
	if p.custom {
		return errors.New("quipu: push: Delete: there are no groups at a server that WithPath names")
	}
	return p.push(ctx, http.MethodDelete)
}

// push waits for its turn and makes one request.
func (p *Pusher) push(ctx context.Context, method string) error {
	return p.sender.InTurn(ctx, method, func(ctx context.Context) error {
		request := send.Request{Method: method}
		left := leftOut{}
		if method != http.MethodDelete {
			page, err := p.render(ctx, left)
			if err != nil {
				return err
			}
			request.Header = http.Header{"Content-Type": {p.format.ContentType()}}
			request.Body = page
		}
		if _, err := p.sender.Send(ctx, request); err != nil {
			return err
		}
		return left.err()
	})
}

// escaping is that of all pages. Pushgateways refuse other names unless they are told to accept
// them, and the URL of a group cannot have them otherwise.
const escaping = encode.UnderscoresEscaping

// render returns the page to push. The transport may still read the body after it has returned the
// answer, so every page is allocated anew. The size of the latest page is the estimate for the
// allocation. left gets the metrics that the page lacks because of its escaped names.
func (p *Pusher) render(ctx context.Context, left leftOut) ([]byte, error) {
	if err := checkDeclared(p.reg, p.labels); err != nil {
		return nil, err
	}
	body := bytes.NewBuffer(make([]byte, 0, p.size+p.size/16)) // an empty page is a body too
	exposition := engine.Exposition{
		Format: p.format, Escaping: escaping, NoSelf: true, WholeFamilies: true, Context: ctx,
		LeftOut: func(metric string) { left[metric] = true },
	}
	// Slow functions must leave time to send the page. Without a Deadline the engine waits for up
	// to two seconds.
	if until := send.GatherUntil(ctx); time.Until(until) < 2*time.Second {
		exposition.Deadline = until
	}
	if _, err := p.reg.Expose(body, exposition); err != nil {
		return nil, fmt.Errorf("quipu: push: the page was not finished: %w", err)
	}
	p.size = body.Len()
	if p.format == encode.Text {
		if err := checkPage(body.Bytes(), p.labels); err != nil {
			return nil, err
		}
	}
	return body.Bytes(), nil
}

// String returns the URL to which a Pusher pushes, without user, password and query.
func (p *Pusher) String() string { return "push to " + p.shown }

// LogValue returns the value of [Pusher.String] for log/slog.
func (p *Pusher) LogValue() slog.Value { return slog.StringValue(p.String()) }
