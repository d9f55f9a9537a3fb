#!/bin/sh
# Revokes lost devices, and says by its exit code whether every node enforces it: lost-device.sh DEVICE...
# Needs REVOCAST_URL, REVOCAST_API_KEY (or REVOCAST_API_KEY_FILE) and REVOCAST_ISSUER.
set -u
: "${REVOCAST_ISSUER:?set it to the issuer of the tokens}"
[ $# -gt 0 ] || { echo "usage: $0 DEVICE..." >&2; exit 2; }

worst=0
number=0
for device in "$@"; do
  number=$((number + 1))
  # One key for all tries of this call: however often the service is asked, it makes one revocation of it.
  key="lost-device-$(date +%s)-$$-$number"
  for try in 1 2 3; do
    revocast kill --issuer "$REVOCAST_ISSUER" --device "$device" --reason 'lost device' \
      --idempotency-key "$key" --yes --wait
    code=$?
    [ "$code" -eq 5 ] || break # 5: not reached, or not able to answer now
    [ "$try" -eq 3 ] || sleep 2
  done
  case $code in
    0) echo "$device: enforced" ;;
    3) echo "$device: REVOKED, NOT YET ENFORCED by the nodes named above; look again with: revocast show ID" >&2 ;;
    *) echo "$device: NOT KNOWN TO BE REVOKED (code $code), call the service's owner" >&2 ;;
  esac
  [ "$code" -le "$worst" ] || worst=$code
done
exit "$worst"
