// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/push"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestPushgatewayAddReplaceDelete(t *testing.T) {
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t)
	for name, tc := range map[string]struct{ job, value, url string }{
		"plain":       {"my-job", "127.0.0.1:1234", "/metrics/job/my-job/where/127.0.0.1:1234"},
		"slash":       {"directory_cleaner", "/var/tmp", "/metrics/job/directory_cleaner/where@base64/L3Zhci90bXA"},
		"empty":       {"my-job", "", "/metrics/job/my-job/where@base64/="},
		"everything":  {"a/b c", "50% of ü?#;+&=\\\"\n\t", ""},
		"dots":        {".", "..", "/metrics/job@base64/Lg/where@base64/Li4"},
		"plus, space": {"a+b", "c d+e", "/metrics/job/a+b/where/c%20d+e"},
	} {
		for _, format := range []encode.Format{encode.Text, encode.Protobuf} {
			t.Run(fmt.Sprint(name, " ", format), func(t *testing.T) {
				first, second := engine.NewRegistry(), engine.NewRegistry()
				pushedCounter(t, first, "first_total", 1)
				c := pushedCounter(t, first, "both_total", 2)
				pushedCounter(t, second, "both_total", 30)

				pusher := func(reg *engine.Registry) *push.Pusher {
					p, err := push.New(gateway.URL, tc.job,
						push.WithRegistry(reg), push.WithGrouping("where", tc.value), push.WithFormat(format))
					require.NoError(t, err)
					return p
				}
				has := func(want map[string]string) {
					t.Helper()
					groups := gateway.Groups()
					require.Len(t, groups, 1)
					require.Equal(t, map[string]string{"job": tc.job, "where": tc.value}, groups[0].Labels)
					got := map[string]string{}
					for name, f := range groups[0].Families {
						require.Equal(t, "COUNTER", f.Type)
						require.Len(t, f.Metrics, 1)
						got[name] = f.Metrics[0].Value
					}
					require.Equal(t, want, got)
				}

				require.NoError(t, pusher(first).Add(t.Context()))
				has(map[string]string{"first_total": "1", "both_total": "2"})
				require.NoError(t, pusher(second).Add(t.Context()))
				has(map[string]string{"first_total": "1", "both_total": "30"})
				c.Inc()
				require.NoError(t, pusher(first).Replace(t.Context()))
				has(map[string]string{"first_total": "1", "both_total": "3"})
				require.NoError(t, pusher(second).Replace(t.Context()))
				has(map[string]string{"both_total": "30"})

				// The page that Prometheus would scrape has the labels of the group on every
				// series.
				labels := []string{"job", tc.job, "where", tc.value, "instance", ""}
				require.Equal(t, 30.0, gateway.Page().Value(t, "both_total", labels...))

				if tc.url != "" { // the gateway takes this URL for the same group
					gateway.Do(http.MethodDelete, tc.url, http.StatusAccepted)
					gateway.WaitEmpty()
					require.NoError(t, pusher(first).Replace(t.Context()))
				}
				require.NoError(t, pusher(second).Delete(t.Context()))
				gateway.WaitEmpty()
				require.NoError(t, pusher(second).Delete(t.Context()),
					"there is nothing left to delete, which is no error")
			})
		}
	}
}

func TestPushgatewayTakesEveryType(t *testing.T) {
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t)
	reg := engine.NewRegistry()
	pushedCounter(t, reg, "c_total", 5)
	g, err := reg.NewGauge("g", "With a newline\nand \\.")
	require.NoError(t, err)
	g.Set(-1.5)
	h, err := reg.NewHistogram("h", "", engine.WithBuckets(5, 10, 15))
	require.NoError(t, err)
	summaries, err := reg.NewSummaryVec("s", "", []string{"path"})
	require.NoError(t, err)
	s := summaries.With("/a\"b\n")
	for _, v := range []float64{3, 5.2, 13, 4} {
		h.Observe(v)
		s.Observe(v)
	}
	for _, format := range []encode.Format{encode.Text, encode.Protobuf} {
		gateway.Wipe()
		p, err := push.New(gateway.URL+"/", "types", push.WithRegistry(reg), push.WithFormat(format))
		require.NoError(t, err)
		require.NoError(t, p.Replace(t.Context()))
		page := gateway.Page()
		group := []string{"job", "types", "instance", ""}
		with := func(labels ...string) []string { return append(labels, group...) }
		require.Equal(t, 5.0, page.Value(t, "c_total", group...))
		require.Equal(t, -1.5, page.Value(t, "g", group...))
		for le, want := range map[string]float64{"5": 2, "10": 3, "15": 4, "+Inf": 4} {
			require.Equal(t, want, page.Value(t, "h_bucket", with("le", le)...), le)
		}
		require.Equal(t, 4.0, page.Value(t, "h_count", group...))
		require.InDelta(t, 25.2, page.Value(t, "h_sum", group...), 1e-9)
		require.Equal(t, 4.0, page.Value(t, "s_count", with("path", "/a\"b\n")...))
		require.Equal(t, 4.0, page.Value(t, "s", with("path", "/a\"b\n", "quantile", "0.5")...))
		for series := range page.Samples {
			require.False(t, strings.HasPrefix(series, "quipu_"), "the registry's own metrics stay at home: %s", series)
		}
	}
}

