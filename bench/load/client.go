package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// client is one machine: its own connections, to the registry and to S3.
type client struct {
	*options
	http         *http.Client
	fromRegistry atomic.Int64
	fromS3       atomic.Int64
}

func newClient(o *options) *client {
	return &client{options: o, http: &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: o.roots},
			ForceAttemptHTTP2: true, DisableCompression: true, MaxIdleConnsPerHost: 8,
			WriteBufferSize: 1 << 17, ReadBufferSize: 1 << 17,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends one request. An answer with another status than wanted is an error, but a redirect also does for 200.
func (c *client) do(method, address, kind string, body io.Reader, size int64, wanted int) (*http.Response, error) {
	if strings.HasPrefix(address, "/") {
		address = c.url + address
	}
	request, err := http.NewRequest(method, address, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = size
	if c.user != "" {
		request.SetBasicAuth(c.user, c.password)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	request.Header.Set("Accept", ociManifest+", "+ociIndex)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != wanted && !(wanted == 200 && answer.StatusCode == 307) {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		answer.Body.Close()
		return nil, fmt.Errorf("%s %s: HTTP %d instead of %d: %s", method, address, answer.StatusCode, wanted, text)
	}
	return answer, nil
}

// get reads to the end, from S3 if the registry redirects there and not only links are wanted.
func (c *client) get(path string, to io.Writer) error {
	answer, err := c.do("GET", path, "", nil, 0, 200)
	if err != nil {
		return err
	}
	count, err := io.Copy(to, answer.Body)
	answer.Body.Close()
	c.fromRegistry.Add(count)
	if err != nil || answer.StatusCode != 307 || c.links {
		return err
	}
	from, err := c.http.Get(answer.Header.Get("Location"))
	if err != nil {
		return err
	}
	defer from.Body.Close()
	if from.StatusCode != 200 {
		return fmt.Errorf("S3 answers HTTP %d", from.StatusCode)
	}
	count, err = io.Copy(io.Discard, from.Body)
	c.fromS3.Add(count)
	return err
}

// send is do for an answer of which only the header matters.
func (c *client) send(method, address, kind string, body io.Reader, size int64, wanted int) (http.Header, error) {
	answer, err := c.do(method, address, kind, body, size, wanted)
	if err != nil {
		return nil, err
	}
	return answer.Header, answer.Body.Close()
}

// upload sends a blob as docker does: POST, PATCH, PUT.
func (c *client) upload(repository, digest string, body io.Reader, size int64) error {
	header, err := c.send("POST", "/v2/"+repository+"/blobs/uploads/", "", nil, 0, 202)
	if err != nil {
		return err
	}
	header, err = c.send("PATCH", header.Get("Location"), "application/octet-stream", body, size, 202)
	if err != nil {
		return err
	}
	location, separator := header.Get("Location"), "?"
	if strings.Contains(location, "?") {
		separator = "&"
	}
	_, err = c.send("PUT", location+separator+"digest="+digest, "application/octet-stream", nil, 0, 201)
	return err
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

func digestOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

func (c *client) blob(repository, kind string, content []byte) (descriptor, error) {
	d := descriptor{kind, digestOf(content), len(content)}
	return d, c.upload(repository, d.Digest, bytes.NewReader(content), int64(len(content)))
}

// document pushes a manifest or an index under a tag.
func (c *client) document(repository, tag, kind string, content map[string]any) (descriptor, error) {
	content["schemaVersion"], content["mediaType"] = 2, kind
	body, _ := json.Marshal(content)
	d := descriptor{kind, digestOf(body), len(body)}
	_, err := c.send("PUT", "/v2/"+repository+"/manifests/"+tag, kind, bytes.NewReader(body), int64(len(body)), 201)
	return d, err
}
