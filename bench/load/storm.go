package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// image pushes a manifest of layers of random bytes, tagged one, below an index, tagged many.
func image(arguments []string) (any, error) {
	flags := flag.NewFlagSet("image", flag.ExitOnError)
	parse := targetFlags(flags)
	repository := flags.String("repository", "bench/image", "")
	layers := flags.Int("layers", 8, "")
	kilobytes := flags.Int("kb", 256, "of each layer")
	t, err := parse(arguments)
	if err != nil {
		return nil, err
	}
	c := t.client()
	random := rand.NewChaCha8([32]byte{1})
	var pushed []descriptor
	for range *layers {
		content := make([]byte, *kilobytes*1000)
		_, _ = random.Read(content)
		d, err := c.blob(*repository, ociLayer, content)
		if err != nil {
			return nil, err
		}
		pushed = append(pushed, d)
	}
	config, err := c.blob(*repository, ociConfig, []byte(`{"architecture":"amd64","os":"linux"}`))
	if err != nil {
		return nil, err
	}
	manifest, err := c.document(*repository, "one", ociManifest, map[string]any{"config": config, "layers": pushed})
	if err != nil {
		return nil, err
	}
	index, err := c.document(*repository, "many", ociIndex, map[string]any{"manifests": []descriptor{manifest}})
	return map[string]string{
		"tag": "/v2/" + *repository + "/manifests/one", "digest": "/v2/" + *repository + "/manifests/" + manifest.Digest,
		"index": "/v2/" + *repository + "/manifests/" + index.Digest, "blob": "/v2/" + *repository + "/blobs/" + pushed[0].Digest,
	}, err
}

// storm is many machines that pull the same image at once, each as containerd does: HEAD the tag, then the index, the
// manifest and the config, then the layers, three at a time.
func storm(arguments []string) (any, error) {
	flags := flag.NewFlagSet("storm", flag.ExitOnError)
	parse := targetFlags(flags)
	repository := flags.String("repository", "bench/image", "")
	clients := flags.Int("clients", 200, "")
	t, err := parse(arguments)
	if err != nil {
		return nil, err
	}
	seconds, all, err := together(t, *clients, func(_ int, c *client) error { return c.image(*repository) })
	if err != nil {
		return nil, err
	}
	return summary(seconds, all), nil
}

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
	if err := c.read(repository, answer.Header.Get("Docker-Content-Digest"), &index); err != nil {
		return err
	}
	if err := c.read(repository, index.Manifests[0].Digest, &manifest); err != nil {
		return err
	}
	blobs := make(chan descriptor, len(manifest.Layers)+1)
	for _, d := range append([]descriptor{manifest.Config}, manifest.Layers...) {
		blobs <- d
	}
	close(blobs)
	failures := make(chan error, 3)
	for range 3 {
		go func() {
			for d := range blobs {
				if err := c.get("/v2/"+repository+"/blobs/"+d.Digest, nil); err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range 3 {
		err = firstOf(err, <-failures)
	}
	return err
}

func (c *client) read(repository, digest string, to any) error {
	var body bytes.Buffer
	if err := c.get("/v2/"+repository+"/manifests/"+digest, &body); err != nil {
		return err
	}
	return json.Unmarshal(body.Bytes(), to)
}

func firstOf(one, other error) error {
	if one != nil {
		return one
	}
	return other
}

// together runs the clients at once, each with connections of its own, and says how many seconds each took.
func together(t *target, count int, work func(int, *client) error) ([]float64, []*client, error) {
	var waiting sync.WaitGroup
	seconds, all, failures := make([]float64, count), make([]*client, count), make([]error, count)
	start := make(chan struct{})
	for number := range count {
		all[number] = t.client()
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			<-start
			began := time.Now()
			failures[number] = work(number, all[number])
			seconds[number] = time.Since(began).Seconds()
		}()
	}
	close(start)
	waiting.Wait()
	for _, failure := range failures {
		if failure != nil {
			return nil, nil, failure
		}
	}
	return seconds, all, nil
}

func summary(seconds []float64, all []*client) map[string]float64 {
	slices.Sort(seconds)
	var registry, s3 int64
	for _, c := range all {
		registry += c.fromRegistry.Load()
		s3 += c.fromS3.Load()
	}
	return map[string]float64{
		"slowest_seconds": seconds[len(seconds)-1], "median_seconds": seconds[len(seconds)/2],
		"registry_bytes": float64(registry), "s3_bytes": float64(s3),
	}
}
