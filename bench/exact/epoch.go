package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// Of a hundred steps of a client so many are changes, of a hundred changes these, and so many clients do not wait.
const (
	changes                  = 30
	newManifest, movedTag    = 45, 70
	tagDeleted               = 85
	hangUps                  = 4
	readsInARow              = 3
	longestPauseMilliseconds = 300
	// While a server starts again.
	pauseAfterErrorMilliseconds = 20
)

// epoch is a history of some operations on some repositories.
type epoch struct {
	*options
	number, size int
	began        time.Time
	left         atomic.Int64
	repositories []*repository

	lock       sync.Mutex
	histories  map[string][]porcupine.Operation
	counts     map[string]int
	unexpected error
}

// repository has its manifests that may get another tag, or be deleted by digest.
type repository struct {
	name  string
	lock  sync.Mutex
	known map[string]*manifest
}

// manifest is deleted only while no tag is given to it: the registry itself mixes up these two. So one with an unknown
// outcome keeps out of both.
type manifest struct {
	digest, body string
	moving       sync.RWMutex
	tags         map[string]bool
	unknown      atomic.Bool
}

func newEpoch(o *options, number, size int) *epoch {
	e := &epoch{
		options: o, number: number, size: size, began: time.Now(),
		histories: map[string][]porcupine.Operation{}, counts: map[string]int{},
	}
	e.left.Store(int64(size))
	for n := range o.repositories {
		name := fmt.Sprintf("exact/%d-%d", number, n)
		e.repositories = append(e.repositories, &repository{name: name, known: map[string]*manifest{}})
	}
	return e
}

func (e *epoch) run() {
	var waiting sync.WaitGroup
	for n := range e.clients {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			c := newClient(e.options, n)
			for e.left.Load() > 0 && e.isExpected() {
				e.step(c, n)
			}
			c.http.CloseIdleConnections()
		}()
	}
	waiting.Wait()
}

func (e *epoch) isExpected() bool {
	e.lock.Lock()
	defer e.lock.Unlock()
	return e.unexpected == nil
}

func (e *epoch) now() int64 { return int64(time.Since(e.began)) }

// step is some reads of one tag, or a change and a pause.
func (e *epoch) step(c *client, n int) {
	r := e.repositories[rand.IntN(len(e.repositories))]
	tag := fmt.Sprintf("t%d", rand.IntN(e.tags))
	if rand.IntN(100) >= changes {
		for range readsInARow {
			e.read(c, n, r, tag)
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	if rand.IntN(100) < hangUps {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(200))*time.Millisecond)
	}
	defer cancel()
	switch dice := rand.IntN(100); {
	case dice < newManifest:
		e.push(ctx, c, n, r, tag, r.add(e.number))
	case dice < movedTag:
		if m := r.pick(false); m != nil {
			e.push(ctx, c, n, r, tag, m)
		}
	case dice < tagDeleted:
		e.removeTag(ctx, c, n, r, tag)
	default:
		if m := r.pick(true); m != nil {
			e.removeDigest(ctx, c, n, r, m)
		}
	}
	time.Sleep(time.Duration(rand.IntN(longestPauseMilliseconds)) * time.Millisecond)
}

func (e *epoch) read(c *client, n int, r *repository, tag string) {
	method, accept := [...]string{"GET", "HEAD"}[rand.IntN(2)], accepts[rand.IntN(len(accepts))]
	call := e.now()
	digest, err := c.read(method, r.name, tag, accept)
	if err != nil {
		e.count(read, err)
		return
	}
	e.add(r.name+":"+tag, porcupine.Operation{
		ClientId: n, Input: input{read, ""}, Output: digest, Call: call, Return: e.now(), Metadata: method + " " + accept,
	})
	e.count(read, nil)
}

func (e *epoch) push(ctx context.Context, c *client, n int, r *repository, tag string, m *manifest) {
	m.moving.RLock()
	defer m.moving.RUnlock()
	r.lock.Lock()
	m.tags[tag] = true
	r.lock.Unlock()
	call := e.now()
	err := c.change(ctx, "PUT", r.name, tag, m.body, 201)
	m.unknown.CompareAndSwap(false, err != nil)
	if err == nil {
		r.lock.Lock()
		r.known[m.digest] = m
		r.lock.Unlock()
	}
	e.change(n, r, []string{tag}, call, push, m.digest, err)
}

func (e *epoch) removeTag(ctx context.Context, c *client, n int, r *repository, tag string) {
	call := e.now()
	err := c.change(ctx, "DELETE", r.name, tag, "", 202, 404)
	e.change(n, r, []string{tag}, call, remove, "", err)
}

func (e *epoch) removeDigest(ctx context.Context, c *client, n int, r *repository, m *manifest) {
	m.moving.Lock()
	defer m.moving.Unlock()
	if m.unknown.Load() {
		return
	}
	call := e.now()
	err := c.change(ctx, "DELETE", r.name, m.digest, "", 202, 404)
	m.unknown.Store(true)
	tags := slices.Collect(maps.Keys(m.tags))
	e.change(n, r, tags, call, forget, m.digest, err)
	e.change(n, r, tags, call, untag, m.digest, err)
}

// change adds a change of these tags. One with an error may have happened, or may still happen.
func (e *epoch) change(n int, r *repository, tags []string, call int64, kind, digest string, err error) {
	end := e.now()
	if err != nil {
		end = never
	}
	for _, tag := range tags {
		e.add(r.name+":"+tag, porcupine.Operation{ClientId: n, Input: input{kind, digest}, Call: call, Return: end})
	}
	if kind != untag {
		e.count(kind, err)
	}
}

func (e *epoch) add(tag string, o porcupine.Operation) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.histories[tag] = append(e.histories[tag], o)
}

// count counts known outcomes only as operations.
func (e *epoch) count(kind string, err error) {
	if err == nil {
		e.left.Add(-1)
	} else {
		time.Sleep(pauseAfterErrorMilliseconds * time.Millisecond)
	}
	e.lock.Lock()
	defer e.lock.Unlock()
	if err != nil {
		if u, ok := err.(unexpected); ok {
			e.unexpected = u
		}
		kind += ", outcome unknown"
	}
	e.counts[kind]++
}

// add makes a manifest that nobody has seen before.
func (r *repository) add(number int) *manifest {
	body := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[],"annotations":{"mark":"%d %x"}}`,
		ociIndex, number, rand.Uint64())
	return &manifest{digest: digestOf(body), body: body, tags: map[string]bool{}}
}

// pick returns a manifest that the repository has, and may keep others from picking it again.
func (r *repository) pick(last bool) *manifest {
	r.lock.Lock()
	defer r.lock.Unlock()
	for digest, m := range r.known {
		if m.unknown.Load() {
			delete(r.known, digest)
			continue
		}
		if last {
			delete(r.known, digest)
		}
		return m
	}
	return nil
}
