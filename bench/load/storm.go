package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math/rand/v2"
)

const imageLayers, imageLayerBytes = 8, 256_000

// image pushes a manifest of layers of random bytes, tagged one, and an index of it, tagged many.
func image(o *options) (any, error) {
	c := newClient(o)
	random := rand.NewChaCha8([32]byte{1})
	var layers []descriptor
	for range imageLayers {
		content := make([]byte, imageLayerBytes)
		_, _ = random.Read(content)
		d, err := c.blob(o.repository, ociLayer, content)
		if err != nil {
			return nil, err
		}
		layers = append(layers, d)
	}
	config, err := c.blob(o.repository, ociConfig, []byte(`{"architecture":"amd64","os":"linux"}`))
	if err != nil {
		return nil, err
	}
	manifest, err := c.document(o.repository, "one", ociManifest, map[string]any{"config": config, "layers": layers})
	if err != nil {
		return nil, err
	}
	index, err := c.document(o.repository, "many", ociIndex, map[string]any{"manifests": []descriptor{manifest}})
	manifests := "/v2/" + o.repository + "/manifests/"
	return map[string]string{
		"tag": manifests + "one", "digest": manifests + manifest.Digest, "index": manifests + index.Digest,
		"blob": "/v2/" + o.repository + "/blobs/" + layers[0].Digest,
	}, err
}

// storm is many machines that pull the same image at once.
func storm(o *options) (any, error) {
	return together(o, func(_ int, c *client) error { return c.image(o.repository) })
}

// image pulls as containerd does: HEAD the tag, then the index, the manifest and the config, then the layers, three at
// a time.
func (c *client) image(repository string) error {
	answer, err := c.do("HEAD", "/v2/"+repository+"/manifests/many", "", nil, 0, 200)
	if err != nil {
		return err
	}
	answer.Body.Close()
	var index struct{ Manifests []descriptor }
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	if err := c.manifest(repository, answer.Header.Get("Docker-Content-Digest"), &index); err != nil {
		return err
	}
	if err := c.manifest(repository, index.Manifests[0].Digest, &manifest); err != nil {
		return err
	}
	blobs := make(chan descriptor, len(manifest.Layers)+1)
	for _, d := range append([]descriptor{manifest.Config}, manifest.Layers...) {
		blobs <- d
	}
	close(blobs)
	var failures [3]error
	atOnce(len(failures), func(n int) {
		for d := range blobs {
			if failures[n] = c.get("/v2/"+repository+"/blobs/"+d.Digest, io.Discard); failures[n] != nil {
				return
			}
		}
	})
	return cmp.Or(failures[:]...)
}

func (c *client) manifest(repository, digest string, to any) error {
	var body bytes.Buffer
	if err := c.get("/v2/"+repository+"/manifests/"+digest, &body); err != nil {
		return err
	}
	return json.Unmarshal(body.Bytes(), to)
}
