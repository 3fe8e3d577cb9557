package asl

// This file holds the numbers of the sequence that each execution draws from.

import (
	"fmt"
)

// random draws the next number of the execution's sequence.
func (st *stepper) random() uint64 {
	st.x.draws++
	return mix(st.x.who.Seed + st.x.draws*0x9E3779B97F4A7C15)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, 2014): a counter goes in, well spread bits come out, so that the
// state of the sequence is one number.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// uuid makes a UUID of the execution's sequence.
func (st *stepper) uuid() string { return uuidOf(st.random(), st.random()) }

// uuidOf makes a version 4 UUID (RFC 9562) of 122 of the bits of two numbers.
func uuidOf(a, b uint64) string {
	a = a&^0xF000 | 0x4000
	b = b&^(0xC<<60) | 0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xFFFF, a&0xFFFF, b>>48, b&0xFFFFFFFFFFFF)
}
