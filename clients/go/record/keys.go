package record

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// SignatureHeader carries "<kid>.<base64url>", an Ed25519 signature over the stored bytes. Its last value counts.
const SignatureHeader = "Revocast-Signature"

var (
	kidPattern       = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)
	signaturePattern = regexp.MustCompile(`^([A-Za-z0-9._~-]{1,64})\.([A-Za-z0-9_-]{86})$`)
)

// Verifier knows the public record keys by kid.
type Verifier struct {
	keys map[string]ed25519.PublicKey
}

// NewVerifier reads a JWKS: at least one Ed25519 key (RFC 8037), each with its own kid.
func NewVerifier(jwks []byte) (*Verifier, error) {
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X string } `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &set); err != nil || len(set.Keys) == 0 {
		return nil, errors.New("the record keys are not a JWKS with at least one key")
	}
	keys := map[string]ed25519.PublicKey{}
	for _, key := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(key.X)
		switch {
		case key.Kty != "OKP" || key.Crv != "Ed25519":
			return nil, errors.New("a record key is not a JWK of kty OKP and crv Ed25519")
		case !kidPattern.MatchString(key.Kid):
			return nil, errors.New("a record key needs a kid of 1 to 64 characters A-Z a-z 0-9 . _ ~ -")
		case keys[key.Kid] != nil:
			return nil, fmt.Errorf("two record keys have the kid %s", key.Kid)
		case err != nil || len(x) != ed25519.PublicKeySize:
			return nil, fmt.Errorf("the record key %s has no good \"x\"", key.Kid)
		}
		keys[key.Kid] = x
	}
	return &Verifier{keys}, nil
}

// verify answers "" for a signature of ours, else why it is none.
func (v *Verifier) verify(payload []byte, signature string) Why {
	parts := signaturePattern.FindStringSubmatch(signature)
	if parts == nil {
		return Unsigned
	}
	value, err := base64.RawURLEncoding.DecodeString(parts[2])
	key := v.keys[parts[1]]
	if key == nil || err != nil || !ed25519.Verify(key, payload, value) {
		return WrongKey
	}
	return ""
}
