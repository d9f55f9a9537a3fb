// Package heartbeat is what a node says of itself, each second and soon after its watermark moved. A record is proven on a node by
// what it says, so nothing is said that is not so.
package heartbeat

import (
	"encoding/json"
	"sync"

	"revocast.dev/go/index"
	"revocast.dev/go/record"
	"revocast.dev/go/settings"
)

// BytesMax: the service does not look at larger ones.
const BytesMax = 65_536

// Coverage of one issuer, and which mapped claims its tokens really carried lately.
type Coverage struct {
	Issuer string `json:"issuer"`
	// Scopes whose claims are mapped on this node.
	Scopes []string `json:"scopes"`
	// SettingsDigest must equal that of the declared settings, else the node is not counted.
	SettingsDigest string `json:"settingsDigest"`
	// Tokens verified lately, at most 10,000, and how many of them carried each scope's claim.
	Tokens int            `json:"tokens"`
	Seen   map[string]int `json:"seen"`
}

// What became of a canary: refused by its revocation, let in, or neither shows anything.
const (
	Refused  = "refused"
	Accepted = "accepted"
	Unproven = "unproven"
)

// Canary that a drill revoked.
type Canary struct {
	RevocationID string `json:"revocationId"`
	Outcome      string `json:"outcome"`
}

// Heartbeat has no member for what this client does not do: local files, refusal counts, questions.
type Heartbeat struct {
	Node     string `json:"node"`
	Instance string `json:"instance"`
	Service  string `json:"service"`
	Version  string `json:"version"`
	Epoch    string `json:"epoch,omitempty"`
	// Identity of the record at the watermark. Left out if it is not known: then nothing is acknowledged.
	Watermark      int64      `json:"watermark"`
	Identity       string     `json:"identity,omitempty"`
	State          string     `json:"state"`
	Because        string     `json:"because,omitempty"`
	Mode           string     `json:"mode"`
	StalenessMsMax float64    `json:"stalenessMsMax"`
	StalenessMs    *float64   `json:"stalenessMs,omitempty"`
	Issuers        []Coverage `json:"issuers"`
	LiveEntries    int        `json:"liveEntries"`
	// Guarded: somebody really asks. A node that is there and not asked protects nothing.
	Guarded    bool    `json:"guarded"`
	At         float64 `json:"at"`
	NewestTick int64   `json:"newestTick,omitempty"`
	// Canaries: the latest four, the newest last.
	Canaries []Canary `json:"canaries,omitempty"`
	// HeedsConditions: revocations that let somebody off do so here.
	HeedsConditions bool `json:"heedsConditions,omitempty"`
	Goodbye         bool `json:"goodbye,omitempty"`
}

// Encode is false for what the service would not look at.
func (h Heartbeat) Encode() ([]byte, bool) {
	payload, err := json.Marshal(h)
	return payload, err == nil && len(payload) <= BytesMax
}

// tokensMax: only the latest count. What an issuer sent before its settings changed says nothing about the next kill.
const tokensMax = 10_000

// claimScopes hit a token only if it carries their claims, one bit for each; issuer and key hit every token.
var claimScopes = []string{"token", "session", "subject", "client", "grant", "device"}

// Window over the latest tokens of one issuer: a ring of one byte each.
type Window struct {
	settings record.Settings
	mutex    sync.Mutex
	ring     [tokensMax]byte
	seen     [6]int
	next     int
	tokens   int
}

// NewWindow over the tokens of the issuer of these settings.
func NewWindow(of record.Settings) *Window { return &Window{settings: of} }

// Note one verified token.
func (w *Window) Note(token index.Token) {
	carried := byte(0)
	hasGrant := token.Sub != "" && token.ClientID != ""
	for bit, there := range []bool{token.JTI != "", token.SID != "", token.Sub != "", token.ClientID != "", hasGrant, token.DeviceID != ""} {
		if there {
			carried |= 1 << bit
		}
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	leaving := w.ring[w.next]
	for bit := range w.seen {
		w.seen[bit] += int(carried>>bit&1) - int(leaving>>bit&1)
	}
	w.ring[w.next] = carried
	w.next = (w.next + 1) % tokensMax
	if w.tokens < tokensMax {
		w.tokens++
	}
}

// Coverage as it is now.
func (w *Window) Coverage() Coverage {
	scopes := settings.Enforceable(w.settings)
	coverage := Coverage{Issuer: w.settings.Issuer, Scopes: scopes, SettingsDigest: settings.Digest(w.settings), Seen: map[string]int{}}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	coverage.Tokens = w.tokens
	for bit, scope := range claimScopes {
		for _, mapped := range scopes {
			if mapped == scope {
				coverage.Seen[scope] = w.seen[bit]
			}
		}
	}
	return coverage
}
