package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	dockerList  = "application/vnd.docker.distribution.manifest.list.v2+json"
	patience    = 30 * time.Second
)

// accepts are three ways to ask for the same, each with an entry of its own in a cache.
var accepts = []string{ociIndex, ociIndex + ", " + ociManifest, dockerList + ", " + ociIndex}

// unexpected is an answer that no order of operations explains.
type unexpected struct{ error }

type client struct {
	*options
	http *http.Client
}

// newClient is one machine: every other one speaks HTTP/1.1.
func newClient(o *options, n int) *client {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: o.roots}, ForceAttemptHTTP2: n%2 == 0, DisableCompression: true,
	}
	return &client{options: o, http: &http.Client{Transport: transport, Timeout: patience}}
}

func (c *client) send(ctx context.Context, method, path, accept, body string) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	request.SetBasicAuth(c.user, c.password)
	request.Header.Set("Accept", accept)
	request.Header.Set("Content-Type", ociIndex)
	if body != "" {
		// net/http would send it again on another connection.
		request.GetBody = nil
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

// read returns the digest that a tag names, or "" for a tag that names nothing. An error of another kind than
// unexpected says nothing about the tag.
func (c *client) read(method, repository, tag, accept string) (string, error) {
	answer, body, err := c.send(context.Background(), method, manifestPath(repository, tag), accept, "")
	if err != nil {
		return "", err
	}
	digest := answer.Header.Get("Docker-Content-Digest")
	switch {
	case answer.StatusCode == 404:
		return "", nil
	case answer.StatusCode >= 500:
		return "", fmt.Errorf("HTTP %d", answer.StatusCode)
	case answer.StatusCode != 200:
		return "", unexpected{fmt.Errorf("%s of a tag: HTTP %d: %.200s", method, answer.StatusCode, body)}
	case method == "GET" && digestOf(body) != digest:
		return "", unexpected{fmt.Errorf("the content has the digest %s, not %s", digestOf(body), digest)}
	}
	return digest, nil
}

// change returns nil if the change is done, and an error if it may be done or not.
func (c *client) change(ctx context.Context, method, repository, reference, body string, wanted ...int) error {
	answer, text, err := c.send(ctx, method, manifestPath(repository, reference), "", body)
	if err != nil {
		return err
	}
	if slices.Contains(wanted, answer.StatusCode) {
		return nil
	}
	err = fmt.Errorf("%s: HTTP %d: %.200s", method, answer.StatusCode, text)
	if answer.StatusCode < 500 {
		return unexpected{err}
	}
	return err
}

func manifestPath(repository, reference string) string {
	return "/v2/" + repository + "/manifests/" + reference
}

func digestOf(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }
