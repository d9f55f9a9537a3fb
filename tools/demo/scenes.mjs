// The stories of the demo, in the order they are told. Each one is what somebody would really do.
import { DEV_ISSUER, DEV_ISSUER_AUTH_TIME } from '../dev/home.mjs';
import { untilAlive, untilReady } from '../dev/readiness.mjs';
import { ask } from './stage.mjs';

const nowSeconds = () => Math.floor(Date.now() / 1000);
const minutesAgo = (minutes) => nowSeconds() - 60 * minutes;
/** A cut-off includes the second it was made in, so a token of a fresh login carries a later one. */
const untilNextSecond = () => new Promise((resolve) => setTimeout(resolve, 1_050 - (Date.now() % 1_000)));

export const lostPhone = async (stage) => {
  const phone = await stage.token({ sub: 'alice', device: 'phone-1', iat: minutesAgo(5) });
  const laptop = await stage.token({ sub: 'alice', device: 'laptop-1', iat: minutesAgo(5) }, { alg: 'RS256' });
  await stage.everywhere('the phone works', phone, 200);
  await stage.kill({ issuer: DEV_ISSUER, scope: 'device', deviceId: 'phone-1', reason: 'lost phone' }, phone);
  await stage.everywhere('the lost phone', phone, 401);
  await stage.everywhere("alice's laptop lives", laptop, 200);
  await untilNextSecond();
  await stage.everywhere(
    'the phone is found and logs in again',
    await stage.token({ sub: 'alice', device: 'phone-1' }),
    200,
  );
};

export const userBeforeT = async (stage) => {
  const old = await stage.token({ sub: 'bob', iat: minutesAgo(30) });
  const recent = await stage.token({ sub: 'bob', iat: minutesAgo(10) }, { alg: 'RS256' });
  await stage.kill({ issuer: DEV_ISSUER, scope: 'subject', sub: 'bob', issuedBefore: minutesAgo(20) }, old);
  await stage.everywhere('a token of bob from after T lives', recent, 200);
};

export const refreshAfterTheKill = async (stage) => {
  const loggedInAt = minutesAgo(60);
  const how = { issuer: DEV_ISSUER_AUTH_TIME };
  const stolen = await stage.token({ sub: 'carol', iat: minutesAgo(5), authTime: loggedInAt }, how);
  await stage.kill({ issuer: DEV_ISSUER_AUTH_TIME, scope: 'subject', sub: 'carol' }, stolen);
  await untilNextSecond();
  const refreshed = await stage.token({ sub: 'carol', authTime: loggedInAt }, how);
  await stage.everywhere('with auth_time, a token refreshed after the kill', refreshed, 401);

  const plain = await stage.token({ sub: 'carol', iat: minutesAgo(5), authTime: loggedInAt });
  await stage.kill({ issuer: DEV_ISSUER, scope: 'subject', sub: 'carol' }, plain);
  await untilNextSecond();
  const again = await stage.token({ sub: 'carol', authTime: loggedInAt });
  await stage.everywhere('with iat, a token refreshed after the kill is accepted', again, 200);
  stage.say(
    '       Said plainly: a cut-off on iat does not stop a stolen refresh token. End the session at the issuer too, or use auth_time.',
  );
};

export const singleToken = async (stage) => {
  const first = await stage.token({ sub: 'dave', jti: 'dave-1' });
  const second = await stage.token({ sub: 'dave', jti: 'dave-2' });
  await stage.kill({ issuer: DEV_ISSUER, scope: 'token', jti: 'dave-1' }, first);
  await stage.everywhere('another token of the same user lives', second, 200);
};

export const tokenWithoutJti = async (stage) => {
  const nameless = await stage.token({ sub: 'erin', jti: false, sid: 'one' });
  const other = await stage.token({ sub: 'erin', jti: false, sid: 'two' });
  await stage.kill({ issuer: DEV_ISSUER, scope: 'token', token: nameless }, nameless);
  await stage.everywhere('another token without jti lives', other, 200);
};

export const logoutOfOneSession = async (stage) => {
  const here = await stage.token({ sub: 'frank', sid: 'frank-here' });
  const there = await stage.token({ sub: 'frank', sid: 'frank-there' });
  await stage.kill({ issuer: DEV_ISSUER, scope: 'session', sid: 'frank-here' }, here);
  await untilNextSecond();
  await stage.everywhere(
    'a token refreshed in the ended session',
    await stage.token({ sub: 'frank', sid: 'frank-here' }),
    401,
  );
  await stage.everywhere("frank's other session lives", there, 200);
};