func TestPushgatewayRefusalsAreErrors(t *testing.T) {
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t)
	gauges, histograms := engine.NewRegistry(), engine.NewRegistry()
	_, err := gauges.NewGauge("x", "A gauge.")
	require.NoError(t, err)
	_, err = histograms.NewHistogram("x", "A histogram.")
	require.NoError(t, err)
	p, err := push.New(gateway.URL, "a", push.WithRegistry(gauges))
	require.NoError(t, err)
	require.NoError(t, p.Add(t.Context()))

	// The gateway refuses a name that has another type in another group.
	p, err = push.New(gateway.URL, "b", push.WithRegistry(histograms))
	require.NoError(t, err)
	err = p.Add(t.Context())
	var answer *push.StatusError
	require.ErrorAs(t, err, &answer)
	require.Equal(t, http.StatusBadRequest, answer.Status)
	require.Contains(t, answer.Body, "inconsistent")
}

// bcrypt of gatewayPassword, for the gateway's configuration.
const (
	gatewayPassword = "secret of the gateway"
	gatewayBcrypt   = "$2b$04$abcdefghijklmnopqrstuuYRSPOlj4mIAQTxVGh4hjD8DaVu9XEf6"
)

func TestPushgatewayBehindTLSAndBasicAuth(t *testing.T) {
	testkit.Require(t, "prometheus-pushgateway")
	dir := t.TempDir()
	pool := writeCertificate(t, dir)
	config := filepath.Join(dir, "web.yml")
	require.NoError(t, os.WriteFile(config, []byte("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"+
		"basic_auth_users:\n  pusher: "+gatewayBcrypt+"\n"), 0o600))
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t, "--web.config.file="+config, "--web.route-prefix=/behind/a/prefix")

	reg := engine.NewRegistry()
	pushedCounter(t, reg, "tls_total", 7)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := push.WithClient(&http.Client{Transport: transport})
	url := strings.Replace(gateway.URL, "http:", "https:", 1) + "/behind/a/prefix"

	p, err := push.New(url, "j", push.WithRegistry(reg), client, push.WithBasicAuth("pusher", gatewayPassword))
	require.NoError(t, err)
	require.NoError(t, p.Add(t.Context()))
	withPassword := strings.Replace(url, "://", "://pusher:secret%20of%20the%20gateway@", 1)
	p, err = push.New(withPassword, "j", push.WithRegistry(reg), client)
	require.NoError(t, err)
	require.NoError(t, p.Add(t.Context()), "the same, from the URL")

	req, err := http.NewRequest(http.MethodGet, url+"/metrics", nil)
	require.NoError(t, err)
	req.SetBasicAuth("pusher", gatewayPassword)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), `tls_total{instance="",job="j"} 7`+"\n")

	for name, opts := range map[string][]push.Option{
		"wrong password": {client, push.WithBasicAuth("pusher", "wrong-"+gatewayPassword)},
		"no password":    {client},
		"no authority":   {push.WithBasicAuth("pusher", gatewayPassword)},
	} {
		p, err := push.New(url, "j", append(opts, push.WithRegistry(reg))...)
		require.NoError(t, err)
		err = p.Add(t.Context())
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), gatewayPassword)
		var answer *push.StatusError
		if name == "no authority" {
			require.ErrorContains(t, err, "certificate")
		} else {
			require.ErrorAs(t, err, &answer)
			require.Equal(t, http.StatusUnauthorized, answer.Status)
		}
	}
}

// writeCertificate makes a certificate for 127.0.0.1 and returns the pool that trusts it.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cert.pem"), certPEM, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.pem"), keyPEM, 0o600))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certPEM))
	return pool
}

func TestThePusherExamplePushesDeletesAndEndsWithALastPush(t *testing.T) {
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t)
	program := testkit.Build(t, "../../examples/pusher")
	args := []string{"-addr", gateway.URL, "-job", "example", "-instance", "/here"}

	once := testkit.Start(t, program, args...)
	require.Zero(t, once.Wait(20*time.Second), once.Output())
	labels := []string{"job", "example", "instance", "/here", "url", "/p/user"}
	require.Equal(t, 1.0, gateway.Page().Value(t, "requests_total", labels...))

	deleting := testkit.Start(t, program, append(args, "-delete")...)
	require.Zero(t, deleting.Wait(20*time.Second), deleting.Output())
	gateway.WaitEmpty()

	pushing := testkit.Start(t, program, append(args, "-every", "1h")...)
	pushing.Find("pushing every", 20*time.Second)
	testkit.Poll(t, 20*time.Second, func() error {
		if len(gateway.Groups()) == 0 {
			return errors.New("nothing was pushed")
		}
		return nil
	})
	time.Sleep(300 * time.Millisecond) // it goes on counting, and the next push would be in an hour
	pushing.Signal(syscall.SIGTERM)
	require.Zero(t, pushing.Wait(20*time.Second), pushing.Output())
	require.Greater(t, gateway.Page().Value(t, "requests_total", labels...), 1.0, "the last push has the last values")
}
