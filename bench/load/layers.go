package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
)

const layersRepository = "bench/layers"

// layer is content of any length that costs nothing to make: a number, then one random megabyte again and again.
func layer(number uint64, megabytes int) io.Reader {
	head := binary.BigEndian.AppendUint64(nil, number)
	readers := []io.Reader{bytes.NewReader(head), bytes.NewReader(block[len(head):])}
	for range megabytes - 1 {
		readers = append(readers, bytes.NewReader(block))
	}
	return io.MultiReader(readers...)
}

var block = func() []byte {
	block := make([]byte, 1_000_000)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(block)
	return block
}()

// push is many clients, each with a layer of its own. Their digests are known before the clock starts.
func push(o *options) (any, error) {
	numbers, digests := make([]uint64, o.clients), make([]string, o.clients)
	for n := range o.clients {
		numbers[n] = rand.Uint64()
		hash := sha256.New()
		_, _ = io.Copy(hash, layer(numbers[n], o.megabytes))
		digests[n] = fmt.Sprintf("sha256:%x", hash.Sum(nil))
	}
	result, err := together(o, func(n int, c *client) error {
		return c.upload(layersRepository, digests[n], layer(numbers[n], o.megabytes), int64(o.megabytes)*1_000_000)
	})
	if err != nil {
		return nil, err
	}
	result["digest"] = digests[0]
	return result, nil
}

// pull is many clients that want the same layer.
func pull(o *options) (any, error) {
	return together(o, func(_ int, c *client) error {
		return c.get("/v2/"+layersRepository+"/blobs/"+o.digest, io.Discard)
	})
}
