package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return b.pool.Get().([]byte) }
func (b *buffers) Put(p []byte) { b.pool.Put(p) } //nolint:staticcheck

// delay forwards each request to the S3 behind it after some time, and the answer after some more. GET /-/count answers
// the number of requests since the last such question, without those by a signed link: they are a registry's clients.
func delay(o *options) (any, error) {
	target, err := url.Parse(o.url)
	if err != nil {
		return nil, err
	}
	var count atomic.Int64
	forward := &httputil.ReverseProxy{
		// The signature covers the host the client named.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		Transport:  &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true},
		BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 1<<18) }}},
		ModifyResponse: func(*http.Response) error {
			time.Sleep(atMost(o.jitter))
			return nil
		},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/-/count" {
			fmt.Fprint(w, count.Swap(0))
			return
		}
		if !r.URL.Query().Has("X-Amz-Signature") {
			count.Add(1)
		}
		time.Sleep(o.delay + atMost(o.jitter))
		forward.ServeHTTP(w, r)
	})
	return nil, http.ListenAndServe(o.listen, handler)
}

func atMost(longest time.Duration) time.Duration { return rand.N(longest + 1) }
