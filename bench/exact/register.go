package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	read   = "read"
	push   = "push"
	remove = "remove tag"
	// A deletion by digest first deletes the manifest, so that its tags name nothing. Then it deletes the tags that it
	// found with this digest a moment ago, whatever they name by now (registry 3.1.2, DeleteManifest).
	forget = "remove digest"
	untag  = "remove its tags"
)

const checkTimeout = time.Minute

// never is the end of an operation whose outcome is unknown: it may still happen at any time.
const never = math.MaxInt64

type input struct{ kind, digest string }

// register is one tag. Its state, and a read's output, is a digest, or empty without one.
var register = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{""} },
	Step: func(state, in, out any) []any {
		is, asked := state.(string), in.(input)
		switch asked.kind {
		case read:
			if is != out.(string) {
				return nil
			}
			return []any{is}
		case push:
			return []any{asked.digest}
		case remove:
			return []any{""}
		case forget:
			if is == asked.digest {
				return []any{""}
			}
			return []any{is}
		default:
			return []any{is, ""}
		}
	},
}).ToModel()

// check looks for an order of each tag's operations.
func (e *epoch) check() (violations [][]string, undecided int) {
	for tag, history := range e.histories {
		switch porcupine.CheckOperationsTimeout(register, history, checkTimeout) {
		case porcupine.Illegal:
			violations = append(violations, describe(tag, history))
		case porcupine.Unknown:
			undecided++
		}
	}
	return violations, undecided
}

// describe has a line for each operation, with the milliseconds of its begin and end.
func describe(tag string, history []porcupine.Operation) []string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	lines := []string{tag}
	for _, o := range history {
		asked, end := o.Input.(input), "?"
		if o.Return != never {
			end = fmt.Sprintf("%.1f", float64(o.Return)/1e6)
		}
		line := fmt.Sprintf("%.1f to %s: %s %.14s", float64(o.Call)/1e6, end, asked.kind, asked.digest)
		if asked.kind == read {
			line += fmt.Sprintf(" %.14s (%v)", o.Output, o.Metadata)
		}
		lines = append(lines, line)
	}
	return lines
}
