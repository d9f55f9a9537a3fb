package record

// SettingsDeclared: what the service goes by for an issuer. A node whose own settings are weaker cannot vouch for it.
type SettingsDeclared struct {
	Version  int64
	Settings Settings
}

// Settings of one issuer; durations in seconds.
type Settings struct {
	Issuer                string
	MaxLifetimeSeconds    float64
	SessionMaxSeconds     float64
	ClockSkewSeconds      float64
	CutoffClaim           string
	IssuedAtOffsetSeconds float64
	LeadSeconds           float64
	// Claims: which claims carry each key field, first the one that is asked first.
	Claims  map[string][]string
	Require []string
}

func readSettings(f *form) *SettingsDeclared {
	declared := &SettingsDeclared{Version: f.integer("version")}
	issuer := f.text("issuer", issuerBytesMax)
	inner := &form{fields: f.object("settings")}
	declared.Settings = Settings{
		Issuer:                issuer,
		MaxLifetimeSeconds:    inner.number("maxLifetimeSeconds"),
		SessionMaxSeconds:     inner.number("sessionMaxSeconds"),
		ClockSkewSeconds:      inner.number("clockSkewSeconds"),
		CutoffClaim:           inner.cutoffClaim(),
		IssuedAtOffsetSeconds: inner.finite("issuedAtOffsetSeconds"),
		LeadSeconds:           inner.number("leadSeconds"),
		Claims:                readClaims(inner),
		Require:               inner.texts("require", claimBytesMax),
	}
	if inner.err != nil {
		f.fail()
	}
	return declared
}

func (f *form) cutoffClaim() string {
	name, _ := f.fields["cutoffClaim"].(string)
	if name != "iat" && name != "auth_time" {
		f.fail()
	}
	return name
}

func readClaims(f *form) map[string][]string {
	inner := &form{fields: f.object("claims")}
	claims := map[string][]string{}
	for _, name := range []string{"tokenId", "session", "subject", "client", "device"} {
		if inner.has(name) {
			claims[name] = inner.texts(name, claimBytesMax)
		}
	}
	if inner.err != nil {
		f.fail()
	}
	return claims
}
