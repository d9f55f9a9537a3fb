// npm run token: prints a JWT of the development issuer that `npm start` trusts.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, wholeNumber } from './dev/arguments.mjs';
import { DEV_ISSUER, openIssuerKeys } from './dev/home.mjs';
import { mintToken } from './dev/mint.mjs';

const usage = `npm run token -- --sub alice --device phone-1 [--client app] [--sid s] [--jti j] [--no-jti]
  [--ttl 3600] [--iat T] [--auth-time T] [--alg ES256|RS256] [--no-kid] [--issuer URL] [--data DIR]`;

const text = { type: 'string' };
const values = readArguments(usage, {
  sub: text,
  device: text,
  client: text,
  sid: text,
  jti: text,
  ttl: text,
  iat: text,
  'auth-time': text,
  alg: text,
  issuer: text,
  data: text,
  'no-jti': { type: 'boolean' },
  'no-kid': { type: 'boolean' },
});
if (values.sub === undefined) {
  console.error(`--sub is needed: whose token is it?\n\n${usage}`);
  process.exit(64);
}
const number = (name) => (values[name] === undefined ? undefined : wholeNumber(name, values[name]));
const dir = resolve(values.data ?? fileURLToPath(new URL('../.revocast', import.meta.url)));

const issuerKeys = await openIssuerKeys(dir);
const wish = {
  sub: values.sub,
  device: values.device,
  client: values.client,
  sid: values.sid,
  jti: values['no-jti'] ? false : values.jti,
  ttl: number('ttl'),
  iat: number('iat'),
  authTime: number('auth-time'),
};
const how = { alg: values.alg ?? 'ES256', issuer: values.issuer ?? DEV_ISSUER, kidInHeader: !values['no-kid'] };
console.log(await mintToken(issuerKeys, wish, how));
