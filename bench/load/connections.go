package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// handshakes counts new TLS connections in a time, each with one request that needs no login to be refused.
func handshakes(arguments []string) (any, error) {
	flags := flag.NewFlagSet("handshakes", flag.ExitOnError)
	parse := targetFlags(flags)
	seconds := flags.Float64("seconds", 2, "")
	resume := flags.Bool("resume", false, "with the session of the connection before")
	threads := flags.Int("threads", 8, "")
	t, err := parse(arguments)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(t.url)
	if err != nil {
		return nil, err
	}
	var count, resumed atomic.Int64
	var failure atomic.Value
	var waiting sync.WaitGroup
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	for range *threads {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			config := &tls.Config{RootCAs: t.roots, ServerName: address.Hostname()}
			if *resume {
				config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			}
			for time.Now().Before(end) {
				connection, err := tls.Dial("tcp", address.Host, config)
				if err != nil {
					failure.Store(err)
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
		}()
	}
	waiting.Wait()
	if err, failed := failure.Load().(error); failed {
		return nil, err
	}
	return map[string]float64{
		"per_second": float64(count.Load()) / *seconds, "resumed_share": float64(resumed.Load()) / float64(max(1, count.Load())),
	}, nil
}

// guess tries passwords, a new one each time, from some threads until its time is over.
func guess(arguments []string) (any, error) {
	flags := flag.NewFlagSet("guess", flag.ExitOnError)
	parse := targetFlags(flags)
	seconds := flags.Float64("seconds", 5, "")
	threads := flags.Int("threads", 4, "")
	t, err := parse(arguments)
	if err != nil {
		return nil, err
	}
	var count atomic.Int64
	var waiting sync.WaitGroup
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	for thread := range *threads {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			guesser := *t
			c := guesser.client()
			for n := 0; time.Now().Before(end); n++ {
				guesser.password = fmt.Sprintf("guess %d %d", thread, n)
				if answer, err := c.do("GET", "/v2/", "", nil, 0, 401); err == nil {
					answer.Body.Close()
				}
				count.Add(1)
			}
		}()
	}
	waiting.Wait()
	return map[string]float64{"attempts_per_second": float64(count.Load()) / *seconds}, nil
}
