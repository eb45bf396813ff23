// SPDX-License-Identifier: Apache-2.0

package send

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// awkward is a password that every kind of escape changes.
const awkward = `s<3cr&t "p@ss\w0rd/é+%`

func TestNoFormOfASecretIsShownInAnError(t *testing.T) {
	jsonOf := func(s any) string { b, _ := json.Marshal(s); return string(b) }
	forms := map[string]func(user, pass string) string{
		"plain":                  func(u, p string) string { return u + ":" + p },
		"JSON":                   func(u, p string) string { return jsonOf(map[string]string{u: p}) },
		"JSON in JSON":           func(u, p string) string { return jsonOf(jsonOf(p)) },
		"HTML":                   func(u, p string) string { return html.EscapeString(p) },
		"numeric HTML":           func(u, p string) string { return numericHTML(p) },
		"HTML of JSON":           func(u, p string) string { return html.EscapeString(jsonOf(p)) },
		"quoted":                 func(u, p string) string { return strconv.Quote(p) },
		"quoted, ASCII":          func(u, p string) string { return strconv.QuoteToASCII(p) },
		"query":                  func(u, p string) string { return url.QueryEscape(p) },
		"path":                   func(u, p string) string { return url.PathEscape(p) },
		"query, lower case":      func(u, p string) string { return strings.ToLower(url.QueryEscape(p)) },
		"every byte in percents": func(u, p string) string { return everyByte("%%%02X", p) },
		"every byte in octal":    func(u, p string) string { return everyByte(`\%03o`, p) },
		"every byte in hex":      func(u, p string) string { return everyByte(`\x%02x`, p) },
		"every byte in UTF-16":   func(u, p string) string { return strings.Trim(strconv.QuoteToASCII(p), `"`) },
		"percents twice":         func(u, p string) string { return url.QueryEscape(url.QueryEscape(p)) },
		"hex":                    func(u, p string) string { return hex.EncodeToString([]byte(p)) },
		"bytes":                  func(u, p string) string { return fmt.Sprint([]byte(u + p)) },
		"Basic": func(u, p string) string {
			return base64.StdEncoding.EncodeToString([]byte(u + ":" + p))
		},
		"base64 of more": func(u, p string) string {
			return base64.StdEncoding.EncodeToString([]byte("x" + p + "yz"))
		},
		"base64 for URLs":   func(u, p string) string { return base64.RawURLEncoding.EncodeToString([]byte("ab" + p)) },
		"upper case":        func(u, p string) string { return strings.ToUpper(p) },
		"broken into lines": func(u, p string) string { return p[:5] + "\r\n " + p[5:] },
		"base64 in lines": func(u, p string) string {
			coded := base64.StdEncoding.EncodeToString([]byte(u + ":" + p))
			return coded[:10] + "\n" + coded[10:]
		},
		"its first two thirds": func(u, p string) string { return p[:len(p)*2/3] },
		"its last two thirds":  func(u, p string) string { return p[len(p)/3:] },
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
				user, pass, _ := r.BasicAuth()
				if pass == "" { // the token in place of the user is the secret
					user, pass = "me", user
				}
				if r.Header.Get("X-Place") == "location" {
					w.Header().Set("Location", "/"+url.PathEscape(form(user, pass)))
				}
				w.WriteHeader(http.StatusMovedPermanently)
				_, _ = fmt.Fprintf(w, "who is %s?", form(user, pass))
			})
			basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+awkward))
			for how, opts := range map[string][]option{
				"option": {withBasicAuth("me", awkward)},
				"header": {withHeader("Authorization", basic)}, // which the server decodes
				"token":  {withBasicAuth(awkwardUser, "")},
			} {
				for _, place := range []string{"body", "location"} {
					s := newSenderFor(t, g.URL, append(opts, withHeader("X-Place", place))...)
					err := put(t.Context(), s)
					require.Error(t, err)
					secret := awkward
					if how == "token" {
						secret = awkwardUser
					}
					require.Contains(t, err.Error(), ": 301 Moved Permanently")
					for _, f := range forms {
						require.NotContains(t, err.Error(), f("me", secret), how)
					}
				}
			}
		})
	}
}

