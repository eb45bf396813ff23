// SPDX-License-Identifier: Apache-2.0

package send

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestSettingsThatCannotWorkAreErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		server string
		opts   []option
		want   string
	}{
		"no client": {"http://gw", []option{withClient(nil)},
			"WithClient(nil): a client is needed"},
		"no logger": {"http://gw", []option{withLogger(nil)},
			"WithLogger(nil): a logger is needed"},
		"no time": {"http://gw", []option{withTimeout(0)},
			"WithTimeout(0s): it must be positive"},
		"negative time": {"http://gw", []option{withTimeout(-time.Second)},
			"WithTimeout(-1s): it must be positive"},
		"no token": {"http://gw", []option{withHeader("X Y", "")},
			`WithHeader("X Y"): not a header name`},
		"other script": {"http://gw", []option{withHeader("X-é", "")},
			`WithHeader("X-é"): not a header name`},
		"empty name": {"http://gw", []option{withHeader("", "")},
			`WithHeader(""): not a header name`},
		"injection": {"http://gw", []option{withHeader("X", "a\r\nY: b")},
			`WithHeader("X"): the value has control characters`},
		"delete character": {"http://gw", []option{withHeader("X", "\x7f")},
			`WithHeader("X"): the value has control characters`},
		"type": {"http://gw", []option{withHeader("content-type", "x")},
			`WithHeader("content-type"): each request sets it`},
		"length": {"http://gw", []option{withHeader("Content-Length", "1")},
			`WithHeader("Content-Length"): each request sets it`},
		"encoding": {"http://gw", []option{withHeader("Content-Encoding", "x")},
			`WithHeader("Content-Encoding"): each request sets it`},
		"language": {"http://gw", []option{withHeader("content-language", "x")},
			`WithHeader("content-language"): each request sets it`},
		"transfer": {"http://gw", []option{withHeader("Transfer-Encoding", "x")},
			`WithHeader("Transfer-Encoding"): each request sets it`},
		"colon": {"http://gw", []option{withBasicAuth("a:b", "")},
			"basic auth: a user name with a colon cannot be sent"},
		"colon in the URL": {"http://a%3Ab:c@gw", nil, "basic auth: a user name with a colon cannot be sent"},
		"two authorizations": {"http://gw", []option{withHeader("authorization", "c"), withBasicAuth("a", "b")},
			exclude},
		"and one in the URL": {"http://a:b@gw", []option{withHeader("authorization", "c")}, exclude},
		"and one that is bad": {"http://a%3Ab@gw", []option{withBasicAuth("a", ""), withHeader("authorization", "c")},
			exclude},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSender(tc.server, tc.opts...)
			require.EqualError(t, err, tc.want)
			require.Nil(t, s)
		})
	}
}

func TestAPackageReservesTheHeadersOfItsRequests(t *testing.T) {
	var s Settings
	require.EqualError(t, s.AddHeader("x-version", "2", "X-Version"), `WithHeader("x-version"): each request sets it`)
	require.NoError(t, s.AddHeader("x-version-of-ours", "2", "X-Version"))
	require.NoError(t, s.AddHeader("x-version", "2"))
}

const exclude = `basic auth and WithHeader("Authorization") exclude each other`

func TestHeadersAndCredentialsAreSent(t *testing.T) {
	basic := func(user, password string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for name, tc := range map[string]struct {
		user *url.Userinfo
		opts []option
		want string
	}{
		"none":       {nil, nil, ""},
		"in the URL": {url.UserPassword("me", "p@ss/w:rd"), nil, basic("me", "p@ss/w:rd")},
		"user only":  {url.User("me"), nil, basic("me", "")},
		"option":     {nil, []option{withBasicAuth("me", "pw")}, basic("me", "pw")},
		"option before the URL": {url.UserPassword("me", "old"), []option{withBasicAuth("me", "new")},
			basic("me", "new")},
		"token": {nil, []option{withHeader("authorization", "Bearer t0ken")}, "Bearer t0ken"},
	} {
		t.Run(name, func(t *testing.T) {
			g := testkit.NewRecorder(t, nil)
			u, err := url.Parse(g.URL)
			require.NoError(t, err)
			u.User = tc.user
			opts := append(tc.opts, withHeader("X-Tenant", "7"), withHeader("x-tenant", "8"),
				withHeader("Host", "gw.example"), withHeader("X-Tab", "a\tb"))
			s := newSenderFor(t, u.String(), opts...)
			require.NoError(t, put(t.Context(), s))
			got := g.One(t)
			require.Equal(t, tc.want, got.Header.Get("Authorization"))
			require.Equal(t, []string{"7", "8"}, got.Header["X-Tenant"])
			require.Equal(t, "a\tb", got.Header.Get("X-Tab"))
			require.Equal(t, "gw.example", got.Host)
			require.Equal(t, "quipu", got.Header.Get("User-Agent"))
			require.Equal(t, g.URL+"/write", s.String())
		})
	}
}

func TestTheUserAgentMayBeAnother(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	require.NoError(t, put(t.Context(), newSenderFor(t, g.URL, withHeader("user-agent", "shop/1"))))
	require.Equal(t, []string{"shop/1"}, g.One(t).Header["User-Agent"])
}
