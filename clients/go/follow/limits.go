package follow

import "math"

// The limits of the protocol, and why each is what it is, stand in libs/core/src/follower-limits.ts. All times in milliseconds.
const (
	readChunkRecords   = 256
	readsInFlightMax   = 4
	aheadMax           = 16_384
	identitiesMax      = 65_536
	unreadableMax      = 1_024
	voidsMax           = 1_024
	verifyRecordsMax   = 64
	cutsRememberedMax  = 64
	conflictsMax       = 256
	declaredIssuersMax = 4_096
	epochsToldMax      = 8

	askTimeoutMs         = 10_000
	retryMsMin           = 100
	retryMsMax           = 5_000
	asksPerBound         = 5
	askEveryMsMax        = 60_000
	askEveryMsMin        = 200
	hintedAskEveryMs     = 1_000
	quorumAgeMsMax       = 2_000
	gapJitterMs          = 100
	ticksMissedMs        = 3_000
	ticksMissedJitterMs  = 1_000
	firstTickMsMax       = 6_000
	shortHeadsMax        = 2
	clockJumpMsMax       = 1_000
	liveRecordAgeMsMax   = 600_000
	wakeEveryMsMax       = 1_000
	reclaimEveryMs       = 60_000
	tickAgeMsMax         = 60_000
	ticksRememberedMax   = 256
	StalenessMsMaxNormal = 300_000
)

var (
	never   = math.Inf(1)
	already = math.Inf(-1)
)
