package asl

import "hash/crc32"

// WithChecksum returns body with the checksum that DecodeExecution asks for.
func WithChecksum(body []byte) []byte {
	sum := crc32.Checksum(body, castagnoli)
	return append(body[:len(body):len(body)], byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
}
