package revocast

import (
	"strings"
	"time"

	"revocast.dev/go/follow"
	"revocast.dev/go/heartbeat"
	"revocast.dev/go/index"
	"revocast.dev/go/record"
	"revocast.dev/go/verdict"
)

const (
	// canaryPrefix: token ids that begin so belong to no token. A drill revokes one and wants each node to show that it refuses it.
	canaryPrefix = "revocast-canary-"
	// canariesMax: those of several drills may come together; what is older is no news.
	canariesMax = 4
)

// watch shows that this node refuses: for a canary that was just applied it asks what a check asks. A watermark says that a record
// was read; only an answer says that index, settings and mode together refuse by it.
func (n *Node) watch(event follow.Event) {
	n.watchRecord(event.Record)
	for _, one := range event.Answer.Records {
		n.watchRecord(one)
	}
}

func (n *Node) watchRecord(one follow.Record) {
	if one.Body.Revoked == nil {
		return
	}
	for _, revocation := range one.Body.Revoked.Revocations {
		if strings.HasPrefix(revocation.Key.JTI, canaryPrefix) {
			n.try(revocation)
		}
	}
}

// try once: what has been shown is not to be tried again when the record is read once more, since it may have ended by then.
func (n *Node) try(revocation record.Revocation) {
	var others []heartbeat.Canary
	for _, one := range n.canaries {
		if one.RevocationID != revocation.ID {
			others = append(others, one)
		} else if one.Outcome == heartbeat.Refused {
			return
		}
	}
	n.canaries = append(others, heartbeat.Canary{RevocationID: revocation.ID, Outcome: n.outcome(revocation)})
	if len(n.canaries) > canariesMax {
		n.canaries = n.canaries[len(n.canaries)-canariesMax:]
	}
}

func (n *Node) outcome(revocation record.Revocation) string {
	decided := n.decideCanary(revocation.Issuer, revocation.Key.JTI)
	if n.passes(decided) {
		return heartbeat.Accepted
	}
	// A node that refuses everything shows nothing: the neighbour, whom nobody revoked, must not be called revoked.
	neighbour := n.decideCanary(revocation.Issuer, revocation.Key.JTI+"-not")
	_, known := n.settings[revocation.Issuer]
	if known && decided.Kind == verdict.Revoked && decided.Hit.RevocationID == revocation.ID && neighbour.Kind != verdict.Revoked {
		return heartbeat.Refused
	}
	return heartbeat.Unproven
}

// decideCanary asks about a token that nobody was given. Its cut-off time lies ahead, so that a cut-off of the whole issuer does not hit it.
func (n *Node) decideCanary(issuer, jti string) verdict.Verdict {
	ahead := float64(time.Now().Add(time.Hour).Unix())
	none := func() string { return "" }
	return verdict.Decide(source{n}, index.Token{Issuer: issuer, JTI: jti, CutoffTime: &ahead, SigningInputHash: none})
}