export const appOfAUser = async (stage) => {
  const app = await stage.token({ sub: 'grace', client: 'todo-app', iat: minutesAgo(1) });
  const otherApp = await stage.token({ sub: 'grace', client: 'mail-app', iat: minutesAgo(1) });
  const otherUser = await stage.token({ sub: 'heidi', client: 'todo-app', iat: minutesAgo(1) });
  await stage.kill({ issuer: DEV_ISSUER, scope: 'grant', sub: 'grace', clientId: 'todo-app' }, app);
  await stage.everywhere("grace's other app lives", otherApp, 200);
  await stage.everywhere('the same app of another user lives', otherUser, 200);
};

export const suspendedAccount = async (stage) => {
  const before = await stage.token({ sub: 'ivan', iat: minutesAgo(5) });
  const command = { issuer: DEV_ISSUER, scope: 'subject', sub: 'ivan' };
  const suspension = await stage.kill({ ...command, until: 'lifted' }, before);
  // To deactivate an account is both: the suspension keeps it out, the cut-off keeps its old tokens dead afterwards.
  await stage.kill(command, before);
  await untilNextSecond();
  await stage.everywhere('a new login of the suspended account', await stage.token({ sub: 'ivan' }), 401);
  const lift = await stage.call('POST', `/v1/revocations/${suspension.id}/lift`, { reason: 'back from leave' });
  const { state } = lift.body.propagation ?? {};
  stage.check(`the lift is answered ${lift.status}: ${state}`, lift.status === 200 && state === 'enforced');
  await untilNextSecond();
  await stage.everywhere('after the lift, a new login of the account', await stage.token({ sub: 'ivan' }), 200);
  await stage.everywhere('the lift revives no token from before: the cut-off stands', before, 401);
};

export const leakedSigningKey = async (stage) => {
  const forged = await stage.token({ sub: 'mallory', iat: nowSeconds() }, { alg: 'RS256', kidInHeader: false });
  const good = await stage.token({ sub: 'niaj' }, { alg: 'ES256' });
  await stage.everywhere('a token signed by the key, without kid in the header, works', forged, 200);
  await stage.kill({ issuer: DEV_ISSUER, scope: 'key', kid: 'dev-rs256' }, forged);
  await stage.everywhere("tokens of the issuer's other key live", good, 200);
};

export const nodeStartedAfterwards = async (stage) => {
  const revoked = await stage.token({ sub: 'alice', device: 'phone-1', iat: minutesAgo(5) });
  const good = await stage.token({ sub: 'olivia' });
  const late = await stage.fleet.startLateNode();
  await untilReady(late.url, late.child);
  stage.check(
    'a node started afterwards refuses the lost phone with its first answer',
    (await ask(late, revoked)) === 401,
  );
  stage.check('and lets good tokens in', (await ask(late, good)) === 200);
};

export const brokerDown = async (stage) => {
  const revoked = await stage.token({ sub: 'alice', device: 'phone-1', iat: minutesAgo(5) });
  const good = await stage.token({ sub: 'olivia' });
  await stage.fleet.nats.stop();
  const orphan = await stage.fleet.startLateNode();
  await untilAlive(orphan.url, orphan.child);
  const ready = await fetch(`${orphan.url}/health/ready`);
  stage.check('a node started while the broker is down is not ready (503)', ready.status === 503);
  stage.check('and answers 503, also for a good token', (await ask(orphan, good)) === 503);
  await stage.everywhere('the running nodes go on refusing the lost phone', revoked, 401);
  await stage.everywhere('and, within their staleness bound, accepting good tokens', good, 200);
  const command = await stage.call('POST', '/v1/revocations', { issuer: DEV_ISSUER, scope: 'subject', sub: 'peggy' });
  stage.check(
    `a kill without the broker is never called done: ${command.status}, its id named`,
    command.status === 503 && typeof command.body.id === 'string',
  );
};

export const scenes = [
  ['A lost phone', lostPhone],
  ['Everything of a user before T', userBeforeT],
  ['A refresh token used after the kill', refreshAfterTheKill],
  ['A single token, by jti', singleToken],
  ['A token without jti', tokenWithoutJti],
  ['Logout of one session', logoutOfOneSession],
  ['One app of a user', appOfAUser],
  ['A suspended account, and its lift', suspendedAccount],
  ['A leaked signing key', leakedSigningKey],
  ['A node started afterwards', nodeStartedAfterwards],
  ['A broker outage', brokerDown],
];
