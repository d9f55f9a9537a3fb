package claims_test

import (
	"testing"

	"revocast.dev/go/claims"
	"revocast.dev/go/internal/vectors"
	"revocast.dev/go/record"
)

type wantedFacts struct {
	Issuer                                             string
	CutoffTime                                         *float64
	JTI, SID, Sub, ClientID, DeviceID, KID, Thumbprint string
}

func TestClaimsVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			About, Payload, KID, Thumbprint string
			Settings                        record.Settings
			Now                             int64
			Facts                           *wantedFacts
			Refused                         claims.Refusal
		}
	}
	vectors.Read(t, "test/vectors/claims.json", &file)
	vectors.Cases(t, len(file.Cases))
	for _, c := range file.Cases {
		t.Run(c.About, func(t *testing.T) {
			token, err := claims.Facts([]byte(c.Payload), c.Settings, claims.Verified{KID: c.KID, Thumbprint: c.Thumbprint}, c.Now)
			if c.Facts == nil {
				if err != c.Refused {
					t.Errorf("got %v, want %v", err, c.Refused)
				}
				return
			}
			got := wantedFacts{token.Issuer, token.CutoffTime, token.JTI, token.SID, token.Sub, token.ClientID, token.DeviceID, token.KID, token.Thumbprint}
			sameTime := got.CutoffTime == c.Facts.CutoffTime || got.CutoffTime != nil && c.Facts.CutoffTime != nil && *got.CutoffTime == *c.Facts.CutoffTime
			want := *c.Facts
			got.CutoffTime, want.CutoffTime = nil, nil
			if err != nil || !sameTime || got != want {
				t.Errorf("got  %+v %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestRefusesWhatTwoReadersReadDifferently(t *testing.T) {
	settings := record.Settings{Issuer: "i", MaxLifetimeSeconds: 60, CutoffClaim: "iat", Claims: map[string][]string{"subject": {"sub"}}}
	for _, payload := range []string{
		`{"iss":"i","iat":1,"exp":2,"sub":"a","sub":"b"}`,
		`{"iss":"i","iat":1,"exp":2,"sub":"a","\u0073ub":"b"}`,
		`{"iss":"i","iat":1,"exp":2,"sub":"a","later":{"x":1,"x":2}}`,
		`{"iss":"i","iat":1,"exp":2,"sub":"a\ud800"}`,
		`["iss","i"]`,
		``,
	} {
		if _, err := claims.Facts([]byte(payload), settings, claims.Verified{}, 1000); err != claims.Improper {
			t.Errorf("%s: got %v", payload, err)
		}
	}
}

func TestExpires(t *testing.T) {
	settings := record.Settings{ClockSkewSeconds: 60}
	for payload, want := range map[string]bool{`{"exp":100}`: false, `{"exp":40}`: true, `{"exp":41}`: false, `{"exp":"never"}`: true, `{}`: true, ``: true} {
		if got := claims.IsExpired([]byte(payload), settings, 100_000); got != want {
			t.Errorf("%s: got %v", payload, got)
		}
	}
}
