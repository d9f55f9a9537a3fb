package verdict_test

import (
	"encoding/hex"
	"testing"

	"revocast.dev/go/index"
	"revocast.dev/go/internal/vectors"
	"revocast.dev/go/record"
	"revocast.dev/go/verdict"
)

type vectorToken struct {
	Issuer                                                               string
	CutoffTime                                                           *float64
	JTI, SID, Sub, ClientID, DeviceID, KID, Thumbprint, SigningInputHash string
}

type vectorRevocation struct {
	ID, Issuer string
	Key        struct {
		Scope, JTI, SigningInputHash, SID, Sub, ClientID, DeviceID, KID, Thumbprint string
	}
	Effect struct {
		Kind         string
		IssuedBefore *float64
	}
	RetainUntil any
	Condition   *struct {
		ExceptClients []string
		Spread        *record.Spread
	}
	Supersedes []string
}

type vectorCase struct {
	hashKey     [16]byte
	About       string
	Revocations []vectorRevocation
	Lifts       []record.Lift
	Token       vectorToken
	Now         int64
	CutoffClaim string
	Freshness   verdict.Freshness
	Verdict     struct {
		Kind                verdict.Kind
		Watermark           int64
		Scope, RevocationID string
		ByAuthTime          bool
		Because             verdict.Reason
		EverCurrent         bool
	}
}

func (r vectorRevocation) revocation() record.Revocation {
	revocation := record.Revocation{
		ID: r.ID, Issuer: r.Issuer, Key: record.Key(r.Key), Supersedes: r.Supersedes,
		IssuedBefore: r.Effect.IssuedBefore, Suspended: r.Effect.Kind == "suspended",
	}
	if r.Condition != nil {
		revocation.Condition = &record.Condition{ExceptClients: r.Condition.ExceptClients, Spread: r.Condition.Spread}
	}
	if until, isNumber := r.RetainUntil.(float64); isNumber {
		revocation.RetainUntil = &until
	}
	return revocation
}

func (v vectorToken) token() index.Token {
	return index.Token{
		Issuer: v.Issuer, CutoffTime: v.CutoffTime, JTI: v.JTI, SID: v.SID, Sub: v.Sub, ClientID: v.ClientID,
		DeviceID: v.DeviceID, KID: v.KID, Thumbprint: v.Thumbprint,
		SigningInputHash: func() string { return v.SigningInputHash },
	}
}

type source struct {
	index *index.Index
	given vectorCase
	asked []string
}

func (s *source) Find(token index.Token) (index.Hit, bool) {
	s.asked = append(s.asked, "find")
	return s.index.Find(token, s.given.Now, s.given.CutoffClaim)
}

func (s *source) Freshness(string) verdict.Freshness {
	s.asked = append(s.asked, "freshness")
	return s.given.Freshness
}

func readCases(t *testing.T) []vectorCase {
	t.Helper()
	var file struct {
		HashKey string
		Cases   []vectorCase
	}
	vectors.Read(t, "test/vectors/verdicts.json", &file)
	vectors.Cases(t, len(file.Cases))
	key, err := hex.DecodeString(file.HashKey)
	if err != nil || len(key) != 16 {
		t.Fatal("the vectors have no hash key")
	}
	for i := range file.Cases {
		copy(file.Cases[i].hashKey[:], key)
	}
	return file.Cases
}

func wanted(c vectorCase) verdict.Verdict {
	v := c.Verdict
	return verdict.Verdict{
		Kind: v.Kind, Watermark: v.Watermark, Because: v.Because, EverCurrent: v.EverCurrent,
		Hit: index.Hit{Scope: v.Scope, RevocationID: v.RevocationID, ByAuthTime: v.ByAuthTime},
	}
}

// TestVerdictVectors plays each case in both orders, and with everything applied twice: none of it may matter.
func TestVerdictVectors(t *testing.T) {
	for _, c := range readCases(t) {
		for order, fill := range map[string]func(*index.Index){
			"in order":                     func(x *index.Index) { apply(x, c); lift(x, c) },
			"lifts first, all of it twice": func(x *index.Index) { lift(x, c); apply(x, c); apply(x, c); lift(x, c) },
			"reclaimed at once":            func(x *index.Index) { apply(x, c); lift(x, c); x.Reclaim(c.Now, c.Now) },
		} {
			t.Run(c.About+"/"+order, func(t *testing.T) {
				x := index.New()
				x.LearnHashKey(c.hashKey)
				fill(x)
				if got := verdict.Decide(&source{index: x, given: c}, c.Token.token()); got != wanted(c) {
					t.Errorf("got  %+v\nwant %+v", got, wanted(c))
				}
			})
		}
	}
}

func apply(x *index.Index, c vectorCase) {
	for _, revocation := range c.Revocations {
		x.Apply(revocation.revocation())
	}
}

func lift(x *index.Index, c vectorCase) {
	for _, each := range c.Lifts {
		x.Lift(each)
	}
}

func TestLooksUpBeforeItAsksForFreshness(t *testing.T) {
	c := readCases(t)[0]
	s := &source{index: index.New(), given: c}
	verdict.Decide(s, c.Token.token())
	if len(s.asked) != 2 || s.asked[0] != "find" {
		t.Errorf("asked %v", s.asked)
	}
}

func TestNoFreshnessIsUnknown(t *testing.T) {
	c := readCases(t)[0]
	c.Freshness = verdict.Freshness{}
	got := verdict.Decide(&source{index: index.New(), given: c}, c.Token.token())
	if got.Kind != verdict.Unknown || got.Because != verdict.NeverCurrent {
		t.Errorf("got %+v", got)
	}
}
