package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// head asks for the header of one path again and again, on each connection: wrk waits for bodies that HEAD has not.
func head(o *options) (any, error) {
	address, err := url.Parse(o.url)
	if err != nil {
		return nil, err
	}
	login := ""
	if o.user != "" {
		login = "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(o.user+":"+o.password)) + "\r\n"
	}
	request := []byte(fmt.Sprintf("HEAD %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\n%s\r\n",
		o.path, address.Host, ociManifest+", "+ociIndex, login))
	milliseconds, failures := make([][]float64, o.clients), make([]error, o.clients)
	end := time.Now().Add(o.duration)
	atOnce(o.clients, func(n int) {
		var connection net.Conn
		if connection, failures[n] = dial(o, address); failures[n] != nil {
			return
		}
		defer connection.Close()
		reader := bufio.NewReader(connection)
		for time.Now().Before(end) {
			began := time.Now()
			if failures[n] = headOnce(connection, reader, request); failures[n] != nil {
				return
			}
			milliseconds[n] = append(milliseconds[n], float64(time.Since(began))/1e6)
		}
	})
	if err := cmp.Or(failures...); err != nil {
		return nil, err
	}
	all := slices.Concat(milliseconds...)
	slices.Sort(all)
	at := func(share float64) float64 { return all[int(share*float64(len(all)-1))] }
	return map[string]float64{
		"rps": float64(len(all)) / o.duration.Seconds(), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99),
	}, nil
}

func dial(o *options, address *url.URL) (net.Conn, error) {
	if address.Scheme == "http" {
		return net.Dial("tcp", address.Host)
	}
	return tls.Dial("tcp", address.Host, &tls.Config{RootCAs: o.roots, ServerName: address.Hostname()})
}

func headOnce(connection io.Writer, reader *bufio.Reader, request []byte) error {
	if _, err := connection.Write(request); err != nil {
		return err
	}
	status, err := reader.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return fmt.Errorf("HEAD: %s", status)
	}
	for line := []byte("header"); len(bytes.TrimSpace(line)) > 0; {
		if line, err = reader.ReadSlice('\n'); err != nil {
			return err
		}
	}
	return nil
}

// list asks for one path again and again, and waits a second after each refusal, as a 429 asks for.
func list(o *options) (any, error) {
	var answered, refused atomic.Int64
	end := time.Now().Add(o.duration)
	atOnce(o.clients, func(int) {
		for c := newClient(o); time.Now().Before(end); {
			if c.get(o.path, io.Discard) == nil {
				answered.Add(1)
			} else {
				refused.Add(1)
				time.Sleep(time.Second)
			}
		}
	})
	return map[string]int64{"answered": answered.Load(), "refused": refused.Load()}, nil
}

// fresh pushes to a tag and pulls that tag at once, each client its own tags, and counts the answers that are not what
// was pushed last.
func fresh(o *options) (any, error) {
	var stale, left atomic.Int64
	left.Store(int64(o.count))
	result, err := together(o, func(n int, c *client) error {
		repository := fmt.Sprintf("bench/fresh-%d", n%4)
		for left.Add(-1) >= 0 {
			tag := fmt.Sprintf("c%d-%d", n, rand.IntN(3))
			// So that there is something to be stale. The first time, the tag names nothing.
			_, _ = c.send("HEAD", "/v2/"+repository+"/manifests/"+tag, "", nil, 0, 200)
			pushed, err := c.document(repository, tag, ociIndex, map[string]any{
				"manifests": []any{}, "annotations": map[string]string{"mark": fmt.Sprint(rand.Uint64())},
			})
			if err != nil {
				return err
			}
			var body bytes.Buffer
			if err := c.get("/v2/"+repository+"/manifests/"+tag, &body); err != nil {
				return err
			}
			header, err := c.send("HEAD", "/v2/"+repository+"/manifests/"+tag, "", nil, 0, 200)
			if err != nil {
				return err
			}
			if digestOf(body.Bytes()) != pushed.Digest || header.Get("Docker-Content-Digest") != pushed.Digest {
				stale.Add(1)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	result["pulls"], result["stale"] = o.count, stale.Load()
	return result, nil
}
