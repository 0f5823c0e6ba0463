package main

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net/url"
	"sync/atomic"
	"time"
)

// handshakes counts new TLS connections, each with one request that the registry refuses for want of a login.
func handshakes(o *options) (any, error) {
	address, err := url.Parse(o.url)
	if err != nil {
		return nil, err
	}
	var count, resumed atomic.Int64
	failures := make([]error, o.threads)
	end := time.Now().Add(o.duration)
	atOnce(o.threads, func(n int) {
		config := &tls.Config{RootCAs: o.roots, ServerName: address.Hostname()}
		if o.resume {
			config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		}
		for time.Now().Before(end) {
			connection, err := tls.Dial("tcp", address.Host, config)
			if err != nil {
				failures[n] = err
				return
			}
			fmt.Fprintf(connection, "GET /v2/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address.Host)
			_, _ = io.Copy(io.Discard, connection)
			if connection.ConnectionState().DidResume {
				resumed.Add(1)
			}
			count.Add(1)
			connection.Close()
		}
	})
	return map[string]float64{
		"per_second":    float64(count.Load()) / o.duration.Seconds(),
		"resumed_share": float64(resumed.Load()) / float64(max(1, count.Load())),
	}, cmp.Or(failures...)
}

// guess tries a new password each time.
func guess(o *options) (any, error) {
	var count atomic.Int64
	end := time.Now().Add(o.duration)
	atOnce(o.threads, func(thread int) {
		guesser := *o
		c := newClient(&guesser)
		for n := 0; time.Now().Before(end); n++ {
			guesser.password = fmt.Sprintf("guess %d %d", thread, n)
			if answer, err := c.do("GET", "/v2/", "", nil, 0, 401); err == nil {
				answer.Body.Close()
			}
			count.Add(1)
		}
	})
	return map[string]float64{"attempts_per_second": float64(count.Load()) / o.duration.Seconds()}, nil
}
