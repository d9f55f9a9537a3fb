import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Binary, findBinary } from '../debian/binary.js';

const run = promisify(execFile);

/** An nginx with `auth_request` to test with. */
export const findNginx = (): Promise<Binary> =>
  findBinary({
    name: 'nginx',
    setting: 'NGINX_BIN',
    paths: ['nginx', '/usr/sbin/nginx', '/opt/homebrew/bin/nginx'],
    packages: ['nginx', 'libpcre2-8-0', 'libssl3', 'libcrypt1', 'zlib1g'],
    inPackages: 'usr/sbin/nginx',
    tryOut: async ({ path, env }) => {
      const { stderr } = await run(path, ['-V'], { env: { ...process.env, ...env } });
      if (!stderr.includes('http_auth_request_module')) throw new Error(`${path} has no auth_request`);
    },
  });
