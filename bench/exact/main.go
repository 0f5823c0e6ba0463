// Command exact sends random pushes, moved tags, deletions and reads from many clients, and checks that each tag was a
// linearizable register: every answer fits one order of all changes that agrees with the clock. It prints JSON.
package main

import (
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"
)

// options are the flags. An epoch has repositories of its own, so that its history is short enough to be checked.
type options struct {
	url, user, password                                   string
	operations, epoch, clients, repositories, tags, first int
	stop                                                  bool
	roots                                                 *x509.CertPool
}

// result counts operations by kind and outcome. A violation is one tag's history for which there is no order.
type result struct {
	Operations int            `json:"operations"`
	Counts     map[string]int `json:"counts"`
	Seconds    float64        `json:"seconds"`
	Violations [][]string     `json:"violations"`
	Undecided  int            `json:"undecided"`
}

func main() {
	o := &options{}
	flag.StringVar(&o.url, "url", "", "the registry, without a path")
	flag.StringVar(&o.user, "user", "", "may push")
	flag.StringVar(&o.password, "password", "", "")
	flag.IntVar(&o.operations, "operations", 10_000, "how many")
	flag.IntVar(&o.epoch, "epoch", 5_000, "how many with the same repositories")
	flag.IntVar(&o.clients, "clients", 32, "at once")
	flag.IntVar(&o.repositories, "repositories", 32, "in an epoch")
	flag.IntVar(&o.tags, "tags", 2, "of a repository")
	flag.IntVar(&o.first, "first", 0, "the first epoch's number")
	flag.BoolVar(&o.stop, "stop", false, "after the first epoch with a violation")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o *options) error {
	pem, err := os.ReadFile("/etc/registry/tls/fullchain.pem")
	if err != nil {
		return err
	}
	o.roots = x509.NewCertPool()
	o.roots.AppendCertsFromPEM(pem)
	began := time.Now()
	told := result{Counts: map[string]int{}, Violations: [][]string{}}
	var checking sync.WaitGroup
	var lock sync.Mutex
	for number := o.first; told.Operations < o.operations; number++ {
		e := newEpoch(o, number, min(o.epoch, o.operations-told.Operations))
		e.run()
		if e.unexpected != nil {
			return e.unexpected
		}
		told.Operations += e.size
		for key, count := range e.counts {
			told.Counts[key] += count
		}
		// The histories of an epoch are checked while the next one runs.
		checking.Add(1)
		check := func() {
			defer checking.Done()
			violations, undecided := e.check()
			lock.Lock()
			defer lock.Unlock()
			told.Violations = append(told.Violations, violations...)
			told.Undecided += undecided
		}
		if !o.stop {
			go check()
			continue
		}
		check()
		if len(told.Violations) > 0 {
			break
		}
	}
	checking.Wait()
	told.Seconds = time.Since(began).Seconds()
	return json.NewEncoder(os.Stdout).Encode(told)
}
