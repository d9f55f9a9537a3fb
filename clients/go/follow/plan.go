package follow

// plan asks for whatever is due.
func (m *Machine) plan(now Instant) {
	if !m.connected {
		return
	}
	if !m.subscribed {
		m.askOnce(Ask{Kind: Subscribe}, now)
		return
	}
	if m.wantsLocate {
		m.askOnce(Ask{Kind: Locate}, now)
	}
	if !m.located || m.cursor == nil {
		return
	}
	// From now on a head can become a proof.
	if m.cursor.opened() && m.openedCursor != m.cursor {
		m.openedCursor = m.cursor
		m.heads.dueSoon(now, 0)
	}
	m.planReads(now)
	m.planProof(now)
	if m.heads.isDue(now) {
		m.planHead(now)
	}
}

func (m *Machine) planReads(now Instant) {
	if !m.asks.mayStart(Read, now) {
		return
	}
	for reading := m.asks.reading(); len(reading) < readsInFlightMax; {
		next, missing := m.cursor.progress.nextMissing(reading)
		if !missing {
			return
		}
		reading = append(reading, next)
		m.ask(Ask{Kind: Read, Log: m.cursor.log, From: next.from, To: next.to}, now)
	}
}

// planProof: a conflict is settled even while there is nothing to prove.
func (m *Machine) planProof(now Instant) {
	if reached := m.cursor.claims.takeReached(m.cursor.watermark()); reached != nil {
		m.reached = reached
	}
	if m.reached == nil && !m.cursor.checks.inConflict() {
		return
	}
	next, comparable := m.cursor.nextCheck()
	switch {
	case comparable:
		ask := Ask{Kind: Verify, Log: m.cursor.log, From: next.from, To: next.to, check: next, proves: m.reached}
		if m.askOnce(ask, now) {
			m.reached = nil
		}
	case m.reached != nil:
		m.prove(*m.reached)
		m.reached = nil
	}
}

func (m *Machine) planHead(now Instant) {
	believed := belief{m.cursor.progress.read(), m.cursor.progress.target, m.ticks.told(m.cursor.log.Epoch, now)}
	if m.askOnce(Ask{Kind: AskHead, Log: m.cursor.log, believed: believed}, now) {
		m.heads.asked(now)
	}
}

func (m *Machine) askOnce(ask Ask, now Instant) bool {
	if m.asks.running(ask.Kind) || !m.asks.mayStart(ask.Kind, now) {
		return false
	}
	m.ask(ask, now)
	return true
}

func (m *Machine) ask(ask Ask, now Instant) { m.out = append(m.out, m.asks.start(ask, now)) }
