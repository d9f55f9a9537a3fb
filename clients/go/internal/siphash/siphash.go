// Package siphash is SipHash-2-4 with 128 bits of output (https://github.com/veorq/SipHash).
package siphash

import (
	"encoding/binary"
	"math/bits"
)

type state struct{ a, b, c, d uint64 }

func (s *state) rounds(count int) {
	for ; count > 0; count-- {
		s.a += s.b
		s.b = bits.RotateLeft64(s.b, 13) ^ s.a
		s.a = bits.RotateLeft64(s.a, 32)
		s.c += s.d
		s.d = bits.RotateLeft64(s.d, 16) ^ s.c
		s.a += s.d
		s.d = bits.RotateLeft64(s.d, 21) ^ s.a
		s.c += s.b
		s.b = bits.RotateLeft64(s.b, 17) ^ s.c
		s.c = bits.RotateLeft64(s.c, 32)
	}
}

// Sum128 answers both halves of the hash, the one that comes first in its bytes first.
func Sum128(key [16]byte, text []byte) (uint64, uint64) {
	k0, k1 := binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
	s := state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	last := make([]byte, 8)
	copy(last, text[len(text)-len(text)%8:])
	last[7] = byte(len(text))
	for at := 0; at <= len(text)-len(text)%8; at += 8 {
		block := last
		if at+8 <= len(text) {
			block = text[at:]
		}
		word := binary.LittleEndian.Uint64(block)
		s.d ^= word
		s.rounds(2)
		s.a ^= word
	}
	s.c ^= 0xee
	s.rounds(4)
	first := s.a ^ s.b ^ s.c ^ s.d
	s.b ^= 0xdd
	s.rounds(4)
	return first, s.a ^ s.b ^ s.c ^ s.d
}
