package record

import (
	"regexp"
	"strconv"
)

// Key names what is revoked within one issuer: its scope and the fields of it.
type Key struct {
	Scope, JTI, SigningInputHash, SID, Sub, ClientID, DeviceID, KID, Thumbprint string
}

// shapes: which sets of fields name a key of a scope. Exactly one of them must be given.
var shapes = map[string][][]string{
	"token":   {{"jti"}, {"signingInputHash"}},
	"session": {{"sid"}},
	"subject": {{"sub"}},
	"client":  {{"clientId"}},
	"grant":   {{"sub", "clientId"}},
	"device":  {{"deviceId"}},
	"issuer":  {{}},
	"key":     {{"kid"}, {"thumbprint"}},
}

// sha256Pattern: 32 bytes are 42 characters and 4 bits. Another spelling of the same hash would never hit a token.
var sha256Pattern = regexp.MustCompile(`^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$`)

func (k *Key) fieldsByName() map[string]*string {
	return map[string]*string{
		"jti": &k.JTI, "signingInputHash": &k.SigningInputHash, "sid": &k.SID, "sub": &k.Sub,
		"clientId": &k.ClientID, "deviceId": &k.DeviceID, "kid": &k.KID, "thumbprint": &k.Thumbprint,
	}
}

func readKey(scope string, f *form) Key {
	key := Key{Scope: scope}
	byName := key.fieldsByName()
	given := 0
	for name := range byName {
		if f.has(name) {
			given++
		}
	}
	for _, shape := range shapes[scope] {
		if len(shape) != given || !hasAll(f, shape) {
			continue
		}
		for _, name := range shape {
			value := f.text(name, keyFieldBytesMax)
			if (name == "signingInputHash" || name == "thumbprint") && !sha256Pattern.MatchString(value) {
				f.fail()
			}
			*byName[name] = value
		}
		return key
	}
	f.fail()
	return key
}

func hasAll(f *form, names []string) bool {
	for _, name := range names {
		if !f.has(name) {
			return false
		}
	}
	return true
}

// Canonical is the text by which keys are compared: its kind, then each part with its length in bytes in front. Joined
// without lengths, the grant ("a", "b.c") would be the grant ("a.b", "c").
func (k Key) Canonical(issuer string) string { return string(k.AppendCanonical(nil, issuer)) }

// AppendCanonical appends that text, so that a check needs no memory of its own for it.
func (k Key) AppendCanonical(text []byte, issuer string) []byte {
	text = appendPart(append(text, k.kind()...), issuer)
	for _, part := range [...]string{k.JTI, k.SigningInputHash, k.SID, k.Sub, k.ClientID, k.DeviceID, k.KID, k.Thumbprint} {
		// No field is ever empty, so an empty one is not of this key.
		if part != "" {
			text = appendPart(text, part)
		}
	}
	return text
}

func appendPart(text []byte, part string) []byte {
	text = append(strconv.AppendInt(text, int64(len(part)), 10), ':')
	return append(text, part...)
}

func (k Key) kind() string {
	switch {
	case k.Scope == "token" && k.JTI != "":
		return "jti"
	case k.Scope == "token":
		return "signingInputHash"
	case k.Scope == "key" && k.KID != "":
		return "kid"
	case k.Scope == "key":
		return "thumbprint"
	default:
		return k.Scope
	}
}
