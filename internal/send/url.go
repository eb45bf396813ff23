// SPDX-License-Identifier: Apache-2.0

package send

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ParseURL parses the URL of a server. Its errors do not show credentials.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil && strings.Contains(raw, "@"):
		// The error of the parser quotes a part of the URL, which may belong to the password.
		return nil, errors.New("the URL cannot be parsed (not shown, it may hold a password): " +
			"percent-encode the user name and the password")
	case err != nil:
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("the URL cannot be parsed: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the URL must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("the URL has no host")
	case u.Fragment != "":
		return nil, errors.New("the URL has a fragment (#...), which no server sees")
	}
	return u, nil
}

// shown returns a URL without the parts that may be secret: user, password and query.
func shown(u *url.URL) string {
	v := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return v.String()
}
