// Package claims reads what is asked about from the claims of a verified token. Signature, audience and type are whoever's who
// verified it; the rules in here are those that revocation rests on, so nothing else may stand in for them.
package claims

import (
	"math"
	"strconv"
	"unicode/utf8"

	"revocast.dev/go/index"
	"revocast.dev/go/internal/jsontext"
	"revocast.dev/go/record"
)

const (
	keyFieldBytesMax = 1024
	safeIntegerMax   = 1<<53 - 1
)

// Refusal is why a token is refused, by a code of docs/errors.md. It says nothing of values: they may be personal.
type Refusal string

const (
	Improper    Refusal = "ERR_TOKEN_CLAIMS"
	NotYetValid Refusal = "ERR_TOKEN_NOT_YET_VALID"
	// Lifetime: exp - iat is above the issuer's. That no token outlives it is what makes forgetting a revocation sound.
	Lifetime Refusal = "ERR_TOKEN_LIFETIME"
	Expired  Refusal = "ERR_TOKEN_EXPIRED"
)

func (r Refusal) Error() string { return string(r) }

// Verified is what is known of a token beside its claims. KID and Thumbprint (RFC 7638) name the key that verified it, not
// what the header says.
type Verified struct {
	KID, Thumbprint  string
	SigningInputHash func() string
}

// Facts of a token whose signature is good. payload is the JSON text that was signed, not what a parser made of it: most parsers
// hide half surrogates and repeated names, which are other keys. A claim that should carry a key and does not carry a proper
// one refuses the token: read as "not there", it would let it pass every revocation of that key.
func Facts(payload []byte, settings record.Settings, verified Verified, nowMs int64) (index.Token, error) {
	claims, ok := jsontext.ParseUnique(payload)
	if !ok {
		return index.Token{}, Improper
	}
	r := &reader{claims: claims, now: float64(nowMs) / 1000, settings: settings}
	issuer, _ := claims["iss"].(string)
	r.check(issuer == settings.Issuer && issuer != "", Improper)
	for _, name := range settings.Require {
		value, there := claims[name]
		r.check(there && value != nil && value != "", Improper)
	}
	issuedAt, expiresAt := r.time("iat"), r.time("exp")
	r.check(issuedAt <= r.now+settings.ClockSkewSeconds, NotYetValid)
	r.check(expiresAt-issuedAt <= settings.MaxLifetimeSeconds, Lifetime)
	token := index.Token{
		Issuer: issuer, CutoffTime: r.cutoffTime(issuedAt), SigningInputHash: verified.SigningInputHash,
		JTI: r.field("tokenId"), SID: r.field("session"), Sub: r.field("subject"), ClientID: r.field("client"),
		DeviceID: r.field("device"), KID: r.name(verified.KID), Thumbprint: r.name(verified.Thumbprint),
	}
	if r.refusal != "" {
		return index.Token{}, r.refusal
	}
	return token, nil
}

// IsExpired is asked for with every use of a token. An exp that is no number is in the past.
func IsExpired(payload []byte, settings record.Settings, nowMs int64) bool {
	claims, _ := jsontext.ParseUnique(payload)
	exp, _ := claims["exp"].(float64)
	return float64(nowMs)/1000 >= exp+settings.ClockSkewSeconds
}

// reader remembers the first refusal: the caller asks once, at the end.
type reader struct {
	claims   jsontext.Object
	now      float64
	settings record.Settings
	refusal  Refusal
}

func (r *reader) check(isGood bool, otherwise Refusal) {
	if !isGood && r.refusal == "" {
		r.refusal = otherwise
	}
}

func (r *reader) time(name string) float64 {
	value, isNumber := r.claims[name].(float64)
	r.check(isNumber && !math.IsInf(value, 0) && !math.IsNaN(value), Improper)
	return value
}

// cutoffTime is nil when the claim is missing or 0, which counts as hit.
func (r *reader) cutoffTime(issuedAt float64) *float64 {
	if r.settings.CutoffClaim != "auth_time" {
		if issuedAt == 0 {
			return nil
		}
		issuedAt += r.settings.IssuedAtOffsetSeconds
		return &issuedAt
	}
	if value, there := r.claims["auth_time"]; !there || value == 0.0 {
		return nil
	}
	at := r.time("auth_time")
	// In the future, it is most likely milliseconds: no cut-off would ever hit such a token.
	r.check(at <= r.now+r.settings.ClockSkewSeconds, Improper)
	return &at
}

// field is the first of the claims mapped to it that is present, whatever its value: an improper one never gives way to the next.
func (r *reader) field(of string) string {
	for _, name := range r.settings.Claims[of] {
		value, there := r.claims[name]
		if !there {
			continue
		}
		// Many apps use their row number as subject. Beyond the safe integers two numbers may read alike (RFC 8259 section 6).
		if number, isNumber := value.(float64); of == "subject" && isNumber && number == math.Trunc(number) && math.Abs(number) <= safeIntegerMax {
			value = strconv.FormatInt(int64(number), 10)
		}
		text, isText := value.(string)
		r.check(isText && text != "" && len(text) <= keyFieldBytesMax && utf8.ValidString(text), Improper)
		return text
	}
	return ""
}

// name of a key; an empty one names nothing, and no revocation can name it.
func (r *reader) name(text string) string {
	r.check(len(text) <= keyFieldBytesMax && utf8.ValidString(text), Improper)
	return text
}
