// Command load is the fast part of the bench: clients of a registry, and an S3 that is some milliseconds away. It uses
// the standard library alone. Each subcommand prints one JSON object.
package main

import (
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the flags of all subcommands. Without a user there is no login.
type options struct {
	url, user, password, repository, digest, path, listen string
	clients, threads, megabytes, count                    int
	duration, delay, jitter                               time.Duration
	resume, links                                         bool
	roots                                                 *x509.CertPool
}

func parse(command string, arguments []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet(command, flag.ExitOnError)
	flags.StringVar(&o.url, "url", "", "the registry, without a path")
	flags.StringVar(&o.user, "user", "", "empty: no login")
	flags.StringVar(&o.password, "password", "", "")
	flags.StringVar(&o.repository, "repository", "bench/image", "image, storm")
	flags.StringVar(&o.digest, "digest", "", "pull: of the layer")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:7071", "delay")
	flags.StringVar(&o.path, "path", "", "head, list")
	flags.IntVar(&o.clients, "clients", 1, "storm, push, pull, head, list, fresh")
	flags.IntVar(&o.count, "count", 10_000, "fresh: of pushes")
	flags.IntVar(&o.threads, "threads", 8, "handshakes, guess")
	flags.IntVar(&o.megabytes, "mb", 500, "push: of each layer")
	flags.DurationVar(&o.duration, "for", 2*time.Second, "handshakes, guess, head, list")
	flags.DurationVar(&o.delay, "delay", 30*time.Millisecond, "delay: added to each request")
	flags.DurationVar(&o.jitter, "jitter", 0, "delay: at most added before and after each request, at random")
	flags.BoolVar(&o.resume, "resume", false, "handshakes: with the session of the connection before")
	flags.BoolVar(&o.links, "links", false, "storm: without what S3 sends")
	_ = flags.Parse(arguments)
	pem, err := os.ReadFile("/etc/registry/tls/fullchain.pem")
	o.roots = x509.NewCertPool()
	o.roots.AppendCertsFromPEM(pem)
	return o, err
}

func main() {
	commands := map[string]func(*options) (any, error){
		"delay": delay, "image": image, "storm": storm, "push": push, "pull": pull, "guess": guess, "handshakes": handshakes,
		"head": head, "list": list, "fresh": fresh,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load delay|image|storm|push|pull|guess|handshakes|head|list|fresh FLAGS")
		os.Exit(2)
	}
	o, err := parse(os.Args[1], os.Args[2:])
	var result any
	if err == nil {
		result, err = commands[os.Args[1]](o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}
