package asl

import (
	"encoding/binary"
	"hash/crc32"
)

// WithChecksum returns body with the checksum that DecodeExecution asks for.
func WithChecksum(body []byte) []byte {
	sum := crc32.Checksum(body, castagnoli)
	return binary.LittleEndian.AppendUint32(body[:len(body):len(body)], sum)
}
