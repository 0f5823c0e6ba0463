package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return b.pool.Get().([]byte) }
func (b *buffers) Put(p []byte) { b.pool.Put(p) } //nolint:staticcheck

// delay forwards each request after a while, and counts requests by method: GET /-/counts says how many since it was
// asked last.
func delay(arguments []string) (any, error) {
	flags := flag.NewFlagSet("delay", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:7071", "")
	to := flags.String("to", "http://127.0.0.1:7070", "")
	milliseconds := flags.Int("ms", 30, "added to each request")
	_ = flags.Parse(arguments)
	target, err := url.Parse(*to)
	if err != nil {
		return nil, err
	}
	var mutex sync.Mutex
	counts := map[string]int{}
	forward := &httputil.ReverseProxy{
		// The signature covers the host the client named.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		Transport:  &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true},
		BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 1<<18) }}},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		if r.URL.Path == "/-/counts" {
			_ = json.NewEncoder(w).Encode(counts)
			counts = map[string]int{}
			mutex.Unlock()
			return
		}
		counts[r.Method]++
		mutex.Unlock()
		time.Sleep(time.Duration(*milliseconds) * time.Millisecond)
		forward.ServeHTTP(w, r)
	})
	return nil, http.ListenAndServe(*listen, handler)
}
