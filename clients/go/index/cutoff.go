package index

import "math"

// CutoffForEvent is the first whole second after an event, plus the issuer's lead: a token issued in the very second of
// the event may be the stolen one.
func CutoffForEvent(atMs int64, leadSeconds float64) float64 {
	return math.Floor(float64(atMs)/1000) + 1 + leadSeconds
}

// IsCutoffInFuture: such a cut-off is refused, since it would cut off the logins that follow the event, too.
func IsCutoffInFuture(issuedBefore float64, nowMs int64, clockSkewSeconds, leadSeconds float64) bool {
	return issuedBefore > CutoffForEvent(nowMs+int64(clockSkewSeconds*1000), leadSeconds)
}
