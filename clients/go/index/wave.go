package index

import (
	"encoding/binary"
	"math/bits"
	"strconv"

	"revocast.dev/go/record"
)

// LearnHashKey tells the hash key of the deployment, 16 bytes: that of the record that opened the first epoch which
// was read. The first one told counts. Without it nobody can say when a wave comes, and spreads hit everybody at once.
func (x *Index) LearnHashKey(hashKey [16]byte) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	if x.hashKey == nil {
		x.hashKey = &hashKey
	}
}

// letsOff tells whether the condition of an entry spares the token at this time.
func (x *Index) letsOff(entry record.Revocation, token Token, nowMs int64) bool {
	condition := entry.Condition
	if condition == nil {
		return false
	}
	if condition.Spread == nil {
		// A token without a client is excepted by nobody.
		return token.ClientID != "" && contains(condition.ExceptClients, token.ClientID)
	}
	spread, seconds := condition.Spread, float64(nowMs)/1000
	// A token without a subject has no wave: it is hit at once.
	if x.hashKey == nil || token.Sub == "" || seconds >= float64(spread.Until) {
		return false
	}
	wave := float64(waveOf(*x.hashKey, entry.ID, token.Issuer, token.Sub))
	// Both products are exact, so that all nodes round alike.
	return wave*float64(spread.Until-spread.From) > (seconds-float64(spread.From))*(1<<32)
}

func contains(texts []string, wanted string) bool {
	for _, text := range texts {
		if text == wanted {
			return true
		}
	}
	return false
}

// waveOf: which part of 2^32 of a spread has passed when the wave of a subject comes. The first 32 bits, lowest byte first,
// of SipHash-2-4 with 128 bits of output: keyed, so that nobody can tell or choose when it is his turn.
func waveOf(hashKey [16]byte, id, issuer, sub string) uint32 {
	text := "wave"
	for _, part := range []string{id, issuer, sub} {
		text += strconv.Itoa(len(part)) + ":" + part
	}
	return uint32(sipHash128Low(hashKey, []byte(text)))
}

// sipHash128Low is the first half of SipHash-2-4-128.
func sipHash128Low(key [16]byte, message []byte) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
	v := [4]uint64{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	length := len(message)
	padded := make([]byte, length-length%8+8)
	copy(padded, message)
	padded[len(padded)-1] = byte(length)
	for ; len(padded) > 0; padded = padded[8:] {
		word := binary.LittleEndian.Uint64(padded)
		v[3] ^= word
		sipRounds(&v, 2)
		v[0] ^= word
	}
	v[2] ^= 0xee
	sipRounds(&v, 4)
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

func sipRounds(v *[4]uint64, rounds int) {
	for i := 0; i < rounds; i++ {
		v[0] += v[1]
		v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
		v[0] = bits.RotateLeft64(v[0], 32)
		v[2] += v[3]
		v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
		v[0] += v[3]
		v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
		v[2] += v[1]
		v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
		v[2] = bits.RotateLeft64(v[2], 32)
	}
}
