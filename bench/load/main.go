// Command load is the part of the bench that must not be slow: what clients do, and an S3 that is some milliseconds
// away. The standard library alone. Each subcommand prints one JSON object.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) (any, error){
		"delay": delay, "image": image, "storm": storm, "push": push, "pull": pull, "guess": guess, "handshakes": handshakes,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load delay|image|storm|push|pull|guess|handshakes FLAGS")
		os.Exit(2)
	}
	result, err := commands[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}
