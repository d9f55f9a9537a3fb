package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
)

// jwk is a public key of RFC 7517.
type jwk struct {
	Kty, Crv, X, Y, N, E, KID, Alg string
}

// key is one that may have signed a token, by the names by which it can be revoked.
type key struct {
	kid, thumbprint, alg string
	public               crypto.PublicKey
}

var errKey = errors.New("not a public key of a kind that is known here")

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

func (j jwk) public() (crypto.PublicKey, error) {
	switch {
	case j.Kty == "EC" && curves[j.Crv] != nil:
		x, y := number(j.X), number(j.Y)
		if x == nil || y == nil || !curves[j.Crv].IsOnCurve(x, y) {
			return nil, errKey
		}
		return &ecdsa.PublicKey{Curve: curves[j.Crv], X: x, Y: y}, nil
	case j.Kty == "RSA":
		n, e := number(j.N), number(j.E)
		if n == nil || e == nil || n.BitLen() < 2048 || !e.IsInt64() || e.Int64() > 1<<31-1 {
			return nil, errKey
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	case j.Kty == "OKP" && j.Crv == "Ed25519":
		x, err := base64.RawURLEncoding.DecodeString(j.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errKey
		}
		return ed25519.PublicKey(x), nil
	}
	return nil, errKey
}

func number(text string) *big.Int {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(bytes)
}

// thumbprint of RFC 7638: the members that make the key, in the order of their names.
func (j jwk) thumbprint() string {
	switch j.Kty {
	case "EC":
		return hash(fmt.Sprintf(`{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, j.Crv, j.X, j.Y))
	case "RSA":
		return hash(fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, j.E, j.N))
	default:
		return hash(fmt.Sprintf(`{"crv":"%s","kty":"OKP","x":"%s"}`, j.Crv, j.X))
	}
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
