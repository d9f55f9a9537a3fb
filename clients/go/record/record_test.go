package record_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"revocast.dev/go/internal/vectors"
	"revocast.dev/go/record"
)

// asJSON says what was decoded in the form of the vectors.
func asJSON(d record.Decoded) map[string]any {
	answer := map[string]any{"kind": string(d.Kind), "identity": d.Identity}
	switch d.Kind {
	case record.Read:
		answer["epoch"], answer["time"], answer["body"] = d.Epoch, float64(d.TimeMs), bodyJSON(d.Body)
	case record.Unreadable:
		answer["why"] = string(d.Why)
		put(answer, "issuer", d.Issuer)
	default:
		answer["why"] = string(d.Why)
	}
	return answer
}

func put(into map[string]any, name, text string) {
	if text != "" {
		into[name] = text
	}
}

func bodyJSON(body record.Body) map[string]any {
	switch {
	case body.Revoked != nil:
		b := body.Revoked
		all := []any{}
		for _, revocation := range b.Revocations {
			all = append(all, revocationJSON(revocation))
		}
		answer := map[string]any{"kind": "revoked", "issuer": b.Issuer, "scope": b.Scope, "revocations": all}
		put(answer, "reasonCode", b.ReasonCode)
		return answer
	case body.Lifted != nil:
		b := body.Lifted
		all := []any{}
		for _, lift := range b.Lifts {
			all = append(all, map[string]any{"id": lift.ID, "retainUntil": lift.RetainUntil})
		}
		answer := map[string]any{"kind": "lifted", "issuer": b.Issuer, "scope": b.Scope, "lifts": all}
		put(answer, "reasonCode", b.ReasonCode)
		return answer
	case body.EpochOpened != nil:
		b := body.EpochOpened
		answer := map[string]any{"kind": "epochOpened", "entries": float64(b.Entries), "hashKey": b.HashKey}
		put(answer, "previous", b.Previous)
		return answer
	case body.SettingsDeclared != nil:
		b := body.SettingsDeclared
		return map[string]any{"kind": "settingsDeclared", "version": float64(b.Version), "settings": settingsJSON(b.Settings)}
	case body.Voided != nil:
		return map[string]any{"kind": "voided", "recordId": body.Voided.RecordID}
	default:
		return nil
	}
}

func revocationJSON(r record.Revocation) map[string]any {
	key := map[string]any{"scope": r.Key.Scope}
	put(key, "jti", r.Key.JTI)
	put(key, "signingInputHash", r.Key.SigningInputHash)
	put(key, "sid", r.Key.SID)
	put(key, "sub", r.Key.Sub)
	put(key, "clientId", r.Key.ClientID)
	put(key, "deviceId", r.Key.DeviceID)
	put(key, "kid", r.Key.KID)
	put(key, "thumbprint", r.Key.Thumbprint)
	effect := map[string]any{"kind": "always"}
	if r.IssuedBefore != nil {
		effect = map[string]any{"kind": "issuedBefore", "issuedBefore": *r.IssuedBefore}
	} else if r.Suspended {
		effect = map[string]any{"kind": "suspended"}
	}
	answer := map[string]any{"id": r.ID, "issuer": r.Issuer, "key": key, "effect": effect, "retainUntil": "lifted"}
	if r.RetainUntil != nil {
		answer["retainUntil"] = *r.RetainUntil
	}
	if c := r.Condition; c != nil && c.Spread != nil {
		spread := map[string]any{"from": float64(c.Spread.From), "until": float64(c.Spread.Until)}
		answer["condition"] = map[string]any{"spread": spread}
	} else if c != nil {
		answer["condition"] = map[string]any{"exceptClients": list(c.ExceptClients)}
	}
	if r.Supersedes != nil {
		answer["supersedes"] = list(r.Supersedes)
	}
	return answer
}

func settingsJSON(s record.Settings) map[string]any {
	claims := map[string]any{}
	for name, names := range s.Claims {
		claims[name] = list(names)
	}
	return map[string]any{
		"issuer": s.Issuer, "maxLifetimeSeconds": s.MaxLifetimeSeconds, "sessionMaxSeconds": s.SessionMaxSeconds,
		"clockSkewSeconds": s.ClockSkewSeconds, "cutoffClaim": s.CutoffClaim,
		"issuedAtOffsetSeconds": s.IssuedAtOffsetSeconds, "leadSeconds": s.LeadSeconds,
		"claims": claims, "require": list(s.Require),
	}
}

func list(texts []string) []any {
	all := []any{}
	for _, text := range texts {
		all = append(all, text)
	}
	return all
}

