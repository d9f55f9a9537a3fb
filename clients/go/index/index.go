// Package index holds everything revoked in memory. Applying is idempotent and commutes (what is revoked, less what is
// lifted), so reading a log again, or out of order, is harmless; only a miss would hurt.
package index

import (
	"math"
	"reflect"
	"sync"

	"revocast.dev/go/record"
)

// reclaimAfterSeconds: what ended is kept for this long, by both clocks.
const reclaimAfterSeconds = 3600

// keysMax by which one token may be revoked.
const keysMax = 10

// reclaimSliceKeys are removed at once: some microseconds.
const reclaimSliceKeys = 256

// Token is what the index needs of a verified token. An empty field is one that the token does not have.
type Token struct {
	Issuer string
	// CutoffTime is compared with cut-offs; nil where the token has none, or 0: then every cut-off hits.
	CutoffTime                        *float64
	JTI, SID, Sub, ClientID, DeviceID string
	KID, Thumbprint                   string
	// SigningInputHash is asked for only while something is revoked by such a hash.
	SigningInputHash func() string
}

// Hit names the revocation that hits a token. ByAuthTime: logging in again helps.
type Hit struct {
	Scope        string
	RevocationID string
	ByAuthTime   bool
}

// Index is safe for concurrent use. The zero value is not; see New.
type Index struct {
	mutex sync.RWMutex
	// entries by their canonical key.
	entries map[string][]record.Revocation
	// tombstones: ids that were lifted, and how long that must be remembered.
	tombstones map[string]float64
	// byHash counts entries by the hash of a signing input.
	byHash int
	// held counts all entries.
	held int
	// hashKey of the deployment; nil while it is not known.
	hashKey *[16]byte
}

// New makes an empty index.
func New() *Index {
	return &Index{entries: map[string][]record.Revocation{}, tombstones: map[string]float64{}}
}

// Apply takes a revocation in. What it supersedes stays until the service lets it end: two nodes must agree at any time.
func (x *Index) Apply(revocation record.Revocation) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	key := revocation.Key.Canonical(revocation.Issuer)
	for _, known := range x.entries[key] {
		// By content: two records that were given one id by mistake both count.
		if sameEntry(known, revocation) {
			return
		}
	}
	x.entries[key] = append(x.entries[key], revocation)
	x.held++
	if revocation.Key.SigningInputHash != "" {
		x.byHash++
	}
}

func sameEntry(one, other record.Revocation) bool {
	one.Supersedes, other.Supersedes = nil, nil
	return reflect.DeepEqual(one, other)
}

// Lift takes a revocation back, also one that is yet to come.
func (x *Index) Lift(lift record.Lift) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.tombstones[lift.ID] = math.Max(x.tombstones[lift.ID], lift.RetainUntil)
}

// Find answers the first live revocation that hits the token at this time, narrowest scope first. cutoffClaim is the issuer's.
func (x *Index) Find(token Token, nowMs int64, cutoffClaim string) (Hit, bool) {
	x.mutex.RLock()
	defer x.mutex.RUnlock()
	var afterLogin Hit
	found := false
	var keys [keysMax]record.Key
	var scratch [512]byte
	for _, key := range x.keysOf(keys[:0], token) {
		entries := x.entries[string(key.AppendCanonical(scratch[:0], token.Issuer))]
		best, reach, ok := x.farthest(entries, token, nowMs)
		if !ok {
			continue
		}
		hit := Hit{key.Scope, best.ID, !math.IsInf(reach, 1) && cutoffClaim == "auth_time"}
		// That a new login helps is true only if nothing else hits.
		if !hit.ByAuthTime {
			return hit, true
		}
		if !found {
			afterLogin, found = hit, true
		}
	}
	return afterLogin, found
}

