package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
)

// layer is content of any length that costs nothing to make: one random megabyte again and again after a number.
func layer(number uint64, megabytes int) io.Reader {
	head := binary.BigEndian.AppendUint64(nil, number)
	readers := []io.Reader{bytes.NewReader(head)}
	for n := range megabytes {
		length := len(block)
		if n == 0 {
			length -= len(head)
		}
		readers = append(readers, bytes.NewReader(block[:length]))
	}
	return io.MultiReader(readers...)
}

var block = func() []byte {
	block := make([]byte, 1_000_000)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(block)
	return block
}()

// push is many clients, each with a layer of its own; digests are known before the clock starts.
func push(arguments []string) (any, error) {
	flags := flag.NewFlagSet("push", flag.ExitOnError)
	parse := targetFlags(flags)
	repository := flags.String("repository", "bench/layers", "")
	clients := flags.Int("clients", 1, "")
	megabytes := flags.Int("mb", 500, "of each layer")
	t, err := parse(arguments)
	if err != nil {
		return nil, err
	}
	numbers, digests := make([]uint64, *clients), make([]string, *clients)
	for n := range *clients {
		numbers[n] = rand.Uint64()
		hash := sha256.New()
		_, _ = io.Copy(hash, layer(numbers[n], *megabytes))
		digests[n] = fmt.Sprintf("sha256:%x", hash.Sum(nil))
	}
	seconds, all, err := together(t, *clients, func(n int, c *client) error {
		return c.upload(*repository, digests[n], layer(numbers[n], *megabytes), int64(*megabytes)*1_000_000)
	})
	if err != nil {
		return nil, err
	}
	result := map[string]any{"digest": digests[0]}
	for key, value := range summary(seconds, all) {
		result[key] = value
	}
	return result, nil
}

// pull is many clients that want the same layer.
func pull(arguments []string) (any, error) {
	flags := flag.NewFlagSet("pull", flag.ExitOnError)
	parse := targetFlags(flags)
	repository := flags.String("repository", "bench/layers", "")
	clients := flags.Int("clients", 1, "")
	digest := flags.String("digest", "", "")
	t, err := parse(arguments)
	if err != nil {
		return nil, err
	}
	seconds, all, err := together(t, *clients, func(_ int, c *client) error {
		return c.get("/v2/"+*repository+"/blobs/"+*digest, nil)
	})
	if err != nil {
		return nil, err
	}
	return summary(seconds, all), nil
}
