// Package record reads what stands in the log: it verifies a record's signature and decodes it. docs/protocol.md says
// what each answer means; test/vectors holds the cases that every reader must agree on.
package record

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strconv"
	"time"

	"revocast.dev/go/internal/jsontext"
)

const (
	// WireVersion is the major version that this reader understands.
	WireVersion = 1
	// StoredBytesMax: what is larger is not looked at.
	StoredBytesMax = 262_144
	issuerBytesMax = 1024
)

// Kind tells what a message turned out to be.
type Kind string

const (
	// Read: one of ours, decoded.
	Read Kind = "record"
	// Foreign: not signed by us, or of another namespace or epoch. Counted and passed over.
	Foreign Kind = "foreign"
	// Unreadable: signed by us and not understood. Its issuer is unknown from then on, or every issuer if it has none.
	Unreadable Kind = "unreadable"
)

// Why a message is not a record.
type Why string

const (
	Unsigned       Why = "unsigned"
	WrongKey       Why = "wrongKey"
	OtherNamespace Why = "namespace"
	OtherEpoch     Why = "epoch"
	Malformed      Why = "malformed"
	MajorVersion   Why = "majorVersion"
)

// Decoded is what is known of one message. Body and TimeMs are set for Read alone, Issuer for Unreadable alone.
type Decoded struct {
	Kind     Kind
	Why      Why
	Identity string
	Issuer   string
	Epoch    string
	TimeMs   int64
	Body     Body
}

// Expected is where a message must belong. Without an Epoch (live feed) a record of any epoch is read, and its epoch named.
type Expected struct {
	Namespace string
	Epoch     string
}

// Decode never fails. Nothing is parsed before its signature is checked: a stranger can neither keep the parser busy nor
// have an issuer doubted.
func Decode(payload []byte, signature string, expected Expected, verifier *Verifier) Decoded {
	if len(payload) > StoredBytesMax {
		return Decoded{Kind: Foreign, Why: Malformed, Identity: digest(payload)}
	}
	if why := verifier.verify(payload, signature); why != "" {
		return Decoded{Kind: Foreign, Why: why, Identity: digest(payload)}
	}
	return readSigned(payload, expected)
}

func readSigned(payload []byte, expected Expected) Decoded {
	outside, ok := readFrozen(payload)
	if !ok {
		return Decoded{Kind: Unreadable, Why: Malformed, Identity: digest(payload)}
	}
	identity := digest(payload)
	if isID(outside.id) {
		identity = outside.id.(string)
	}
	unreadable := Decoded{Kind: Unreadable, Why: Malformed, Identity: identity, Issuer: outside.issuer}
	namespace, hasNamespace := outside.namespace.(string)
	epoch, hasEpoch := outside.epoch.(string)
	switch {
	case !hasNamespace || !hasEpoch:
		return unreadable
	case namespace != expected.Namespace:
		return Decoded{Kind: Foreign, Why: OtherNamespace, Identity: identity}
	case expected.Epoch != "" && epoch != expected.Epoch:
		return Decoded{Kind: Foreign, Why: OtherEpoch, Identity: identity}
	case outside.name == "tick":
		// Signed with the same key. One that somebody copies into the log must not make issuers unreadable.
		return Decoded{Kind: Foreign, Why: Malformed, Identity: identity}
	case outside.name != "" && outside.major != WireVersion:
		unreadable.Why = MajorVersion
		return unreadable
	}
	timeMs, _, data, err := readEnvelope(outside)
	if err != nil {
		return unreadable
	}
	body, err := readBody(outside.name, data)
	if err != nil {
		return unreadable
	}
	return Decoded{Kind: Read, Identity: identity, Epoch: epoch, TimeMs: timeMs, Body: body}
}

// frozen is the same in every version for ever.
type frozen struct {
	id, namespace, epoch any
	name, issuer         string
	major                int
	whole                fields
}

var (
	typePattern = regexp.MustCompile(`^dev\.revocast\.([a-z]+(?:\.[a-z]+)?)\.v([1-9][0-9]{0,3})$`)
	timePattern = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z$`)
)

func readFrozen(payload []byte) (frozen, bool) {
	whole, ok := jsontext.Parse(payload)
	if !ok {
		return frozen{}, false
	}
	data, _ := whole["data"].(fields)
	outside := frozen{id: whole["id"], namespace: data["namespace"], epoch: data["epoch"], whole: whole}
	if isText(data["issuer"], issuerBytesMax) {
		outside.issuer = data["issuer"].(string)
	}
	if text, isText := whole["type"].(string); isText {
		if parts := typePattern.FindStringSubmatch(text); parts != nil {
			outside.name = parts[1]
			outside.major, _ = strconv.Atoi(parts[2])
		}
	}
	return outside, true
}

func readEnvelope(outside frozen) (timeMs int64, id string, data fields, err error) {
	f := form{fields: outside.whole}
	if outside.name == "" || outside.whole["specversion"] != "1.0" {
		f.fail()
	}
	timeMs = f.time("time")
	id = f.id("id")
	data = f.object("data")
	return timeMs, id, data, f.err
}

// time reads YYYY-MM-DDTHH:MM:SS.mmmZ. A day of another month is taken as the day it would be, up to 31, as the
// service's own reader does: what one node reads and another does not would have two nodes disagree.
func (f *form) time(name string) int64 {
	parts := timePattern.FindStringSubmatch(f.match(name, timePattern))
	if parts == nil {
		return 0
	}
	var n [7]int
	for i := range n {
		n[i], _ = strconv.Atoi(parts[i+1])
	}
	midnight := n[3] == 24 && n[4] == 0 && n[5] == 0 && n[6] == 0
	if n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 23 && !midnight || n[4] > 59 || n[5] > 59 {
		f.fail()
		return 0
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1_000_000, time.UTC).UnixMilli()
}

func digest(payload []byte) string {
	sum := sha256.Sum256(payload)
	return "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}
