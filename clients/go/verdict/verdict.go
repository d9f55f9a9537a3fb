// Package verdict decides about one token: what is revoked is looked up first, whether we know enough is asked last.
package verdict

import "revocast.dev/go/index"

// Kind of a verdict.
type Kind string

const (
	Active  Kind = "active"
	Revoked Kind = "revoked"
	Unknown Kind = "unknown"
)

// Reason why nobody can say whether a token is revoked.
type Reason string

const (
	NeverCurrent     Reason = "neverCurrent"
	Stale            Reason = "stale"
	Failed           Reason = "failed"
	IssuerUnreadable Reason = "issuerUnreadable"
	IssuerSettings   Reason = "issuerSettings"
)

// Freshness: whether the last proof of being at the head is young enough, for one issuer, right now.
// The zero value is not fresh, and says so.
type Freshness struct {
	Fresh bool
	// Watermark up to which every record of the log was applied; if fresh.
	Watermark int64
	// Because and EverCurrent; if not fresh.
	Because     Reason
	EverCurrent bool
}

// Source is what a check asks.
type Source interface {
	Find(token index.Token) (index.Hit, bool)
	Freshness(issuer string) Freshness
}

// Verdict has Watermark if Active, Hit if Revoked, Because and EverCurrent if Unknown. What to do with Unknown is the
// user's choice; there is no default.
type Verdict struct {
	Kind        Kind
	Watermark   int64
	Hit         index.Hit
	Because     Reason
	EverCurrent bool
}

// Decide looks up first: a hit stands whatever our state is, and a freshness that was read before the look-up could have
// run out by the time the answer is given.
func Decide(source Source, token index.Token) Verdict {
	if hit, found := source.Find(token); found {
		return Verdict{Kind: Revoked, Hit: hit}
	}
	freshness := source.Freshness(token.Issuer)
	if freshness.Fresh {
		return Verdict{Kind: Active, Watermark: freshness.Watermark}
	}
	because := freshness.Because
	if because == "" {
		because = NeverCurrent
	}
	return Verdict{Kind: Unknown, Because: because, EverCurrent: freshness.EverCurrent}
}
