package asl

// This file holds the pseudo-random sequence of an execution: a counter, mixed with its seed.

import (
	"fmt"
)

// random returns the next number of the sequence.
func (st *stepper) random() uint64 {
	st.x.draws++
	return mix(st.x.who.Seed + st.x.draws*0x9E3779B97F4A7C15)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, 2014): it turns a counter into well spread bits.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// uuid returns a UUID made from the next two numbers of the sequence.
func (st *stepper) uuid() string { return uuidOf(st.random(), st.random()) }

// uuidOf returns a version 4 UUID (RFC 9562) with 122 bits of two numbers.
func uuidOf(a, b uint64) string {
	a = a&^0xF000 | 0x4000
	b = b&^(0xC<<60) | 0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xFFFF, a&0xFFFF, b>>48, b&0xFFFFFFFFFFFF)
}