// keysOf lists the keys by which a revocation would hit the token, in the order in which every node asks.
func (x *Index) keysOf(keys []record.Key, token Token) []record.Key {
	add := func(key record.Key, isThere bool) {
		if isThere {
			keys = append(keys, key)
		}
	}
	add(record.Key{Scope: "token", JTI: token.JTI}, token.JTI != "")
	if x.byHash > 0 {
		add(record.Key{Scope: "token", SigningInputHash: token.SigningInputHash()}, true)
	}
	add(record.Key{Scope: "session", SID: token.SID}, token.SID != "")
	add(record.Key{Scope: "subject", Sub: token.Sub}, token.Sub != "")
	add(record.Key{Scope: "client", ClientID: token.ClientID}, token.ClientID != "")
	add(record.Key{Scope: "grant", Sub: token.Sub, ClientID: token.ClientID}, token.Sub != "" && token.ClientID != "")
	add(record.Key{Scope: "device", DeviceID: token.DeviceID}, token.DeviceID != "")
	add(record.Key{Scope: "issuer"}, true)
	add(record.Key{Scope: "key", KID: token.KID}, token.KID != "")
	add(record.Key{Scope: "key", Thumbprint: token.Thumbprint}, token.Thumbprint != "")
	return keys
}

// farthest picks, of the live entries of a key that hit and let the token off by no condition, the one that reaches farthest; of equals
// the one with the lesser id.
func (x *Index) farthest(entries []record.Revocation, token Token, nowMs int64) (record.Revocation, float64, bool) {
	var best record.Revocation
	bestReach := math.Inf(-1)
	for _, entry := range entries {
		reach := reachOf(entry)
		_, lifted := x.tombstones[entry.ID]
		if lifted || float64(nowMs)/1000 >= endOf(entry) || !reaches(reach, token.CutoffTime) || x.letsOff(entry, token, nowMs) {
			continue
		}
		if reach > bestReach || reach == bestReach && entry.ID < best.ID {
			best, bestReach = entry, reach
		}
	}
	return best, bestReach, !math.IsInf(bestReach, -1)
}

func reachOf(entry record.Revocation) float64 {
	if entry.IssuedBefore == nil {
		return math.Inf(1)
	}
	return *entry.IssuedBefore
}

// reaches: a cut-off is exclusive; a token without the time it is compared with is hit.
func reaches(reach float64, cutoffTime *float64) bool {
	return math.IsInf(reach, 1) || cutoffTime == nil || *cutoffTime < reach
}

func endOf(entry record.Revocation) float64 {
	if entry.RetainUntil == nil {
		return math.Inf(1)
	}
	return *entry.RetainUntil
}

// Reclaim lets go of what ended more than an hour before both times, and of what was lifted. Both: the local clock alone
// would forget live entries when it is stepped forward. It looks while checks go on, and removes a few keys at a time, so that no check
// waits for it; nothing else may be applied meanwhile.
func (x *Index) Reclaim(nowMs, newestTickMs int64) {
	limit := math.Min(float64(nowMs), float64(newestTickMs))/1000 - reclaimAfterSeconds
	ended, forgotten := x.reclaimable(limit)
	for len(ended) > 0 {
		slice := ended
		if len(slice) > reclaimSliceKeys {
			slice = slice[:reclaimSliceKeys]
		}
		ended = ended[len(slice):]
		x.keepOnly(slice, limit)
	}
	x.mutex.Lock()
	defer x.mutex.Unlock()
	for _, id := range forgotten {
		delete(x.tombstones, id)
	}
}

// reclaimable lists keys that have an entry to let go of, and lifts that nothing can need any more.
func (x *Index) reclaimable(limit float64) (keys, lifts []string) {
	x.mutex.RLock()
	defer x.mutex.RUnlock()
	for key, entries := range x.entries {
		for _, entry := range entries {
			if x.isOver(entry, limit) {
				keys = append(keys, key)
				break
			}
		}
	}
	for id, until := range x.tombstones {
		if until <= limit {
			lifts = append(lifts, id)
		}
	}
	return keys, lifts
}

func (x *Index) isOver(entry record.Revocation, limit float64) bool {
	_, lifted := x.tombstones[entry.ID]
	return lifted || endOf(entry) <= limit
}

func (x *Index) keepOnly(keys []string, limit float64) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	for _, key := range keys {
		var kept []record.Revocation
		for _, entry := range x.entries[key] {
			if !x.isOver(entry, limit) {
				kept = append(kept, entry)
				continue
			}
			x.held--
			if entry.Key.SigningInputHash != "" {
				x.byHash--
			}
		}
		if len(kept) == 0 {
			delete(x.entries, key)
		} else {
			x.entries[key] = kept
		}
	}
}

// Held counts revocations in memory; one that ended or was lifted counts until it is reclaimed.
func (x *Index) Held() int {
	x.mutex.RLock()
	defer x.mutex.RUnlock()
	return x.held
}
