// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/internal/send"
)

// maxPage bounds a page. A million series are about 100 MB.
const maxPage = 256 << 20

var errTooLarge = fmt.Errorf("the page is larger than %d MiB", maxPage>>20)

// accept asks for OpenMetrics, which has units and more types, or else for text.
const accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

// readPage reads a page from a URL, a file, or the standard input.
func readPage(ctx context.Context, where string, timeout time.Duration, in io.Reader) (string, error) {
	switch {
	case where == "-":
		return readAll(in)
	case strings.Contains(where, "://"):
		return fetch(ctx, where, timeout)
	}
	file, err := os.Open(where)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return readAll(file)
}

func readAll(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxPage+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxPage {
		return "", errTooLarge
	}
	return string(text), nil
}

// fetch gets a page over HTTP. Package send keeps the password of the URL out of its errors.
func fetch(ctx context.Context, raw string, timeout time.Duration) (page string, err error) {
	u, err := send.ParseURL(raw)
	if err != nil {
		return "", err
	}
	var settings send.Settings
	if err := settings.SetTimeout(timeout); err != nil {
		return "", err
	}
	sender, err := send.New(send.Words{Package: "page", Act: "a read", Acting: "reading"}, u, &settings)
	if err != nil {
		return "", err
	}
	err = sender.InTurn(ctx, http.MethodGet, func(ctx context.Context) error {
		answer, err := sender.Send(ctx, send.Request{
			Method: http.MethodGet, Header: http.Header{"Accept": {accept}}, Most: maxPage,
		})
		switch {
		case err != nil:
			return err
		case answer.Whole:
			page = string(answer.Body)
			return nil
		case len(answer.Body) >= maxPage:
			return errTooLarge
		case ctx.Err() != nil:
			return fmt.Errorf("the page of %s did not end within %v", sender, timeout)
		}
		return errors.New("the page broke off")
	})
	return page, err
}
