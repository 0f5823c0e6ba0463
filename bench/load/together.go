package main

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// together runs the work of all clients at once, each with connections of its own.
func together(o *options, work func(int, *client) error) (map[string]any, error) {
	seconds, clients, failures := make([]float64, o.clients), make([]*client, o.clients), make([]error, o.clients)
	for n := range clients {
		clients[n] = newClient(o)
	}
	atOnce(o.clients, func(n int) {
		began := time.Now()
		failures[n] = work(n, clients[n])
		seconds[n] = time.Since(began).Seconds()
	})
	if err := cmp.Or(failures...); err != nil {
		return nil, err
	}
	slices.Sort(seconds)
	var registry, s3 int64
	for _, c := range clients {
		registry += c.fromRegistry.Load()
		s3 += c.fromS3.Load()
	}
	return map[string]any{
		"slowest_seconds": seconds[len(seconds)-1], "median_seconds": seconds[len(seconds)/2],
		"registry_bytes": registry, "s3_bytes": s3,
	}, nil
}

// atOnce starts the work count times at the same moment and waits for all.
func atOnce(count int, work func(int)) {
	var waiting sync.WaitGroup
	start := make(chan struct{})
	for n := range count {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			<-start
			work(n)
		}()
	}
	close(start)
	waiting.Wait()
}