func verifierOf(t *testing.T, keys json.RawMessage) *record.Verifier {
	t.Helper()
	verifier, err := record.NewVerifier(keys)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

func TestRecordVectors(t *testing.T) {
	var file struct {
		Keys             json.RawMessage
		Namespace, Epoch string
		StoredBytesMax   int
		Cases            []struct {
			About, PayloadBase64, Signature string
			Decodes                         map[string]any
		}
	}
	vectors.Read(t, "test/vectors/records.json", &file)
	vectors.Cases(t, len(file.Cases))
	if file.StoredBytesMax != record.StoredBytesMax {
		t.Errorf("looks at %d bytes, not at %d", record.StoredBytesMax, file.StoredBytesMax)
	}
	verifier := verifierOf(t, file.Keys)
	for _, c := range file.Cases {
		t.Run(c.About, func(t *testing.T) {
			payload, err := base64.StdEncoding.DecodeString(c.PayloadBase64)
			if err != nil {
				t.Fatal(err)
			}
			decoded := record.Decode(payload, c.Signature, record.Expected{Namespace: file.Namespace, Epoch: file.Epoch}, verifier)
			if got := asJSON(decoded); !reflect.DeepEqual(got, c.Decodes) {
				t.Errorf("got  %v\nwant %v", got, c.Decodes)
			}
		})
	}
}

// TestGoldenWire reads what was once on the wire, the same files as the TypeScript reader.
func TestGoldenWire(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectors.Root(t), "test/fixtures/wire/v1/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range paths {
		var c struct {
			About, Namespace, Epoch, Payload, Signature string
			Keys                                        json.RawMessage
			Decodes                                     map[string]any
			Tick                                        map[string]any
		}
		bytes, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(bytes, &c); err != nil {
			t.Fatal(err)
		}
		if c.Decodes == nil && c.Tick == nil {
			continue
		}
		seen++
		t.Run(c.About, func(t *testing.T) {
			verifier := verifierOf(t, c.Keys)
			if c.Tick != nil {
				if got := tickJSON(record.DecodeTick([]byte(c.Payload), c.Signature, c.Namespace, verifier)); !reflect.DeepEqual(got, c.Tick) {
					t.Errorf("got  %v\nwant %v", got, c.Tick)
				}
				return
			}
			expected := record.Expected{Namespace: c.Namespace, Epoch: c.Epoch}
			if got := asJSON(record.Decode([]byte(c.Payload), c.Signature, expected, verifier)); !reflect.DeepEqual(got, c.Decodes) {
				t.Errorf("got  %v\nwant %v", got, c.Decodes)
			}
		})
	}
	vectors.Cases(t, seen)
}

func tickJSON(tick record.Tick, ok bool) map[string]any {
	if !ok {
		return nil
	}
	return map[string]any{
		"id": tick.ID, "time": float64(tick.TimeMs), "epoch": tick.Epoch, "head": float64(tick.Head),
		"fleetBoundMs": tick.FleetBoundMs,
	}
}

func TestTickVectors(t *testing.T) {
	var file struct {
		Keys      json.RawMessage
		Namespace string
		Cases     []struct {
			About, Payload, Signature string
			Tick                      map[string]any
		}
	}
	vectors.Read(t, "test/vectors/ticks.json", &file)
	vectors.Cases(t, len(file.Cases))
	verifier := verifierOf(t, file.Keys)
	for _, c := range file.Cases {
		t.Run(c.About, func(t *testing.T) {
			got := tickJSON(record.DecodeTick([]byte(c.Payload), c.Signature, file.Namespace, verifier))
			if !reflect.DeepEqual(got, c.Tick) {
				t.Errorf("got  %v\nwant %v", got, c.Tick)
			}
		})
	}
}

func TestTooLargeIsForeign(t *testing.T) {
	var file struct{ Keys json.RawMessage }
	vectors.Read(t, "test/vectors/records.json", &file)
	decoded := record.Decode(make([]byte, record.StoredBytesMax+1), "", record.Expected{Namespace: "revocast"}, verifierOf(t, file.Keys))
	if decoded.Kind != record.Foreign || decoded.Why != record.Malformed {
		t.Errorf("got %s %s", decoded.Kind, decoded.Why)
	}
}

func TestKeyVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			Issuer, Text string
			Key          struct {
				Scope, JTI, SigningInputHash, SID, Sub, ClientID, DeviceID, KID, Thumbprint string
			}
		}
	}
	vectors.Read(t, "test/vectors/keys.json", &file)
	vectors.Cases(t, len(file.Cases))
	for _, c := range file.Cases {
		if got := record.Key(c.Key).Canonical(c.Issuer); got != c.Text {
			t.Errorf("got  %s\nwant %s", got, c.Text)
		}
	}
}

func TestVerifierRefusesBadKeys(t *testing.T) {
	const x = `"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	key := `{"kty":"OKP","crv":"Ed25519","kid":"a",` + x + `}`
	for about, jwks := range map[string]string{
		"no JSON":        `{`,
		"no keys":        `{"keys":[]}`,
		"one kid twice":  `{"keys":[` + key + `,` + key + `]}`,
		"another curve":  `{"keys":[{"kty":"OKP","crv":"Ed448","kid":"a",` + x + `}]}`,
		"a bad kid":      `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a b",` + x + `}]}`,
		"a short key":    `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AAAA"}]}`,
		"a key no more":  `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a"}]}`,
		"not a key list": `[]`,
	} {
		if _, err := record.NewVerifier([]byte(jwks)); err == nil {
			t.Errorf("%s is accepted", about)
		}
	}
}