const awkwardUser = `ghp_<0123456789>&"abcdef`

func numericHTML(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, "&#x%x;", r)
	}
	return b.String()
}

func everyByte(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func TestTokensInPlaceOfUserNamesAreNotShown(t *testing.T) {
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "%s may not", user)
	})
	for _, opt := range []option{withBasicAuth(token, ""), withBasicAuth(token, "x-oauth-basic"),
		withBasicAuth("t0k3n", "")} {
		err := put(t.Context(), newSenderFor(t, g.URL, opt))
		require.ErrorContains(t, err, `403 Forbidden: "*** may not"`)
	}
	err := put(t.Context(), newSenderFor(t, strings.Replace(g.URL, "://", "://"+token+"@", 1)))
	require.ErrorContains(t, err, `403 Forbidden: "*** may not"`)
}

func TestAnAnswerWithoutSecretsIsShownWhole(t *testing.T) {
	const text = `text format parsing error in line 7: "\x00 100%" &amp; C:\new\unit <br> %zz \u12 \U1 \x`
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, text, http.StatusBadRequest)
	})
	err := put(t.Context(), newSenderFor(t, g.URL, withBasicAuth("me", awkward), withHeader("X-Token", token)))
	var answer *StatusError
	require.ErrorAs(t, err, &answer)
	require.Equal(t, text, answer.Body)
}

func TestNoPrinterFindsASecretInASender(t *testing.T) {
	s := newSenderFor(t, "http://me:"+password+"@server:9091?key="+token, withHeader("X-Token", "Bearer "+token))
	var log strings.Builder
	for _, v := range []any{s, *s, []any{s, *s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
			fmt.Fprintf(&log, verb+"\n", v)
		}
	}
	require.Contains(t, log.String(), "http://server:9091/write\n")
	for _, secret := range []string{password, token} {
		require.NotContains(t, log.String(), secret)
		require.NotContains(t, log.String(), hex.EncodeToString([]byte(secret)))
	}
	require.False(t, testkit.Reaches(s, password, token), "a dumper that follows pointers finds a secret")
}

func TestErrorsAsGivesOutNoErrorThatShowsASecret(t *testing.T) {
	for text, found := range map[string]bool{"malformed line: " + password: false, "malformed line: x": true} {
		client := testkit.RoundTrip(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("reading: %w", textproto.ProtocolError(text))
		}).Client()
		err := put(t.Context(), newSenderFor(t, "http://gw", withClient(client), withBasicAuth("me", password)))
		var cause textproto.ProtocolError
		require.Equal(t, found, errors.As(err, &cause), text)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)), password)
	}
}

func TestCredentialsOfTheProxyAreNotShown(t *testing.T) {
	proxy, err := url.Parse("http://me:" + password + "@proxy:3128")
	require.NoError(t, err)
	u, err := url.Parse("http://gw")
	require.NoError(t, err)
	hide := newRedact(secretsOf(new(Settings), u, proxy))
	require.Equal(t, "407 *** is wrong", hide("407 "+password+" is wrong"))
}

func FuzzSecretsAreFoundHoweverTheyAreEscaped(f *testing.F) {
	f.Add("hunter2-and-more", "before ", " after", uint8(3))
	f.Add(awkward, "", "", uint8(77))
	f.Fuzz(func(t *testing.T, secret, before, after string, how uint8) {
		if len(secret) < 4 || strings.TrimSpace(secret) != secret || strings.ToValidUTF8(secret, "") != secret {
			return
		}
		text := before + " " + secret + " " + after
		for range how % 3 {
			switch how /= 4; how % 4 {
			case 0:
				text = strconv.QuoteToASCII(text)
			case 1:
				text = html.EscapeString(text)
			case 2:
				text = url.PathEscape(text)
			default:
				coded, _ := json.Marshal(text)
				text = string(coded)
			}
		}
		shown := newRedact([]string{secret})(text)
		if shown != withheld && strings.Contains(folded(shown), folded(secret)) && !strings.Contains("***", secret) {
			t.Fatalf("%q is shown in %q", secret, shown)
		}
	})
}
